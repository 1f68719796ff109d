"""Resize: another size from now to the same end, at today's price, less what the old one is still worth.

Below zero nothing is paid: lifecycle gives the difference back when the resize is done. What is metered has no
end; credit is held for what the next days of the new size cost more than those of the old one (docs/decisions/0210).
"""

from __future__ import annotations

from datetime import datetime

from services.checkout.pricing import Period, Thing, estimate_of, line_for, metered_for
from services.checkout.reasons import Reason
from services.checkout.rules.answers import answered
from services.checkout.rules.placing import Placing, Wanted, place
from services.checkout.rules.standing import REAL_MONEY, first_wrong, from_outside, owned, paid_by
from services.checkout.state import Item
from shared.contracts.checkout import PaidBy, Resize
from shared.contracts.parts import Metered
from shared.engine.decision import Cause, Decision, Known
from shared.period import to_minute
from shared.terms import unused_value


def resize(ask: Resize, known: Known, cause: Cause) -> Decision:
    """An order of one line, which carries the unused value of the old size."""
    return answered(ask, _resized(ask, known, cause), cause)


def _resized(ask: Resize, known: Known, cause: Cause) -> Decision | Reason:
    pay = paid_by(ask.account, ask.pay, known)
    items = owned([ask.resource], ask.account, pay, known)
    if isinstance(items, Reason):
        return items
    if (reason := _why_not(ask, pay, items[0], cause.at)) is not None:
        return reason
    wanted = _priced(ask, items[0], known, cause.at)
    if isinstance(wanted, Reason):
        return wanted
    return place(Placing("resize", ask.key, ask.account, pay, **from_outside(ask)), [wanted], known, cause)


def _why_not(ask: Resize, pay: PaidBy, item: Item, at: datetime) -> Reason | None:
    return first_wrong(
        [item],
        (
            (Reason.NOT_RESIZABLE, lambda item: not _is_resizable(item, at)),
            (Reason.PAY_BY_POC, lambda item: item.billing == "poc" and pay != "poc"),
            (Reason.PAY_BY_HOLD, lambda item: item.billing == "hold" and pay != "hold"),
            (Reason.PAY_BY_CREDIT, lambda item: item.billing == "prepaid" and pay not in REAL_MONEY),
            (
                Reason.SAME_SIZE,
                lambda item: (ask.flavor, _quantity(ask, item)) == (item.flavor, item.quantity),
            ),
        ),
    )


def _is_resizable(item: Item, at: datetime) -> bool:
    has_rest = item.until is not None and to_minute(at) < item.until
    return item.status == "active" and (item.is_metered or has_rest)


def _carrying(metered: Metered, item: Item) -> Metered:
    """With what is held for the old size already."""
    if item.billing != "hold" or item.metered is None:
        return metered
    return metered.model_copy(update={"carried": estimate_of(item.metered)})


def _quantity(ask: Resize, item: Item) -> int:
    return item.quantity if ask.quantity is None else ask.quantity


def _priced(ask: Resize, item: Item, known: Known, at: datetime) -> Wanted | Reason:
    thing = Thing(item.resource, item.kind, ask.flavor, _quantity(ask, item))
    if item.until is None or item.is_metered:
        metered = metered_for(thing, known, at, held=item.billing == "hold")
        return metered if isinstance(metered, Reason) else Wanted(item, metered=_carrying(metered, item))
    line = line_for(
        thing,
        Period(to_minute(at), item.until),
        known,
        at,
        carried=unused_value(item.terms, at),
        discounted=item.billing != "poc",
    )
    return line if isinstance(line, Reason) else Wanted(item, line)
