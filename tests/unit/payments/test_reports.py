"""What gateways tell: kept as it came, and counted once, if it is right; and what time brings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.payments.reasons import Reason
from services.payments.state import Payment
from shared.contracts.payments import ChasePayments, PaymentLinkIssued, PaymentOpened
from shared.engine.decision import Slice
from tests.support.spec import cause_id
from tests.unit.payments.cases import (
    AT,
    CREDITED,
    FREE,
    MINUTE,
    OVER,
    PAID,
    PLACE,
    RECEIVED,
    TOP_UP,
    asked,
    failed,
    given,
    noted,
    payment,
    report,
    told,
)

DAY = timedelta(days=1)
PENDING = report("pending", by="create", pay_url="http://pay/1", link="http://door/pay/1")
THERE: dict[str, Any] = {"received": 3_000, "transaction": "77", "next_at": None, "pay_url": ""}


@pytest.mark.parametrize("status", ["asking", "pending"])
def test_money_that_is_there_pays_the_order_with_what_was_set_aside(status: str) -> None:
    """Also before the gateway has answered that there is such a payment."""
    given(payment(status=status)).when(PAID).then(
        noted(PAID, "taken"),
        RECEIVED,
        PLACE,
        now=[payment(status="charging", version=4, **THERE)],
        adds=[told(PAID, "taken")],
    )


def test_money_counts_once_however_often_it_is_told() -> None:
    given(payment()).when(PAID, PAID, PAID.model_copy(update={"by": "query"})).then(
        noted(PAID, "taken"),
        RECEIVED,
        PLACE,
        noted(PAID, "again"),
        noted(PAID.model_copy(update={"by": "query"}), "again"),
        now=[payment(status="charging", version=4, **THERE)],
        adds=[
            told(PAID, "taken"),
            told(PAID, "again", number=2),
            told(PAID.model_copy(update={"by": "query"}), "again", number=3),
        ],
    )


@pytest.mark.parametrize("status", ["failed", "abandoned", "closed"])
def test_money_that_comes_after_all_becomes_credit_and_is_announced(status: str) -> None:
    given(payment(status=status, next_at=None)).when(PAID).then(
        noted(PAID, "taken"),
        CREDITED,
        TOP_UP,
        now=[payment(status="credited", version=5, **THERE)],
        adds=[told(PAID, "taken")],
    )


@pytest.mark.parametrize("status", ["charging", "paid", "credited"])
def test_what_is_paid_once_more_is_credit_and_announced_once_however_often_it_is_told(status: Any) -> None:
    """Told in between is what was paid first: that stays what it is."""
    more = PAID.model_copy(update={"transaction": "78"})
    asks = (more, PAID, more.model_copy(update={"by": "query"}), more)
    verdicts = ("paid_again", "again", "again", "again")
    before = payment(status=status, **THERE)
    announced = (
        CREDITED.model_copy(update={"transaction": "78"}),
        TOP_UP.model_copy(update={"reference": "momo:78"}),
    )
    first, *later = (noted(ask, verdict) for ask, verdict in zip(asks, verdicts, strict=True))
    given(before).when(*asks).then(
        *(first, *announced, *later),
        now=[payment(status=status, version=4, paid_again=("78",), **THERE)],
        adds=[
            told(ask, verdict, number=n)
            for n, (ask, verdict) in enumerate(zip(asks, verdicts, strict=True), 1)
        ],
    )


def test_each_payment_of_the_same_order_is_credit() -> None:
    asks = [PAID.model_copy(update={"transaction": number}) for number in ("78", "79")]
    given(payment(status="paid", **THERE)).when(*asks).then(
        *(
            said
            for ask in asks
            for said in (
                noted(ask, "paid_again"),
                CREDITED.model_copy(update={"transaction": ask.transaction}),
                TOP_UP.model_copy(update={"reference": f"momo:{ask.transaction}"}),
            )
        ),
        now=[payment(status="paid", version=5, paid_again=("78", "79"), **THERE)],
        adds=[told(ask, "paid_again", number=number) for number, ask in enumerate(asks, 1)],
    )


@pytest.mark.parametrize(("first", "then"), [("77", ""), ("", "77")])
def test_a_payment_without_its_number_is_no_other(first: str, then: str) -> None:
    ask = PAID.model_copy(update={"transaction": then})
    given(payment(status="paid", **(THERE | {"transaction": first}))).when(ask).then(
        noted(ask, "again"), adds=[told(ask, "again")]
    )


def test_a_payment_nobody_knows_is_kept_and_does_not_count() -> None:
    given().when(PAID).then(noted(PAID, "payment_unknown"), adds=[told(PAID, "payment_unknown")])


def test_another_gateway_does_not_count() -> None:
    other = PAID.model_copy(update={"gateway": "zalopay"})
    given(payment()).when(other).then(noted(other, "gateway_differs"), adds=[told(other, "gateway_differs")])


def test_another_amount_does_not_count_and_the_gateway_is_asked_how_that_is() -> None:
    other = PAID.model_copy(update={"amount": 2_999})
    given(payment()).when(other).then(
        noted(other, "amount_differs"), asked("query"), adds=[told(other, "amount_differs")]
    )


def test_nothing_paid_of_what_nobody_was_asked_for_does_not_count() -> None:
    nothing = PAID.model_copy(update={"amount": 0, "by": "query"})
    given(payment(status="abandoned", amount=0)).when(nothing).then(
        noted(nothing, "amount_differs"), adds=[told(nothing, "amount_differs")]
    )


def test_another_amount_that_is_answered_is_not_asked_about_for_ever() -> None:
    other = PAID.model_copy(update={"amount": 2_999, "by": "query"})
    given(payment()).when(other).then(noted(other, "amount_differs"), adds=[told(other, "amount_differs")])


def test_a_page_to_pay_on_is_told() -> None:
    opened = PaymentOpened(
        order="o-1",
        account="acme",
        gateway="momo",
        amount=3_000,
        pay_url="http://pay/1",
        until=OVER,
        effective_at=AT,
    )
    given(payment(status="asking", pay_url="")).when(PENDING).then(
        noted(PENDING, "taken"), opened, now=[payment(version=4)], adds=[told(PENDING, "taken")]
    )


def test_somebody_else_who_is_to_pay_gets_a_link() -> None:
    boss = {"payer_email": "boss@acme.example"}
    issued = PaymentLinkIssued(
        order="o-1",
        account="acme",
        payer_email="boss@acme.example",
        amount=3_000,
        link="http://door/pay/1",
        until=OVER,
        effective_at=AT,
    )
    given(payment(status="asking", pay_url="", **boss)).when(PENDING).then(
        noted(PENDING, "taken"), issued, now=[payment(version=4, **boss)], adds=[told(PENDING, "taken")]
    )


@pytest.mark.parametrize("status", ["asking", "pending"])
def test_an_order_whose_page_the_gateway_does_not_tell_again_is_called_off_and_its_payment_watched(
    status: str,
) -> None:
    there = report("pending", by="create", code="41")
    given(payment(status=status, pay_url="")).when(there).then(
        noted(there, "taken"),
        failed(Reason.PAYMENT_DECLINED),
        FREE,
        now=[payment(status="abandoned", pay_url="", next_at=AT + MINUTE, version=4)],
        adds=[told(there, "taken")],
    )


def test_a_page_that_is_known_is_not_asked_for_again() -> None:
    there = report("pending", by="create", code="41")
    given(payment()).when(there).then(noted(there, "taken"), adds=[told(there, "taken")])


def test_a_payment_whose_page_nobody_knows_is_asked_for_it() -> None:
    there = report("pending")
    given(payment(status="asking", pay_url="")).when(there).then(
        noted(there, "taken"), asked("create"), adds=[told(there, "taken")]
    )


def test_a_payment_that_tells_that_it_is_under_way_is_waited_for() -> None:
    under_way = report("pending", by="callback")
    given(payment(status="asking", pay_url="")).when(under_way).then(
        noted(under_way, "taken"), now=[payment(pay_url="", version=4)], adds=[told(under_way, "taken")]
    )


@pytest.mark.parametrize("outcome", ["pending", "unclear"])
def test_what_says_nothing_new_changes_nothing(outcome: str) -> None:
    ask = report(outcome)
    given(payment()).when(ask).then(noted(ask, "taken"), adds=[told(ask, "taken")])


def test_a_no_calls_the_order_off_and_frees_what_was_set_aside() -> None:
    no = report("failed", code="1006")
    given(payment()).when(no).then(
        noted(no, "taken"),
        failed(Reason.PAYMENT_DECLINED),
        FREE,
        now=[payment(status="failed", next_at=None, version=4)],
        adds=[told(no, "taken")],
    )


def test_a_no_after_the_end_of_it_is_nothing_new() -> None:
    no = report("failed")
    given(payment(status="failed", next_at=None)).when(no).then(noted(no, "again"), adds=[told(no, "again")])


@pytest.mark.parametrize("outcome", ["failed", "absent"])
def test_a_payment_that_was_given_up_is_closed_by_a_no(outcome: str) -> None:
    no = report(outcome)
    given(payment(status="abandoned")).when(no).then(
        noted(no, "taken"),
        now=[payment(status="closed", next_at=None, version=4)],
        adds=[told(no, "taken")],
    )


def test_a_payment_that_was_given_up_is_watched_while_it_can_be_paid() -> None:
    ask = report("pending")
    given(payment(status="abandoned")).when(ask).then(noted(ask, "taken"), adds=[told(ask, "taken")])


def test_a_payment_the_gateway_never_heard_of_is_made_again_while_there_is_time() -> None:
    absent = report("absent")
    given(payment(status="asking")).when(absent).then(
        noted(absent, "taken"), asked("create"), adds=[told(absent, "taken")]
    )


def test_a_payment_the_gateway_never_heard_of_has_failed_when_its_time_is_over() -> None:
    absent = report("absent")
    given(payment(status="asking")).when(absent, at=OVER).then(
        noted(absent, "taken", OVER),
        failed(Reason.PAYMENT_DECLINED, OVER),
        FREE.model_copy(update={"effective_at": OVER}),
        now=[payment(status="failed", next_at=None, version=4)],
        adds=[told(absent, "taken", OVER)],
    )


@pytest.mark.parametrize(
    ("outcome", "at", "reason"),
    [("pending", OVER, Reason.PAYMENT_DECLINED), ("unclear", OVER + DAY, Reason.GATEWAY_SILENT)],
)
def test_an_order_nobody_has_paid_in_time_is_called_off_and_its_payment_watched(
    outcome: str, at: Any, reason: Reason
) -> None:
    ask = report(outcome)
    later = at + max(MINUTE, (at - AT) // 8)
    given(payment()).when(ask, at=at).then(
        noted(ask, "taken", at),
        failed(reason, at),
        FREE.model_copy(update={"effective_at": at}),
        now=[payment(status="abandoned", next_at=later, version=4)],
        adds=[told(ask, "taken", at)],
    )


def test_nobody_is_told_no_while_the_gateway_says_nothing_clear() -> None:
    ask = report("unclear")
    given(payment()).when(ask, at=OVER).then(noted(ask, "taken", OVER), adds=[told(ask, "taken", OVER)])


CHASE = ChasePayments(period="2026-03-06T02:01Z", shard=0, effective_at=AT + MINUTE)


def chased(before: Payment | None, at: Any) -> Any:
    known = () if before is None else (before,)
    return given(Slice(cause_id(1), ("o-1",)), *known).when(CHASE, at=at)


def test_a_gateway_is_asked_when_it_is_its_turn_and_ever_more_seldom() -> None:
    for at in (AT + MINUTE, AT + 16 * MINUTE):
        later = at + max(MINUTE, (at - AT) // 8)
        chased(payment(), at).then(asked("query", at), now=[payment(next_at=later, version=4)])


@pytest.mark.parametrize("before", [None, payment(next_at=None), payment(next_at=AT + 2 * MINUTE)])
def test_nobody_is_asked_whose_turn_it_is_not(before: Payment | None) -> None:
    chased(before, AT + MINUTE).then()


def test_a_payment_that_was_given_up_is_left_alone_after_some_days() -> None:
    chased(payment(status="abandoned"), OVER + 3 * DAY).then(
        now=[payment(status="closed", next_at=None, version=4)]
    )


def test_an_order_is_called_off_when_nobody_speaks_to_the_gateway_for_a_day() -> None:
    at = OVER + DAY
    later = at + (at - AT) // 8
    chased(payment(), at).then(
        failed(Reason.GATEWAY_SILENT, at),
        FREE.model_copy(update={"effective_at": at}),
        asked("query", at),
        now=[payment(status="abandoned", next_at=later, version=4)],
    )
