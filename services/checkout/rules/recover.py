"""Recover: out of the trash, back after its POC was stopped, or after it was stopped for debt: with real money, like new from
now on."""

from __future__ import annotations

from datetime import datetime

from services.checkout.pricing import Period, Thing, line_for, metered_for
from services.checkout.reasons import Reason
from services.checkout.rules.answers import answered
from services.checkout.rules.placing import Placing, Wanted, place
from services.checkout.rules.standing import (
    BY_THE_MONTH,
    REAL_MONEY,
    first_wrong,
    from_outside,
    owned,
    paid_by,
)
from services.checkout.state import Item
from shared import catalogue
from shared.contracts.checkout import Recover
from shared.engine.decision import Cause, Decision, Known
from shared.period import months_after, to_minute


def recover(ask: Recover, known: Known, cause: Cause) -> Decision:
    """An order of one line, priced as what is bought now."""
    return answered(ask, _recovered(ask, known, cause), cause)


def _recovered(ask: Recover, known: Known, cause: Cause) -> Decision | Reason:
    pay = paid_by(ask.account, ask.pay, known)
    items = owned([ask.resource], ask.account, pay, known)
    if isinstance(items, Reason):
        return items
    wrong = first_wrong(
        items,
        (
            (Reason.NOT_RECOVERABLE, lambda item: not _is_recoverable(item, cause.at)),
            (Reason.PAY_BY_HOLD, lambda item: item.billing == "hold" and pay != "hold"),
            (
                Reason.PAY_BY_CREDIT,
                lambda item: item.billing != "hold" and pay not in REAL_MONEY | {BY_THE_MONTH},
            ),
        ),
    )
    if wrong is not None:
        return wrong
    wanted = _priced(ask, items[0], known, cause.at)
    if isinstance(wanted, Reason):
        return wanted
    return place(Placing("recover", ask.key, ask.account, pay, **from_outside(ask)), [wanted], known, cause)


def _priced(ask: Recover, item: Item, known: Known, at: datetime) -> Wanted | Reason:
    thing = Thing(item.resource, item.kind, item.flavor, item.quantity)
    if item.is_metered:
        metered = metered_for(thing, known, at, held=item.billing == "hold")
        return metered if isinstance(metered, Reason) else Wanted(item, metered=metered)
    line = line_for(thing, Period(to_minute(at), months_after(at, ask.months)), known, at)
    return line if isinstance(line, Reason) else Wanted(item, line)


def _is_recoverable(item: Item, at: datetime) -> bool:
    """In the trash still, and of a kind that goes there; or stopped for debt."""
    if item.trash_until is None or at >= item.trash_until:
        return False
    if item.billing == "hold":
        return item.status == "suspended"
    is_kept = item.billing == "postpaid" or catalogue.of(item.kind).billing == "prepaid"
    return is_kept and item.status in ("trash", "expired")
