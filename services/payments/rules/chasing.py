"""Time has passed: the gateways are asked about payments that are not final. Nobody is told no before a gateway was asked."""

from __future__ import annotations

from services.payments.reasons import Reason
from services.payments.rules.answers import asked, failed
from services.payments.state import CLEAR_WITHIN, WAITING, WATCHED_FOR, Payment
from shared.contracts.message import Message
from shared.contracts.payments import ChasePayments
from shared.engine.decision import Cause, Decision, Entity, Known, sliced


def chase_payments(ask: ChasePayments, known: Known, cause: Cause) -> Decision:
    """One question for each whose turn it is. One that was given up is asked about for some days more, then left alone: its
    gateway can still tell of money by itself."""
    changes: list[Entity] = []
    says: list[Message] = []
    for key in sliced(known, cause):
        payment = known.get(Payment, key)
        if payment is None or payment.next_at is None or payment.next_at > cause.at:
            continue
        if payment.status not in WAITING and cause.at >= payment.until + WATCHED_FOR:
            changes.append(payment.having(status="closed", next_at=None))
            continue
        later = payment.asked_again_after(cause.at)
        if payment.status in WAITING and cause.at >= payment.until + CLEAR_WITHIN:
            # Whoever asks gateways has not told a word of it, or nothing clear: nobody waits for ever.
            silent = failed(payment, Reason.GATEWAY_SILENT, cause, status="abandoned", next_at=later)
            changes += silent.changes
            says += silent.says
        else:
            changes.append(payment.having(next_at=later))
        says.append(asked(payment, "query", cause))
    return Decision(tuple(changes), (), tuple(says))
