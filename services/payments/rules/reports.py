"""What gateways told of payments: each is noted and kept; what is new and right counts, and counts once.

A gateway may tell late, twice, never, or before it has answered that there is such a payment; and who asks it may hear
nothing, or an error, of what it has done.
"""

from __future__ import annotations

from services.payments.reasons import Reason
from services.payments.rules.answers import asked, credited, failed, paid_again, place
from services.payments.state import CLEAR_WITHIN, LEFT, WAITING, Payment, Told
from shared.contracts import payments as says
from shared.contracts.message import Message
from shared.contracts.payments import ReportPayment, Verdict
from shared.engine.decision import Cause, Decision, Known


def report_payment(ask: ReportPayment, known: Known, cause: Cause) -> Decision:
    """Noted first, and kept as it came; then whatever follows from it."""
    payment = known.get(Payment, ask.order)
    verdict = _verdict(ask, payment)
    noted = says.PaymentNoted(
        order=ask.order,
        gateway=ask.gateway,
        by=ask.by,
        outcome=ask.outcome,
        verdict=verdict,
        effective_at=cause.at,
    )
    follows = _follows(ask, payment, verdict, cause) if payment is not None else Decision()
    return Decision(follows.changes, (_told(ask, verdict, cause),), (noted, *follows.says))


def _verdict(ask: ReportPayment, payment: Payment | None) -> Verdict:
    if payment is None:
        return "payment_unknown"
    if ask.gateway != payment.gateway:
        return "gateway_differs"
    # What nobody was asked for is no amount of ours either.
    if ask.outcome == "paid" and ask.amount != (payment.amount or None):
        return "amount_differs"
    if payment.status in WAITING or (payment.status in LEFT and _is_watched_for(ask, payment)):
        return "taken"
    return "paid_again" if _is_paid_again(ask, payment) else "again"


def _is_watched_for(ask: ReportPayment, payment: Payment) -> bool:
    return ask.outcome == "paid" or payment.next_at is not None


def _is_paid_again(ask: ReportPayment, payment: Payment) -> bool:
    """Whether it is another payment than those that are known: gateways number each, however often they tell it."""
    if ask.outcome != "paid" or "" in (ask.transaction, payment.transaction):
        return False
    return ask.transaction not in (payment.transaction, *payment.paid_again)


def _follows(ask: ReportPayment, payment: Payment, verdict: Verdict, cause: Cause) -> Decision:
    if verdict == "amount_differs" and ask.by == "callback" and payment.status in WAITING | LEFT:
        # What it tells by itself is not what it was asked for: it is asked how that is.
        return Decision(says=(asked(payment, "query", cause),))
    if verdict == "paid_again":
        return paid_again(payment, ask.transaction, cause)
    if verdict != "taken":
        return Decision()
    if ask.outcome == "paid":
        return _received(ask, payment, cause)
    return _left(ask, payment) if payment.status in LEFT else _not_yet(ask, payment, cause)


def _received(ask: ReportPayment, payment: Payment, cause: Cause) -> Decision:
    late = payment.status in LEFT
    there = payment.having(
        status="charging", received=ask.amount, transaction=ask.transaction, next_at=None, pay_url=""
    )
    if late:
        return credited(there, cause)
    received = says.PaymentReceived(
        order=payment.order,
        account=payment.account,
        gateway=payment.gateway,
        amount=ask.amount,
        transaction=ask.transaction,
        effective_at=cause.at,
    )
    return Decision((there,), (), (received, place(there, cause)))


def _left(ask: ReportPayment, payment: Payment) -> Decision:
    """Watched still; a no is final."""
    if ask.outcome not in ("failed", "absent"):
        return Decision()
    return Decision((payment.having(status="closed", next_at=None),))


def _not_yet(ask: ReportPayment, payment: Payment, cause: Cause) -> Decision:
    if ask.outcome == "failed":
        return failed(payment, Reason.PAYMENT_DECLINED, cause)
    over = payment.until <= cause.at
    if ask.outcome == "pending" and not over:
        return _opened(ask, payment, cause)
    if ask.outcome == "absent":
        # Its making never came there: made again, while there is time.
        if over:
            return failed(payment, Reason.PAYMENT_DECLINED, cause)
        return Decision(says=(asked(payment, "create", cause),))
    if over and (ask.outcome == "pending" or payment.until + CLEAR_WITHIN <= cause.at):
        why = Reason.PAYMENT_DECLINED if ask.outcome == "pending" else Reason.GATEWAY_SILENT
        return failed(payment, why, cause, status="abandoned", next_at=payment.asked_again_after(cause.at))
    return Decision()


def _opened(ask: ReportPayment, payment: Payment, cause: Cause) -> Decision:
    if not ask.pay_url and not payment.pay_url and ask.by != "callback":
        return _without_a_page(ask, payment, cause)
    if not ask.pay_url or payment.pay_url:
        return Decision((payment.having(status="pending"),)) if payment.status == "asking" else Decision()
    opened = payment.having(status="pending", pay_url=ask.pay_url)
    return Decision((opened,), (), _told_of(opened, ask, cause))


def _without_a_page(ask: ReportPayment, payment: Payment, cause: Cause) -> Decision:
    """The answer that had the page is lost. It is asked for once more; where it is not told again nobody can pay, and nobody
    waits. The payment is watched still."""
    if ask.by == "query":
        return Decision(says=(asked(payment, "create", cause),))
    later = payment.asked_again_after(cause.at)
    return failed(payment, Reason.PAYMENT_DECLINED, cause, status="abandoned", next_at=later)


def _told_of(payment: Payment, ask: ReportPayment, cause: Cause) -> tuple[Message, ...]:
    if payment.payer_email is not None:
        issued = says.PaymentLinkIssued(
            order=payment.order,
            account=payment.account,
            payer_email=payment.payer_email,
            amount=payment.amount,
            link=ask.link,
            until=payment.until,
            effective_at=cause.at,
        )
        return (issued,)
    opened = says.PaymentOpened(
        order=payment.order,
        account=payment.account,
        gateway=payment.gateway,
        amount=payment.amount,
        pay_url=payment.pay_url,
        until=payment.until,
        effective_at=cause.at,
    )
    return (opened,)


def _told(ask: ReportPayment, verdict: Verdict, cause: Cause) -> Told:
    return Told(
        *(ask.order, cause.id, ask.gateway, ask.by, ask.outcome, verdict, ask.amount),
        *(ask.transaction, ask.code, ask.raw, cause.at),
    )
