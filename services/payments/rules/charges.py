"""What hold answers: credit is set aside for an order, and the order is charged, or not."""

from __future__ import annotations

from typing import Final

from services.payments.reasons import Reason
from services.payments.rules.answers import asked, credited, failed, freed, place
from services.payments.state import Payment
from shared.contracts.charges import Charged, ChargeRefused
from shared.contracts.payments import LEAST_VND, MOST_PAID_VND, PaymentFailed
from shared.contracts.reserving import CreditReserved, ReserveRefused
from shared.engine.decision import Cause, Decision, Known, changed

NOTHING: Final = Decision()


def credit_reserved(event: CreditReserved, known: Known, cause: Cause) -> Decision:
    """A gateway is asked for the rest; for as little as it takes, where the rest is less: what is too much stays credit."""
    payment = known.get(Payment, event.order)
    if payment is None or payment.reserved or payment.status not in ("reserving", "abandoned"):
        return NOTHING
    payment = payment.having(reserved=event.reserved)
    rest = payment.total - event.reserved
    if payment.status == "abandoned":
        return changed(payment.having(status="closed"), says=freed(payment, cause))
    if rest == 0:
        return changed(payment.having(status="charging"), says=(place(payment, cause),))
    if rest > MOST_PAID_VND:
        return failed(payment, Reason.PAYMENT_TOO_LARGE, cause)
    waiting = payment.having(
        status="asking", amount=max(rest, LEAST_VND), next_at=payment.asked_again_after(cause.at)
    )
    return changed(waiting, says=(asked(waiting, "create", cause),))


def reserve_refused(event: ReserveRefused, known: Known, cause: Cause) -> Decision:
    """Nobody is asked for money on behalf of an account that is not there."""
    payment = known.get(Payment, event.order)
    if payment is None or payment.status not in ("reserving", "abandoned"):
        return NOTHING
    told = PaymentFailed(
        order=payment.order,
        account=payment.account,
        reason=event.reason,
        explanation=event.explanation,
        effective_at=cause.at,
    )
    return changed(payment.having(status="closed"), says=(told,))


def charged(event: Charged, known: Known, cause: Cause) -> Decision:
    """Paid."""
    payment = known.get(Payment, event.order)
    if payment is None or payment.status != "charging":
        return NOTHING
    return changed(payment.having(status="paid"), says=())


def charge_refused(event: ChargeRefused, known: Known, cause: Cause) -> Decision:
    """The order is called off for it; the money that is there becomes credit."""
    payment = known.get(Payment, event.order)
    if payment is None or payment.status != "charging":
        return NOTHING
    if payment.received == 0:
        return changed(payment.having(status="failed"), says=freed(payment, cause))
    given = credited(payment, cause)
    return given._replace(says=(*given.says, *freed(payment, cause)))
