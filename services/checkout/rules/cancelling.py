"""Calling an order off before it is paid: everything is as it was, and what was held for it is let go."""

from __future__ import annotations

from services.checkout.state import Coupon, Item, Order, OrderLine, line_key
from shared.contracts.charges import ReleaseHold
from shared.contracts.message import Message
from shared.contracts.orders import OrderCancelled
from shared.engine.decision import Cause, Decision, Entity, Known


def called_off(order: Order, known: Known, cause: Cause, why: tuple[str, str, int]) -> Decision:
    """The order ends unpaid for that reason (code, sentence, missing): its resources are free, its coupon is back."""
    reason, explanation, missing = why
    lines = lines_of(order, known)
    ended = order.having(status="cancelled", failed=order.lines)
    told = OrderCancelled(
        order=order.id,
        subject=order.subject,
        account=order.account,
        action=order.action,
        pay=order.pay,
        total=order.total,
        reason=reason,
        explanation=explanation,
        missing=missing,
        effective_at=cause.at,
    )
    freed: list[Entity] = [item.dropped() for line in lines if (item := held_item(line, known)) is not None]
    failed: list[Entity] = [line.ended("failed", reason) for line in lines]
    return Decision((ended, *failed, *freed, *returned(order, known)), (), (told, *_released(order, cause)))


def lines_of(order: Order, known: Known) -> list[OrderLine]:
    """All lines of the order; they were loaded because something is about to become of all of them."""
    lines = [known.get(OrderLine, line_key(order.id, number)) for number in range(1, order.lines + 1)]
    found = [line for line in lines if line is not None]
    assert len(found) == order.lines, f"{len(found)} of {order.lines} lines of order {order.id} are known"
    return found


def held_item(line: OrderLine, known: Known) -> Item | None:
    """The line's resource, where its order has it in hand."""
    item = known.get(Item, line.resource)
    return item if item is not None and item.open_order == line.order else None


def returned(order: Order, known: Known) -> tuple[Entity, ...]:
    """The order's coupon, used once less; nothing, where it has none."""
    coupon = known.get(Coupon, order.coupon) if order.coupon else None
    return () if coupon is None else (coupon.returned(),)


def _released(order: Order, cause: Cause) -> list[Message]:
    return [
        ReleaseHold(
            account=order.account,
            order=order.id,
            product=hold.product,
            amount=hold.amount,
            effective_at=cause.at,
        )
        for hold in order.holds
        if hold.placed
    ]
