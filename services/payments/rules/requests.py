"""An order is to be paid from outside; or it is called off, and its payment is not waited for any more."""

from __future__ import annotations

from typing import Final

from services.payments.rules.answers import freed, requested, reserve
from services.payments.state import LINK_LASTS, PAID_WITHIN, WAITING, Payment
from shared.contracts.payments import AbandonPayment, PaymentAbandoned, RequestPayment
from shared.engine.decision import Cause, Decision, Known, changed, said

_BEGUN: Final = WAITING | {"reserving"}


def request_payment(ask: RequestPayment, known: Known, cause: Cause) -> Decision:
    """It begins with the credit that is set aside for it, once."""
    if (before := known.get(Payment, ask.order)) is not None:
        return said(requested(before))
    lasts = LINK_LASTS if ask.pay == "on_behalf" else PAID_WITHIN
    payment = Payment(
        *(ask.order, ask.account, ask.pay, ask.gateway, ask.total, cause.at, cause.at + lasts),
        payer_email=ask.payer_email,
    )
    return changed(payment, says=(requested(payment), reserve(payment)))


def abandon_payment(ask: AbandonPayment, known: Known, cause: Cause) -> Decision:
    """What was set aside is free at once. Who has the page open can still pay: that is watched, and becomes credit. Where
    the money is there already, the order is charged, and gives it back itself."""
    abandoned = PaymentAbandoned(order=ask.order, account=ask.account, effective_at=cause.at)
    payment = known.get(Payment, ask.order)
    if payment is None or payment.status not in _BEGUN:
        return said(abandoned)
    return changed(payment.having(status="abandoned"), says=(abandoned, *freed(payment, cause)))
