"""CancelOrder: an order nobody has paid yet is abandoned; once it is paid, it goes its way."""

from __future__ import annotations

from services.checkout.reasons import Reason
from services.checkout.rules.cancelling import called_off
from services.checkout.rules.outside import abandon
from services.checkout.state import Order
from shared.contracts.checkout import CancelOrder
from shared.contracts.orders import OrderCancelRefused
from shared.engine.decision import Cause, Decision, Known, said


def cancel_order(ask: CancelOrder, known: Known, cause: Cause) -> Decision:
    """Everything is as before it. A payment that is on its way is given back when it arrives."""
    order = _unpaid(ask, known)
    if isinstance(order, Reason):
        return _refused(ask, order, cause)
    ended = called_off(order, known, cause, (Reason.ABANDONED.value, Reason.ABANDONED.sentence, 0))
    return ended._replace(says=(*ended.says, *abandon(order, cause)))


def _unpaid(ask: CancelOrder, known: Known) -> Order | Reason:
    order = known.get(Order, ask.order)
    if order is None:
        return Reason.ORDER_UNKNOWN
    if order.account != ask.account:
        return Reason.NOT_OWNER
    if order.status in ("paid", "provisioning"):
        return Reason.ORDER_PAID
    return order if order.status == "awaiting_payment" else Reason.ORDER_ENDED


def _refused(ask: CancelOrder, reason: Reason, cause: Cause) -> Decision:
    return said(
        OrderCancelRefused(
            order=ask.order,
            account=ask.account,
            reason=reason.value,
            explanation=reason.sentence,
            effective_at=cause.at,
        )
    )
