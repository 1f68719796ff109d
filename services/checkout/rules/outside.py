"""Orders that are paid from outside, wholly or in part: `payments` is asked to see to it, and tells how it went."""

from __future__ import annotations

from typing import Final, cast, get_args

from services.checkout.reasons import Reason
from services.checkout.rules.cancelling import called_off
from services.checkout.rules.standing import FROM_OUTSIDE
from services.checkout.state import Order
from shared.contracts.checkout import PaidBy
from shared.contracts.payments import (
    LEAST_VND,
    MOST_PAID_VND,
    AbandonPayment,
    FromOutside,
    GatewayName,
    PaymentFailed,
    RequestPayment,
)
from shared.emails import is_email
from shared.engine.decision import Cause, Decision, Known

_GATEWAYS: Final = get_args(GatewayName)

NOTHING: Final = Decision()


def why_not_outside(pay: PaidBy, gateway: str | None, payer: str | None, total: int) -> Reason | None:
    """The first reason why an order that costs so much cannot be paid that way."""
    if pay not in FROM_OUTSIDE or total == 0:
        return None
    if gateway not in _GATEWAYS:
        return Reason.GATEWAY_UNKNOWN
    if pay == "on_behalf" and not is_email(payer or ""):
        return Reason.PAYER_MISSING
    # What credit leaves to be paid is known only when it is set aside.
    fits = pay == "top_up" or LEAST_VND <= total <= MOST_PAID_VND
    return None if fits else Reason.AMOUNT_NOT_PAYABLE


def request(order: Order, gateway: str | None, payer: str | None) -> RequestPayment:
    """The order is to be paid; nothing of it is done before."""
    return RequestPayment(
        order=order.id,
        account=order.account,
        pay=cast("FromOutside", order.pay),
        gateway=cast("GatewayName", gateway),
        total=order.total,
        payer_email=payer if order.pay == "on_behalf" else None,
        effective_at=order.placed_at,
    )


def abandon(order: Order, cause: Cause) -> tuple[AbandonPayment, ...]:
    """Its payment is not waited for any more; nothing, where there is none."""
    if order.pay not in FROM_OUTSIDE:
        return ()
    return (AbandonPayment(order=order.id, account=order.account, effective_at=cause.at),)


def payment_failed(event: PaymentFailed, known: Known, cause: Cause) -> Decision:
    """Not paid: called off, and everything is as before."""
    order = known.get(Order, event.order)
    if order is None or order.status != "awaiting_payment":
        return NOTHING
    return called_off(order, known, cause, (event.reason, event.explanation, 0))
