"""Resources that stand: found by their names, each once, and of the account that asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypedDict

from services.checkout.reasons import Reason
from services.checkout.state import Account, Item
from shared.contracts.checkout import Buy, PaidBy, Pay, Recover, Renew, Resize, StopPoc
from shared.engine.decision import Known

# Paid from outside: by its owner, who may have some credit, or by somebody else.
FROM_OUTSIDE: Final[frozenset[PaidBy]] = frozenset({"top_up", "gateway", "on_behalf"})
# Real money, however it comes.
REAL_MONEY: Final[frozenset[PaidBy]] = FROM_OUTSIDE | {"credit"}
PAYS: Final[frozenset[PaidBy]] = REAL_MONEY | {"poc", "hold", "postpaid"}

# Who pays by the month pays for nothing now, whatever way to pay is named.
BY_THE_MONTH: Final[PaidBy] = "postpaid"

Check = tuple[Reason, Callable[[Item], bool]]


def paid_by(account: str, pay: Pay, known: Known) -> PaidBy:
    """How the account pays: as it says, unless it pays by the month."""
    found = known.get(Account, account)
    return BY_THE_MONTH if found is not None and found.mode == "postpaid" else pay


class FromOutside(TypedDict):
    """Who takes the money, and whose it is, where an order is paid from outside."""

    gateway: str | None
    payer_email: str | None


def from_outside(ask: StopPoc | Buy | Renew | Resize | Recover) -> FromOutside:
    """As the command says it."""
    return FromOutside(gateway=ask.gateway, payer_email=ask.payer_email)


def owned(resources: Sequence[str], account: str, pay: PaidBy, known: Known) -> list[Item] | Reason:
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
