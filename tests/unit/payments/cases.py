"""What the tests of payments' rules start from: an instant, an order that is to be paid, and the short way to say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.payments.reasons import Reason
from services.payments.rules import RULES
from services.payments.state import Payment, Told
from shared.contracts import payments as says
from shared.contracts.hold import TopUp
from shared.contracts.payments import ReportPayment
from shared.contracts.reserving import FreeReserve, PlacePayment
from tests.support.spec import Spec, cause_id

AT: Final = datetime(2026, 3, 6, 2, 0, 30, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
OVER: Final = AT + 15 * MINUTE

given: Final = Spec("payments", RULES, AT).given

BEGUN: Final = Payment("o-1", "acme", "top_up", "momo", 700, AT, OVER)
_OF: Final[dict[str, Any]] = {"order": "o-1", "account": "acme", "effective_at": AT}

FREE: Final = FreeReserve(account="acme", order="o-1", effective_at=AT)
PLACE: Final = PlacePayment(
    account="acme", order="o-1", amount=5_000, received=3_000, reference="momo:o-1", effective_at=AT
)
RECEIVED: Final = says.PaymentReceived(gateway="momo", amount=3_000, transaction="77", **_OF)
CREDITED: Final = says.PaymentCredited(gateway="momo", amount=3_000, transaction="77", **_OF)
TOP_UP: Final = TopUp(account="acme", amount=3_000, reference="momo:o-1")


def payment(**changes: Any) -> Payment:
    """o-1 of acme: 5,000 VND, of which 2,000 are set aside, and 3,000 can be paid at MoMo."""
    usual: dict[str, Any] = {
        "total": 5_000, "status": "pending", "reserved": 2_000, "amount": 3_000, "pay_url": "http://pay/1",
        "next_at": AT + MINUTE, "version": 3,
    }  # fmt: skip
    fields = {name: getattr(BEGUN, name) for name in BEGUN.__dataclass_fields__}
    return Payment(**(fields | usual | changes))


def report(outcome: str, **changes: Any) -> ReportPayment:
    """MoMo says so of o-1, asked how it stands."""
    usual = {"order": "o-1", "gateway": "momo", "by": "query", "outcome": outcome}
    return ReportPayment.model_validate(usual | changes)


PAID: Final = report("paid", amount=3_000, transaction="77", code="0", by="callback", raw="{}")


def noted(ask: ReportPayment, verdict: str, at: datetime = AT) -> says.PaymentNoted:
    """That was noted."""
    fields = {name: getattr(ask, name) for name in ("order", "gateway", "by", "outcome")}
    return says.PaymentNoted.model_validate(fields | {"verdict": verdict, "effective_at": at})


def told(ask: ReportPayment, verdict: Any, at: datetime = AT, number: int = 1) -> Told:
    """And kept."""
    return Told(
        *(ask.order, cause_id(number), ask.gateway, ask.by, ask.outcome, verdict, ask.amount),
        *(ask.transaction, ask.code, ask.raw, at),
    )


def asked(act: str, at: datetime = AT, **changes: Any) -> says.GatewayAsked:
    """MoMo is to be asked."""
    fields = {"gateway": "momo", "act": act, "amount": 3_000, "at": AT, "until": OVER}
    return says.GatewayAsked.model_validate(_OF | fields | {"effective_at": at} | changes)


def failed(reason: Reason, at: datetime = AT) -> says.PaymentFailed:
    """It will not be paid."""
    why = {"reason": reason.value, "explanation": reason.sentence, "effective_at": at}
    return says.PaymentFailed.model_validate(_OF | why)
