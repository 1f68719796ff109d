"""How `payments` says things, and what it asks of hold."""

from __future__ import annotations

from services.payments.reasons import Reason
from services.payments.state import Payment
from shared.contracts import payments as says
from shared.contracts.hold import TopUp
from shared.contracts.message import Message
from shared.contracts.reserving import FreeReserve, PlacePayment, ReserveCredit
from shared.engine.decision import Cause, Decision, changed


def snapshot(payment: Payment) -> says.Payment:
    """The payment as everyone may know it."""
    return says.Payment(
        order=payment.order,
        account=payment.account,
        pay=payment.pay,
        gateway=payment.gateway,
        status=payment.status,
        total=payment.total,
        amount=payment.amount,
        received=payment.received,
        until=payment.until,
        pay_url=payment.pay_url,
        version=payment.version,
    )


def requested(payment: Payment) -> says.PaymentRequested:
    """It is to be paid."""
    return says.PaymentRequested(
        order=payment.order,
        account=payment.account,
        pay=payment.pay,
        gateway=payment.gateway,
        total=payment.total,
        payer_email=payment.payer_email,
        until=payment.until,
        effective_at=payment.asked_at,
    )


def asked(payment: Payment, act: says.Act, cause: Cause) -> says.GatewayAsked:
    """The gateway is to be asked."""
    return says.GatewayAsked(
        order=payment.order,
        account=payment.account,
        gateway=payment.gateway,
        act=act,
        amount=payment.amount,
        at=payment.asked_at,
        until=payment.until,
        payer_email=payment.payer_email,
        effective_at=cause.at,
    )


def reserve(payment: Payment) -> ReserveCredit:
    """All available credit, where it is to be used; else nothing, and that the account is there."""
    return ReserveCredit(
        account=payment.account,
        order=payment.order,
        amount=payment.total if payment.pay == "top_up" else 0,
        effective_at=payment.asked_at,
    )


def freed(payment: Payment, cause: Cause) -> tuple[Message, ...]:
    """What was set aside is let go."""
    if payment.reserved == 0:
        return ()
    return (FreeReserve(account=payment.account, order=payment.order, effective_at=cause.at),)


def place(payment: Payment, cause: Cause) -> PlacePayment:
    """The order is charged with what was received and set aside."""
    return PlacePayment(
        account=payment.account,
        order=payment.order,
        amount=payment.total,
        received=payment.received,
        reference=payment.reference,
        effective_at=cause.at,
    )


def credited(payment: Payment, cause: Cause) -> Decision:
    """The money that is there becomes credit, once: it is counted under the payment's own reference."""
    top_up = TopUp(account=payment.account, amount=payment.received, reference=payment.reference)
    event = says.PaymentCredited(
        order=payment.order,
        account=payment.account,
        gateway=payment.gateway,
        amount=payment.received,
        transaction=payment.transaction,
        effective_at=cause.at,
    )
    return changed(payment.having(status="credited", next_at=None), says=(event, top_up))


def failed(payment: Payment, why: Reason, cause: Cause, **changes: object) -> Decision:
    """It will not be paid: nobody waits for it, and what was set aside is let go."""
    event = says.PaymentFailed(
        order=payment.order,
        account=payment.account,
        reason=why.value,
        explanation=why.sentence,
        effective_at=cause.at,
    )
    after = payment.having(**({"status": "failed", "next_at": None} | changes))
    return changed(after, says=(event, *freed(payment, cause)))
