"""Renew: one more period for each resource, from its present end on, also where that has passed.

POC resources are renewed from the POC wallet and no further than its end; everything else, and what expired when
its POC was stopped, with real money.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.checkout.pricing import Period, Thing, line_for, period_from
from services.checkout.reasons import Reason
from services.checkout.rules.answers import answered
from services.checkout.rules.placing import Placing, Wanted, place
from services.checkout.rules.standing import REAL_MONEY, first_wrong, from_outside, owned
from services.checkout.state import Account, Item
from shared import catalogue
from shared.contracts.checkout import Renew
from shared.contracts.resources import Status
from shared.engine.decision import Cause, Decision, Known
from shared.period import to_minute

_RENEWED: Final[frozenset[Status]] = frozenset({"active", "grace", "suspended", "expired"})


def renew(ask: Renew, known: Known, cause: Cause) -> Decision:
    """An order with a line for each resource, each from its own end on."""
    return answered(ask, _renewed(ask, known, cause), cause)


def _renewed(ask: Renew, known: Known, cause: Cause) -> Decision | Reason:
    items = owned(ask.resources, ask.account, ask.pay, known)
    if isinstance(items, Reason):
        return items
    furthest = _furthest(ask, items, known, cause.at)
    if isinstance(furthest, Reason):
        return furthest
    periods = _periods(ask, items, furthest, cause.at)
    if isinstance(periods, Reason):
        return periods
    wanted = []
    for item, period in zip(items, periods, strict=True):
        thing = Thing(item.resource, item.kind, item.flavor, item.quantity)
        line = line_for(thing, period, known, cause.at, discounted=not item.is_poc)
        if isinstance(line, Reason):
            return line
        wanted.append(Wanted(item, line))
    return place(
        Placing("renew", ask.key, ask.account, ask.pay, ask.coupon, **from_outside(ask)), wanted, known, cause
    )


def _furthest(ask: Renew, items: Sequence[Item], known: Known, at: datetime) -> datetime | Reason | None:
    """The end of the POC wallet, where it pays; else nothing ends what can be bought."""
    wrong = first_wrong(
        items,
        (
            (Reason.NOT_RENEWABLE, lambda item: not _is_renewable(item, at)),
            (Reason.PAY_BY_POC, lambda item: item.is_poc and ask.pay != "poc"),
            (Reason.PAY_BY_CREDIT, lambda item: not item.is_poc and ask.pay not in REAL_MONEY),
        ),
    )
    if wrong is not None:
        return wrong
    return _end_of_poc(ask.account, known, at) if ask.pay == "poc" else None


def _is_renewable(item: Item, at: datetime) -> bool:
    if item.status not in _RENEWED or item.until is None:
        return False
    if item.status == "expired" and (item.trash_until is None or item.trash_until <= at):
        return False
    # A kind that is metered once it is paid has periods only while it is POC.
    return item.is_poc or catalogue.of(item.kind).renew


def _end_of_poc(account: str, known: Known, at: datetime) -> datetime | Reason:
    found = known.get(Account, account)
    if found is None or found.poc_until is None:
        return Reason.POC_NOT_GRANTED
    # To the minute: a wallet that ends within this one pays no minute any more.
    return Reason.POC_ENDED if found.poc_until <= to_minute(at) else to_minute(found.poc_until)


def _periods(
    ask: Renew, items: Sequence[Item], furthest: datetime | None, at: datetime
) -> list[Period] | Reason:
    periods = []
    for item in items:
        assert item.until is not None, "only what has an end is renewable"
        period = period_from(item.until, ask.months, ask.until, at)
        if isinstance(period, Reason):
            return period
        if furthest is not None and furthest < period.until:
            period = Period(period.starts, furthest)
        if period.until <= period.starts:
            return Reason.UNTIL_NOT_LATER
        periods.append(period)
    return periods
