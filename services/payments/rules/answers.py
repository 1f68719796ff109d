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
    after = payment.having(status="credited", next_at=None)
    return changed(after, says=_as_credit(payment, payment.transaction, payment.reference, cause))


def paid_again(payment: Payment, transaction: str, cause: Cause) -> Decision:
    """What is paid once more becomes credit, once: it is counted under its gateway's own number."""
    after = payment.having(paid_again=(*payment.paid_again, transaction))
    return changed(after, says=_as_credit(payment, transaction, f"{payment.gateway}:{transaction}", cause))


def _as_credit(payment: Payment, transaction: str, reference: str, cause: Cause) -> tuple[Message, ...]:
    event = says.PaymentCredited(
        order=payment.order,
        account=payment.account,
        gateway=payment.gateway,
        amount=payment.amount,
        transaction=transaction,
        effective_at=cause.at,
    )
    return event, TopUp(account=payment.account, amount=payment.amount, reference=reference)


def not_paid(what: Payment | says.RequestPayment, why: Reason, cause: Cause) -> says.PaymentFailed:
    """Why it is not."""
    return says.PaymentFailed(
        order=what.order,
        account=what.account,
        reason=why.value,
        explanation=why.sentence,
        effective_at=cause.at,
    )


def failed(payment: Payment, why: Reason, cause: Cause, **changes: object) -> Decision:
    """It will not be paid: nobody waits for it, and what was set aside is let go."""
    after = payment.having(**({"status": "failed", "next_at": None} | changes))
    return changed(after, says=(not_paid(payment, why, cause), *freed(payment, cause)))
