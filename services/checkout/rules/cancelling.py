"""Calling an order off before it is paid: everything is as it was, and what was held for it is let go."""

from __future__ import annotations

from collections.abc import Sequence

from services.checkout.state import Coupon, Item, Order, OrderLine, line_key
from shared.contracts.charges import ReleaseHold
from shared.contracts.message import Message
from shared.contracts.orders import AutoRenewFailed, OrderCancelled
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
        auto=order.auto,
        total=order.total,
        reason=reason,
        explanation=explanation,
        missing=missing,
        effective_at=cause.at,
    )
    freed: list[Entity] = [item.dropped() for line in lines if (item := held_item(line, known)) is not None]
    failed: list[Entity] = [line.ended("failed", reason) for line in lines]
    says = (told, *not_renewed(order, lines, why, cause), *_released(order, cause))
    return Decision((ended, *failed, *freed, *returned(order, known)), (), says)


def not_renewed(
    order: Order, lines: Sequence[OrderLine], why: tuple[str, str, int], cause: Cause
) -> list[Message]:
    """Said of what was to be renewed by itself, and was not."""
    reason, explanation, missing = why
    return [
        AutoRenewFailed(
            account=order.account,
            resource=line.resource,
            order=order.id,
            until=line.line.starts,
            amount=order.total,
            reason=reason,
            explanation=explanation,
            missing=missing,
            due=order.placed_at,
            effective_at=cause.at,
        )
        for line in lines
        if order.auto and line.line is not None
    ]


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
