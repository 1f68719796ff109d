"""An order is to be paid from outside, or not any more; and what hold answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.payments.reasons import Reason
from services.payments.rules import snapshot
from services.payments.rules.answers import requested
from services.payments.state import Payment
from shared.contracts.charges import Charged, ChargeRefused
from shared.contracts.payments import (
    MOST_PAID_VND,
    AbandonPayment,
    PaymentAbandoned,
    PaymentFailed,
    RequestPayment,
)
from shared.contracts.reserving import CreditReserved, ReserveCredit, ReserveRefused
from tests.unit.payments.cases import (
    AT,
    BEGUN,
    CREDITED,
    FREE,
    MINUTE,
    PLACE,
    TOP_UP,
    asked,
    failed,
    given,
    payment,
)

ASK = RequestPayment(order="o-1", account="acme", pay="top_up", gateway="momo", total=700, effective_at=AT)
RESERVE = ReserveCredit(account="acme", order="o-1", amount=700, effective_at=AT)
CHARGED = Charged(account="acme", order="o-1", wallet="credit", amount=5_000, effective_at=AT)
REFUSED = ChargeRefused(
    **dict(CHARGED), reason="credit_short", explanation="Less credit is available than that.", missing=1
)


def reserved(amount: int, total: int = 5_000) -> CreditReserved:
    return CreditReserved(account="acme", order="o-1", amount=total, reserved=amount, effective_at=AT)


def test_an_order_to_be_paid_begins_with_all_credit_set_aside() -> None:
    given().when(ASK).then(requested(BEGUN), RESERVE, now=[BEGUN])


@pytest.mark.parametrize(("pay", "lasts"), [("gateway", 15 * MINUTE), ("on_behalf", timedelta(days=3))])
def test_no_credit_is_set_aside_where_all_is_paid_from_outside(pay: Any, lasts: timedelta) -> None:
    ask = ASK.model_copy(update={"pay": pay, "payer_email": "boss@acme.example"})
    begun = replace(BEGUN, pay=pay, payer_email="boss@acme.example", until=AT + lasts)
    given().when(ask).then(requested(begun), RESERVE.model_copy(update={"amount": 0}), now=[begun])


@pytest.mark.parametrize(
    ("pay", "payer"), [("on_behalf", None), ("on_behalf", "boss@acme"), ("gateway", "a@b.example?x")]
)
def test_an_order_is_not_paid_by_somebody_who_cannot_be_written_to(pay: Any, payer: str | None) -> None:
    ask = ASK.model_copy(update={"pay": pay, "payer_email": payer})
    given().when(ask, ask).then(failed(Reason.PAYER_MISSING), failed(Reason.PAYER_MISSING))


def test_asked_again_it_is_answered_alike_and_nothing_is_set_aside_again() -> None:
    given(BEGUN).when(ASK).then(requested(BEGUN))


def test_a_gateway_is_asked_for_the_rest() -> None:
    begun = payment(status="reserving", reserved=0, amount=0, pay_url="", next_at=None, version=1)
    waiting = payment(status="asking", pay_url="")
    given(begun).when(reserved(2_000)).then(asked("create"), now=[waiting])


def test_a_rest_below_what_a_gateway_takes_is_rounded_up_to_it() -> None:
    begun = payment(status="reserving", reserved=0, amount=0, pay_url="", next_at=None, version=1)
    waiting = payment(status="asking", reserved=4_999, amount=1_000, pay_url="")
    given(begun).when(reserved(4_999)).then(asked("create", amount=1_000), now=[waiting])


def test_no_gateway_is_asked_where_credit_is_enough() -> None:
    begun = payment(status="reserving", reserved=0, amount=0, pay_url="", next_at=None, version=1)
    charging = payment(status="charging", reserved=5_000, amount=0, pay_url="", next_at=None)
    place = PLACE.model_copy(update={"received": 0})
    given(begun).when(reserved(5_000)).then(place, now=[charging])


def test_more_than_a_gateway_takes_fails_and_frees_what_was_set_aside() -> None:
    total = MOST_PAID_VND + 2_001
    begun = payment(
        status="reserving", reserved=0, amount=0, pay_url="", next_at=None, version=1, total=total
    )
    after = payment(status="failed", amount=0, pay_url="", next_at=None, total=total)
    given(begun).when(reserved(2_000, total)).then(failed(Reason.PAYMENT_TOO_LARGE), FREE, now=[after])


@pytest.mark.parametrize("before", [None, payment(), payment(status="paid", received=3_000)])
def test_hold_answering_again_or_another_order_changes_nothing(before: Payment | None) -> None:
    known = () if before is None else (before,)
    refused = ReserveRefused(**dict(RESERVE), reason="account_unknown", explanation="There is none.")
    given(*known).when(reserved(2_000), refused, CHARGED, REFUSED).then()


def test_nobody_is_asked_for_money_for_an_account_that_is_not_there() -> None:
    why = {"reason": "account_unknown", "explanation": "There is no such account."}
    told = PaymentFailed.model_validate({"order": "o-1", "account": "acme", "effective_at": AT} | why)
    given(BEGUN).when(ReserveRefused.model_validate(dict(RESERVE) | why)).then(
        told, now=[replace(BEGUN, status="closed", version=2)]
    )


def test_an_order_that_is_charged_is_paid() -> None:
    before = payment(status="charging", received=3_000)
    given(before).when(CHARGED).then(now=[payment(status="paid", received=3_000, version=4)])


def test_money_for_an_order_that_cannot_be_charged_becomes_credit() -> None:
    before = payment(status="charging", received=3_000, transaction="77", next_at=None)
    after = payment(status="credited", received=3_000, transaction="77", next_at=None, version=4)
    given(before).when(REFUSED).then(CREDITED, TOP_UP, FREE, now=[after])


def test_credit_alone_that_cannot_be_charged_is_let_go() -> None:
    before = payment(status="charging", amount=0)
    given(before).when(REFUSED).then(FREE, now=[payment(status="failed", amount=0, version=4)])


ABANDON = AbandonPayment(order="o-1", account="acme", effective_at=AT)
ABANDONED = PaymentAbandoned(order="o-1", account="acme", effective_at=AT)


def test_a_payment_nobody_waits_for_is_watched_and_its_credit_free() -> None:
    given(payment()).when(ABANDON).then(ABANDONED, FREE, now=[payment(status="abandoned", version=4)])


@pytest.mark.parametrize("before", [None, payment(status="charging"), payment(status="abandoned")])
def test_abandoning_what_is_not_waited_for_changes_nothing(before: Payment | None) -> None:
    given(*(() if before is None else (before,))).when(ABANDON).then(ABANDONED)


def test_credit_set_aside_for_what_was_abandoned_meanwhile_is_let_go() -> None:
    given(BEGUN).when(ABANDON, reserved(200, 700)).then(
        ABANDONED, FREE, now=[replace(BEGUN, status="closed", reserved=200, version=4)]
    )


def test_everyone_may_know_how_a_payment_stands() -> None:
    told = snapshot(payment())
    assert (told.status, told.amount, told.pay_url, told.version) == ("pending", 3_000, "http://pay/1", 3)
