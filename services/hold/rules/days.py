"""The end of a day: use is counted up to it, credit is held anew, and days in debt are counted; after the fifth in a row a
product is stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from services.hold.held import MOST_DEBT_DAYS, ProductHold
from services.hold.rules.balancing import balanced, changes, meters_of, recounted
from services.hold.state import Account
from shared.contracts.holding import CloseDay, DebtStopped, HoldShort
from shared.contracts.message import MOST_VND, Event
from shared.engine.decision import Cause, Decision, Entity, Known, sliced


def close_day(ask: CloseDay, known: Known, cause: Cause) -> Decision:
    """The day of each account of the slice. One that is asked about again has been counted."""
    changed: list[Entity] = []
    says: list[Event] = []
    for key in sliced(known, cause):
        account = known.get(Account, key)
        if account is not None:
            after, said = _closed(balanced(_recounted(account, known, ask.effective_at)), ask.effective_at)
            changed += changes(account, after) if after != account else ()
            says += said
    return Decision(tuple(changed), (), tuple(says))


def _recounted(account: Account, known: Known, at: datetime) -> Account:
    for hold in account.holds:
        if hold.needed:
            account = recounted(account, hold, meters_of(account.id, hold.product, known), at)
    return account


def _closed(account: Account, at: datetime) -> tuple[Account, list[Event]]:
    """The account with the day counted for each of its products, once, and what is to be told of those in debt."""
    says: list[Event] = []
    for hold in account.holds:
        if (hold.needed or hold.debt_days) and (hold.closed_until is None or hold.closed_until < at):
            days = hold.debt_days + 1 if _is_short(hold) else 0
            says += _told(hold, days, at)
            # What is stopped is counted from the beginning again.
            account = account.holding(replace(hold, debt_days=days % MOST_DEBT_DAYS, closed_until=at))
    return account, says


def _is_short(hold: ProductHold) -> bool:
    # What runs no more is not stopped, and nobody is asked to add to it: it is invoiced.
    return hold.debt > 0 and hold.estimate > 0


def _told(hold: ProductHold, days: int, at: datetime) -> Iterator[Event]:
    if days:
        short: dict[str, object] = {
            "account": hold.account,
            "product": hold.product,
            "held": hold.held,
            "needed": min(hold.needed, MOST_VND),
            "to_add": min(hold.debt, MOST_VND),
            "days": days,
            "effective_at": at,
        }
        yield HoldShort.model_validate(short)
        if days == MOST_DEBT_DAYS:
            yield DebtStopped.model_validate(short)
