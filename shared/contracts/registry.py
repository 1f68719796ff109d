"""The registry: every message of the house, by type. All published documents are generated from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.contracts import (
    charges,
    checkout,
    ends,
    hold,
    holding,
    invoicing,
    lifecycle,
    months,
    notify,
    orders,
    owed,
    payments,
    provisioning,
    refusals,
    reserving,
    resources,
)
from shared.contracts.message import Message


class Registry:
    """A set of message types, found by their CloudEvents type."""

    def __init__(self, messages: Iterable[type[Message]]) -> None:
        self._by_type: dict[str, type[Message]] = {}
        for message in messages:
            if message.type in self._by_type:
                raise ValueError(f"two messages are called {message.type}")
            self._by_type[message.type] = message

    def get(self, type_: str) -> type[Message] | None:
        """The message of that type, if there is one."""
        return self._by_type.get(type_)

    def __iter__(self) -> Iterator[type[Message]]:
        return iter(self._by_type.values())

    @property
    def services(self) -> tuple[str, ...]:
        """The services that have messages here, in the order they were given."""
        return tuple(dict.fromkeys(message.service for message in self))


REGISTRY = Registry(
    (
        *checkout.MESSAGES,
        *orders.MESSAGES,
        *hold.MESSAGES,
        *charges.MESSAGES,
        *holding.MESSAGES,
        *reserving.MESSAGES,
        *resources.MESSAGES,
        *lifecycle.MESSAGES,
        *ends.MESSAGES,
        *refusals.MESSAGES,
        *invoicing.MESSAGES,
        *months.MESSAGES,
        *owed.MESSAGES,
        *payments.MESSAGES,
        *provisioning.MESSAGES,
        *notify.MESSAGES,
    )
)
