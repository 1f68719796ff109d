"""The end of a day: use is counted up to it, credit is held anew, and days in debt are counted; after the fifth in a row a
product is stopped. Whoever comes first after it, the day's job or what happens next to the account, ends it
(docs/decisions/0213).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.hold.held import MOST_DEBT_DAYS, ProductHold
from services.hold.rules.balancing import balanced, changes, meters_of, recounted
from services.hold.state import Account
from shared.contracts.holding import CloseDay, DebtStopped, HoldShort
from shared.contracts.message import MOST_VND, Event
from shared.engine.decision import Cause, Decision, Known, Rule, joined, sliced


def close_day(ask: CloseDay, known: Known, cause: Cause) -> Decision:
    """The day of each account of the slice. One that is asked about again has been counted."""
    accounts = (known.get(Account, key) for key in sliced(known, cause))
    return joined(*(_ended(account, known, ask.effective_at) for account in accounts if account is not None))


def in_time(rule: Rule) -> Rule:
    """The rule, on the account as it is at the message's instant: the days that ended before have been closed. Where nothing
    comes of the message, they are left to their job."""

    def decide(ask: Any, known: Known, cause: Cause) -> Decision:
        days = _days_over(ask.account, known, cause.at)
        decided = rule(ask, known.after(days), cause)
        return _joined_once(days, decided) if days.changes and decided.changes else decided

    return decide


def _joined_once(days: Decision, decided: Decision) -> Decision:
    both = joined(days, decided)
    return both._replace(changes=tuple({(type(one), one.key): one for one in both.changes}.values()))


def _days_over(key: str, known: Known, until: datetime) -> Decision:
    """Night by night; not beyond one in which something is stopped: what that brings must be heard of first."""
    over = Decision()
    while not any(isinstance(said, DebtStopped) for said in over.says):
        account = known.after(over).get(Account, key)
        if account is None or (night := account.next_night) is None or night > until:
            break
        over = joined(over, _ended(account, known, night))
    return over


def _ended(account: Account, known: Known, at: datetime) -> Decision:
    after, says = _closed(balanced(_recounted(account, known, at)), at)
    return Decision(changes(account, after) if after != account else (), (), tuple(says))


def _recounted(account: Account, known: Known, at: datetime) -> Account:
    for hold in account.holds:
        if hold.needed:
            account = recounted(account, hold, meters_of(account.id, hold.product, known), at)
    return account


def _closed(account: Account, at: datetime) -> tuple[Account, list[Event]]:
    """The account with the day counted for each of its products, once, and what is to be told of those in debt."""
    says: list[Event] = []
    for hold in account.holds:
        if hold.needed and (hold.closed_until is None or hold.closed_until < at):
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
