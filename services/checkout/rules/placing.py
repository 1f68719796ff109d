"""Placing an order: its lines are numbered, its resources claimed, its coupon reserved, and its payment asked for.

All of it in one decision, so that no second order can ever be placed on the same resource, or use the same coupon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.checkout.pricing import lowered, why_not_coupon
from services.checkout.reasons import Reason
from services.checkout.rules.fulfilment import begun
from services.checkout.rules.outside import request, why_not_outside
from services.checkout.rules.standing import FROM_OUTSIDE, REAL_MONEY
from services.checkout.state import Coupon, Held, Item, Order, OrderLine
from shared import catalogue
from shared.contracts.charges import PlaceCharge, PlaceHold
from shared.contracts.checkout import Action, PaidBy
from shared.contracts.message import MOST_VND, Message
from shared.contracts.orders import Failure, OrderPlaced
from shared.contracts.parts import Line, Metered, Product
from shared.engine.decision import Cause, Decision, Entity, Known


class Wanted(NamedTuple):
    """One resource of an order to be: as it is known, or as it is bought; and its price, however it is paid."""

    item: Item
    line: Line | None = None
    metered: Metered | None = None
    auto_renew: bool = False
    months: int = 1


class Placing(NamedTuple):
    """What an order to be says of all its lines. `left`: how many resources it leaves POC, and why some of them."""

    action: Action
    subject: str
    account: str
    pay: PaidBy
    coupon: str | None = None
    cluster: str | None = None
    left: int = 0
    failures: tuple[Failure, ...] = ()
    auto: bool = False
    gateway: str | None = None
    payer_email: str | None = None


def place(what: Placing, wanted: Sequence[Wanted], known: Known, cause: Cause) -> Decision | Reason:
    """The order, placed and its payment asked for; paid at once where it costs nothing. Or why it is not placed."""
    coupon: Coupon | None = None
    if what.coupon is not None:
        found = _coupon(what, wanted, known, cause.at)
        if isinstance(found, Reason):
            return found
        coupon, wanted = found.reserved(), _lowered(wanted, found)
    # Of what is renewed by itself, each resource has an order of its own.
    number = cause.derive(f"order/{what.subject}" if what.auto else "order")
    lines = [_line(number, at, each) for at, each in enumerate(wanted, start=1)]
    holds = _holds(lines) if what.pay == "hold" else ()
    total = sum(hold.amount for hold in holds) if what.pay == "hold" else sum(line.amount for line in lines)
    if total > MOST_VND:
        return Reason.AMOUNT_TOO_LARGE
    if (reason := why_not_outside(what.pay, what.gateway, what.payer_email, total)) is not None:
        return reason
    order = Order(
        *(number, what.subject, what.account, what.action, what.pay, "awaiting_payment", total, len(lines)),
        *(cause.at, what.cluster, what.coupon),
        left=what.left,
        holds=holds,
        failures=what.failures,
        auto=what.auto,
    )
    claimed = [each.item.claimed(number, at) for at, each in enumerate(wanted, start=1)]
    after, says = _payment(what, order, lines, cause.at)
    reserved: tuple[Entity, ...] = () if coupon is None else (coupon,)
    return Decision((after, *lines, *claimed, *reserved), (), (_placed(order), *says))


def _coupon(what: Placing, wanted: Sequence[Wanted], known: Known, at: datetime) -> Coupon | Reason:
    assert what.coupon is not None
    # Real money only: the POC wallet and what is metered know no coupon.
    kinds = [each.item.kind for each in wanted if what.pay in REAL_MONEY]
    coupon = known.get(Coupon, what.coupon)
    why_not = why_not_coupon(what.coupon, kinds, known, at)
    return why_not or coupon or Reason.COUPON_UNKNOWN


def _lowered(wanted: Sequence[Wanted], coupon: Coupon) -> list[Wanted]:
    lines = lowered([each.line for each in wanted if each.line is not None], coupon)
    return [each._replace(line=line) for each, line in zip(wanted, lines, strict=True)]


def _line(order: str, number: int, wanted: Wanted) -> OrderLine:
    # As it is priced: what is resized is not what it is yet.
    priced = wanted.line or wanted.metered or wanted.item
    return OrderLine(
        *(order, number, wanted.item.resource, wanted.item.kind, priced.flavor, priced.quantity),
        *(wanted.line, wanted.metered, wanted.item.cluster, wanted.auto_renew, wanted.months),
    )


def _holds(lines: Sequence[OrderLine]) -> tuple[Held, ...]:
    amounts: Counter[Product] = Counter()
    for metered in (line.metered for line in lines if line.metered is not None):
        amounts[catalogue.of(metered.kind).product] += metered.to_hold
    # Nothing is held for what costs nothing, or no more than before.
    return tuple(Held(product, amount) for product, amount in amounts.items() if amount > 0)


def _payment(
    what: Placing, order: Order, lines: Sequence[OrderLine], at: datetime
) -> tuple[Order, list[Message]]:
    if order.total == 0:
        paid, says = begun(order, lines, at)
        return _as_placed(paid), says
    if order.pay == "hold":
        return order, [_place_hold(order, hold, at) for hold in order.holds]
    if order.pay in FROM_OUTSIDE:
        return order, [request(order, what.gateway, what.payer_email)]
    charge = PlaceCharge(
        account=order.account,
        order=order.id,
        wallet="poc" if order.pay == "poc" else "credit",
        amount=order.total,
        effective_at=at,
    )
    return order, [charge]


def _as_placed(order: Order) -> Order:
    # Nobody has seen it in between: this is its first version.
    return order.having(version=1)


def _place_hold(order: Order, hold: Held, at: datetime) -> PlaceHold:
    return PlaceHold(
        account=order.account, order=order.id, product=hold.product, amount=hold.amount, effective_at=at
    )


def _placed(order: Order) -> OrderPlaced:
    return OrderPlaced(
        order=order.id,
        subject=order.subject,
        account=order.account,
        action=order.action,
        pay=order.pay,
        auto=order.auto,
        total=order.total,
        lines=order.lines,
        coupon=order.coupon,
        effective_at=order.placed_at,
    )
