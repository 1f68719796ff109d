"""An order is to be paid from outside; or it is called off, and its payment is not waited for any more."""

from __future__ import annotations

from typing import Final

from services.payments.reasons import Reason
from services.payments.rules.answers import freed, not_paid, requested, reserve
from services.payments.state import LINK_LASTS, PAID_WITHIN, WAITING, Payment
from shared.contracts.payments import AbandonPayment, PaymentAbandoned, RequestPayment
from shared.emails import is_email
from shared.engine.decision import Cause, Decision, Known, changed, said

_BEGUN: Final = WAITING | {"reserving"}


def request_payment(ask: RequestPayment, known: Known, cause: Cause) -> Decision:
    """It begins with the credit that is set aside for it, once; not at all, where nobody could be written to who is to pay."""
    if (before := known.get(Payment, ask.order)) is not None:
        return said(requested(before))
    if _is_nobody(ask):
        return said(not_paid(ask, Reason.PAYER_MISSING, cause))
    lasts = LINK_LASTS if ask.pay == "on_behalf" else PAID_WITHIN
    payment = Payment(
        *(ask.order, ask.account, ask.pay, ask.gateway, ask.total, cause.at, cause.at + lasts),
        payer_email=ask.payer_email,
    )
    return changed(payment, says=(requested(payment), reserve(payment)))


def _is_nobody(ask: RequestPayment) -> bool:
    needed = ask.pay == "on_behalf" or ask.payer_email is not None
    return needed and not is_email(ask.payer_email or "")


def abandon_payment(ask: AbandonPayment, known: Known, cause: Cause) -> Decision:
    """What was set aside is free at once. Who has the page open can still pay: that is watched, and becomes credit. Where
    the money is there already, the order is charged, and gives it back itself."""
    abandoned = PaymentAbandoned(order=ask.order, account=ask.account, effective_at=cause.at)
    payment = known.get(Payment, ask.order)
    if payment is None or payment.status not in _BEGUN:
        return said(abandoned)
    return changed(payment.having(status="abandoned"), says=(abandoned, *freed(payment, cause)))
