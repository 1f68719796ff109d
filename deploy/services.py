"""The services there are, by name: what can be run, migrated and measured. Each is imported when it is asked for, since
a worker needs one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from shared.engine.service import Service

_NAMES: Final = ("checkout", "hold", "invoicing", "lifecycle", "notify", "payments", "provisioning")


class _Services(Mapping[str, Service]):
    def __getitem__(self, name: str) -> Service:
        if name not in _NAMES:
            raise KeyError(name)
        found: Service = getattr(import_module(f"services.{name}.service"), name.upper())
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


SERVICES: Final[Mapping[str, Service]] = _Services()
