"""How `checkout` says things: refusals of what was to be ordered, and how orders and their lines stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.checkout.reasons import Reason
from services.checkout.state import Order, OrderLine
from shared.contracts import orders
from shared.contracts.checkout import Action, Buy, Recover, Renew, Resize, StopPoc
from shared.contracts.message import Command
from shared.engine.decision import Cause, Decision, said

Orders = StopPoc | Buy | Renew | Resize | Recover

ACTIONS: Final[Mapping[type[Command], Action]] = {
    StopPoc: "stop_poc",
    Buy: "buy",
    Renew: "renew",
    Resize: "resize",
    Recover: "recover",
}


def answered(ask: Orders, outcome: Decision | Reason, cause: Cause) -> Decision:
    """What was decided; or, where there was a reason against it, nothing but the refusal."""
    return refused(ask, outcome, cause) if isinstance(outcome, Reason) else outcome


def refused(ask: Orders, reason: Reason, cause: Cause) -> Decision:
    """Nothing was ordered, and why."""
    return said(
        orders.OrderRefused(
            subject=ask.key,
            account=ask.account,
            action=ACTIONS[type(ask)],
            reason=reason.value,
            explanation=reason.sentence,
            effective_at=cause.at,
        )
    )


def order_said(order: Order) -> orders.Order:
    """The order as everyone may know it."""
    return orders.Order(
        order=order.id,
        subject=order.subject,
        account=order.account,
        action=order.action,
        status=order.status,
        pay=order.pay,
        auto=order.auto,
        total=order.total,
        given_back=order.given_back,
        lines=order.lines,
        done=order.done,
        failed=order.failed,
        coupon=order.coupon,
        placed_at=order.placed_at,
        version=order.version,
    )


def line_said(line: OrderLine) -> orders.OrderLine:
    """The line as everyone may know it."""
    return orders.OrderLine(
        id=line.key,
        order=line.order,
        resource=line.resource,
        status=line.status,
        reason=line.reason,
        line=line.line,
        metered=line.metered,
        version=line.version,
    )
