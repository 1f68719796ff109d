"""Resources that stand: found by their names, each once, and of the account that asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from services.checkout.reasons import Reason
from services.checkout.state import Item
from shared.contracts.checkout import Pay
from shared.engine.decision import Known

# What a resource that stands is paid from; nobody else's money is taken yet.
PAYS: Final[frozenset[Pay]] = frozenset({"credit", "poc", "hold"})

Check = tuple[Reason, Callable[[Item], bool]]


def owned(resources: Sequence[str], account: str, pay: Pay, known: Known) -> list[Item] | Reason:
    """Those resources, free to be ordered for; or why not all of them are."""
    if len(set(resources)) < len(resources):
        return Reason.RESOURCE_TWICE
    found = [known.get(Item, resource) for resource in resources]
    items = [item for item in found if item is not None and not item.is_imagined]
    if len(items) < len(resources):
        return Reason.RESOURCE_UNKNOWN
    if any(item.account != account for item in items):
        return Reason.NOT_OWNER
    if pay not in PAYS:
        return Reason.PAY_NOT_AVAILABLE
    # Asked before anything else of it: what another order is about to change says nothing yet.
    return Reason.RESOURCE_BUSY if any(item.open_order is not None for item in items) else items


def first_wrong(items: Sequence[Item], checks: Sequence[Check]) -> Reason | None:
    """The first reason, in the order of the checks, that applies to any of them."""
    return next((reason for reason, is_wrong in checks if any(map(is_wrong, items))), None)
