"""Orders that are paid from outside: payments is asked to see to it, and what it tells calls an order off."""

from __future__ import annotations

from typing import Any

import pytest

from services.checkout.reasons import Reason
from services.checkout.rules.outside import abandon, why_not_outside
from shared.contracts.charges import Charged, GiveBack
from shared.contracts.checkout import CancelOrder, Renew
from shared.contracts.orders import OrderCancelled
from shared.contracts.payments import AbandonPayment, PaymentFailed, RequestPayment
from shared.engine.decision import Cause
from tests.support.spec import cause_id
from tests.unit.checkout.instants import AT
from tests.unit.checkout.standing import ENDS, ORDER, PRICES, SERVER, given, month_of, ordered

ASK: dict[str, Any] = {
    "account": "acme", "resources": ["srv-1"], "months": 1, "gateway": "momo", "payer_email": "boss@acme.example",
}  # fmt: skip
FAILED = PaymentFailed(
    order=ORDER, account="acme", reason="payment_declined", explanation="It was declined.", effective_at=AT
)


def placed(pay: Any) -> Any:
    return ordered("renew", (SERVER, month_of(ENDS)), pay=pay)


def request(pay: Any, payer: str | None) -> RequestPayment:
    return RequestPayment(
        order=ORDER,
        account="acme",
        pay=pay,
        gateway="momo",
        total=181_000,
        payer_email=payer,
        effective_at=AT,
    )


def cancelled(pay: Any, reason: str, explanation: str) -> OrderCancelled:
    return OrderCancelled(
        order=ORDER, subject="srv-1", account="acme", action="renew", pay=pay, total=181_000, reason=reason,
        explanation=explanation, missing=0, effective_at=AT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pay", "payer"), [("top_up", None), ("gateway", None), ("on_behalf", "boss@acme.example")]
)
def test_payments_is_asked_for_the_whole_price_and_hold_for_nothing(pay: Any, payer: str | None) -> None:
    says, now = placed(pay)
    given(SERVER, *PRICES).when(Renew(pay=pay, **ASK)).then(says[0], request(pay, payer), now=now)


@pytest.mark.parametrize(
    "payer",
    [
        *(None, "", "boss", "sếp@acme.vn", "a@[x.vn", "a,b@x.vn", "x;y@z.vn", 'a"b@x.vn', "a\x00b@x.vn"),
        *("a@x.vn\n", "=?utf-8?q?=0A?=@x.vn", "a" * 65 + "@x.vn"),
    ],
)
def test_nobody_is_asked_to_pay_who_cannot_be_written_to(payer: str | None) -> None:
    assert why_not_outside("on_behalf", "momo", payer, 181_000) is Reason.PAYER_MISSING


def test_what_is_not_paid_is_called_off_once() -> None:
    _, now = placed("gateway")
    order, line, item = now
    gone = order.having(status="cancelled", failed=1)
    given(*now).when(FAILED, FAILED).then(
        cancelled("gateway", "payment_declined", "It was declined."),
        now=[gone, line.ended("failed", "payment_declined"), item.freed()],
    )


def test_another_order_that_is_not_paid_is_none_of_ours() -> None:
    given().when(FAILED).then()


def test_an_order_that_is_called_off_waits_for_no_payment_and_gives_back_what_was_charged_all_the_same() -> (
    None
):
    _, now = placed("top_up")
    order, line, item = now
    gone = order.having(status="cancelled", failed=1)
    charged = Charged(account="acme", order=ORDER, wallet="credit", amount=181_000, effective_at=AT)
    back = GiveBack(
        account="acme", wallet="credit", amount=181_000, why="order_cancelled", order=ORDER, effective_at=AT
    )
    given(*now).when(CancelOrder(account="acme", order=ORDER), charged).then(
        cancelled("top_up", "abandoned", "The customer abandoned the order."),
        AbandonPayment(order=ORDER, account="acme", effective_at=AT),
        back,
        now=[
            gone.having(received=181_000, given_back=181_000),
            line.ended("failed", "abandoned"),
            item.freed(),
        ],
    )


def test_no_payment_is_abandoned_where_there_is_none() -> None:
    _, (order, *_) = placed("credit")
    assert abandon(order, Cause(cause_id(1), "checkout", AT)) == ()
