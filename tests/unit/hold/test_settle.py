"""Settle and PayFrom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.hold.held import Meter, Payment
from services.hold.reasons import Reason
from services.hold.state import Account, Entry, Transaction, TransactionKind
from shared.contracts.charges import PaidFrom, PayFrom, PayRefused, Settle, Settled, SettleRefused
from tests.support.spec import Case, cause_id
from tests.unit.hold.cases import given
from tests.unit.hold.metered import (
    A_DAY,
    DAY,
    DAY_0,
    ESTIMATE,
    SNAPSHOT_ESTIMATE,
    among,
    deleted,
    held,
    holding,
    meter,
    node,
)

# Midnight in Hanoi at the end of March, and use before it.
MONTH = datetime(2026, 3, 31, 17, 0, tzinfo=DAY_0.tzinfo)
BEFORE = MONTH - DAY
NEEDED = A_DAY + ESTIMATE


def settle(amount: int = A_DAY, resource: str | None = None, until: datetime = MONTH) -> Settle:
    return Settle(
        account="acme",
        invoice="i-1",
        product="vcontainer",
        resource=resource,
        amount=amount,
        until=until,
        effective_at=until,
    )


def settled(ask: Settle, paid: int, from_hold: int) -> Settled:
    return Settled(**dict(ask), paid=paid, from_hold=from_hold, outstanding=ask.amount - paid)


def not_settled(ask: Settle, reason: Reason) -> SettleRefused:
    return SettleRefused(**dict(ask), reason=reason.value, explanation=reason.sentence)


def paid(ask: Settle, amount: int, from_hold: int) -> Payment:
    return Payment("acme", "i-1/vcontainer", "i-1", "vcontainer", ask.amount, amount, from_hold)


def booked(
    amount: int, total: int, at: datetime = MONTH, kind: TransactionKind = "settle", sequence: int = 5
) -> Transaction:
    entries = (Entry("credit", -amount, total - amount), Entry("sales", amount))
    return Transaction("acme", sequence, kind, cause_id(1), at, entries, "i-1")


def test_settle_pays_out_of_the_hold_and_holds_for_what_comes() -> None:
    ask, before = settle(), held(A_DAY, ESTIMATE, NEEDED, MONTH)
    hold = held(0, ESTIMATE, ESTIMATE, MONTH)
    given(holding(before, total=NEEDED), meter(since=BEFORE), among("node-1")).when(ask, at=MONTH).then(
        settled(ask, A_DAY, A_DAY),
        now=[
            *(holding(hold, total=ESTIMATE, transactions=5), hold),
            *(meter(since=MONTH), among("node-1"), paid(ask, A_DAY, A_DAY)),
        ],
        adds=[booked(A_DAY, NEEDED)],
    )


def test_settle_lets_go_of_what_was_held_beyond_the_amount() -> None:
    ask = settle(A_DAY, "node-1", BEFORE)
    over = meter(None, BEFORE, ("2026-03", A_DAY + 5))
    before, hold = held(A_DAY + 5, 0, A_DAY + 5, BEFORE), held(0, 0, 0, BEFORE)
    given(holding(before), over, among("node-1")).when(ask, at=BEFORE).then(
        settled(ask, A_DAY, A_DAY),
        now=[
            *(holding(hold, total=1_000_000 - A_DAY, transactions=5), hold),
            *(replace(over, closed=()), among(), paid(ask, A_DAY, A_DAY)),
        ],
        adds=[booked(A_DAY, 1_000_000, BEFORE)],
    )


def test_settle_pays_what_the_hold_is_short_of_out_of_available_credit() -> None:
    ask, before = settle(), held(A_DAY, 0, 10_000, MONTH)
    hold, over = held(0, 0, 0, MONTH), meter(None, MONTH, ("2026-03", A_DAY))
    given(holding(before, total=15_000), over, among("node-1")).when(ask, at=MONTH).then(
        settled(ask, A_DAY, 10_000),
        now=[
            *(holding(hold, total=15_000 - A_DAY, transactions=5), hold),
            *(replace(over, closed=()), among(), paid(ask, A_DAY, 10_000)),
        ],
        adds=[booked(A_DAY, 15_000)],
    )


def test_settle_pays_partly_where_neither_is_enough() -> None:
    ask, before = settle(), held(A_DAY, ESTIMATE, 10_000, MONTH, debt_days=3)
    hold = held(0, ESTIMATE, 0, MONTH, debt_days=3)
    given(holding(before, total=10_000), meter(since=BEFORE), among("node-1")).when(ask, at=MONTH).then(
        settled(ask, 10_000, 10_000),
        now=[
            *(holding(hold, total=0, transactions=5), hold),
            *(meter(since=MONTH), among("node-1"), paid(ask, 10_000, 10_000)),
        ],
        adds=[booked(10_000, 10_000)],
    )


def test_settle_leaves_what_other_products_hold_alone() -> None:
    other = held(0, SNAPSHOT_ESTIMATE, SNAPSHOT_ESTIMATE, product="snapshot")
    ask = settle()
    given(holding(other, total=SNAPSHOT_ESTIMATE + 7)).when(ask, at=MONTH).then(
        settled(ask, 7, 0),
        now=[holding(other, total=SNAPSHOT_ESTIMATE, transactions=5), paid(ask, 7, 0)],
        adds=[booked(7, SNAPSHOT_ESTIMATE + 7)],
    )


def test_settle_of_one_resource_leaves_the_use_of_the_others() -> None:
    ask = settle(A_DAY, "node-1", BEFORE)
    before = held(2 * A_DAY, ESTIMATE, 2 * A_DAY + ESTIMATE, BEFORE)
    hold = held(A_DAY, ESTIMATE, NEEDED, BEFORE)
    over, goes_on = meter(None, BEFORE, ("2026-03", A_DAY)), meter(since=BEFORE - DAY, resource="node-2")
    given(holding(before), over, goes_on, among("node-1", "node-2")).when(ask, at=BEFORE).then(
        settled(ask, A_DAY, A_DAY),
        now=[
            *(holding(hold, total=1_000_000 - A_DAY, transactions=5), hold),
            *(replace(over, closed=()), among("node-2"), paid(ask, A_DAY, A_DAY)),
        ],
        adds=[booked(A_DAY, 1_000_000, BEFORE)],
    )


def test_settle_of_a_month_leaves_the_use_of_the_next() -> None:
    ask, now = settle(), MONTH + timedelta(hours=1)
    over = meter(None, MONTH + timedelta(minutes=30), ("2026-03", A_DAY), ("2026-04", 251))
    before, hold = held(A_DAY + 251, 0, A_DAY + 251, now), held(251, 0, 251, now)
    given(holding(before), over, among("node-1")).when(ask, at=MONTH).then(
        settled(ask, A_DAY, A_DAY),
        now=[
            *(holding(hold, total=1_000_000 - A_DAY, transactions=5), hold),
            *(replace(over, closed=(("2026-04", 251),)), among("node-1"), paid(ask, A_DAY, A_DAY)),
        ],
        adds=[booked(A_DAY, 1_000_000)],
    )


def test_settle_that_comes_before_the_end_it_settles_leaves_nothing_to_be_held_after_it() -> None:
    ask, began = settle(A_DAY, "node-1", BEFORE), BEFORE - DAY
    case = given(holding(held(0, ESTIMATE, ESTIMATE, began)), meter(since=began), among("node-1"))
    case.when(ask, deleted(node(), BEFORE), at=BEFORE)
    nothing = held(0, 0, 0, BEFORE)
    assert case.decisions[1].changes == (
        holding(nothing, total=1_000_000 - A_DAY, transactions=5),
        *(nothing, meter(None, BEFORE), among()),
    )


@pytest.mark.parametrize("is_heard", [True, False])
def test_settle_of_one_resource_leaves_the_month_before_until_that_is_settled_itself(is_heard: bool) -> None:
    # A day of March and a day of April: it was deleted before March was on record, and that may be heard of later.
    end, both, running = MONTH + DAY, (("2026-03", A_DAY), ("2026-04", A_DAY)), meter(since=BEFORE)
    known = meter(None, end, *both) if is_heard else running
    of_april, of_march = settle(A_DAY, "node-1", end), settle(A_DAY).model_copy(update={"invoice": "i-2"})
    first = held(2 * A_DAY, 0, 2 * A_DAY, end) if is_heard else held(2 * A_DAY, ESTIMATE, A_DAY + NEEDED, end)
    case = given(holding(first), known, among("node-1")).when(of_april, deleted(node(), end), at=end)
    kept, nothing = held(A_DAY, 0, A_DAY, end), held(0, 0, 0, end)
    assert now(case) == (holding(kept, total=1_000_000 - A_DAY, transactions=5), meter(None, end, both[0]))
    case.when(of_march)
    left = holding(nothing, total=1_000_000 - 2 * A_DAY, transactions=6)
    assert now(case) == (left, meter(None, end))
    assert case.decisions[-1].says == (settled(of_march, A_DAY, A_DAY),)


def now(case: Case) -> tuple[Account | None, Meter | None]:
    return case.known.get(Account, "acme"), case.known.get(Meter, "acme/node-1")


def test_settle_of_nothing_lets_go_of_the_use_of_its_month_and_books_nothing() -> None:
    ask, over = settle(0), meter(None, BEFORE, ("2026-03", A_DAY))
    before, hold = held(A_DAY, 0, A_DAY, MONTH), held(0, 0, 0, MONTH)
    given(holding(before), over, among("node-1")).when(ask, at=MONTH).then(
        settled(ask, 0, 0),
        now=[holding(hold), hold, replace(over, since=MONTH, closed=()), among(), paid(ask, 0, 0)],
    )


def test_settle_asked_again_is_answered_alike_and_pays_nothing_more() -> None:
    ask = settle()
    case = given(holding(held(A_DAY, 0, 10_000, MONTH), total=10_000)).when(ask, ask, at=MONTH)
    assert case.decisions[1].says == case.decisions[0].says == (settled(ask, 10_000, 10_000),)
    assert case.decisions[1].changes == case.decisions[1].adds == ()


def test_settle_of_nothing_is_answered_and_books_nothing() -> None:
    given(holding()).when(settle(0), at=MONTH).then(
        settled(settle(0), 0, 0), now=[holding(), paid(settle(0), 0, 0)]
    )


def test_settle_is_refused_with_its_reason() -> None:
    given().when(settle(), at=MONTH).then(not_settled(settle(), Reason.ACCOUNT_UNKNOWN))
    given(holding()).when(settle(-1), at=MONTH).then(not_settled(settle(-1), Reason.AMOUNT_NEGATIVE))
    given(holding(), paid(settle(), 5, 0)).when(settle(7), at=MONTH).then(
        not_settled(settle(7), Reason.SETTLED_OTHERWISE)
    )


def pay(amount: int = 500, payment: str = "p-1") -> PayFrom:
    return PayFrom(account="acme", invoice="i-1", payment=payment, amount=amount, effective_at=MONTH)


def paid_from(ask: PayFrom, amount: int) -> PaidFrom:
    return PaidFrom(**dict(ask), paid=amount, outstanding=ask.amount - amount)


def payment(amount: int, of: int = 500) -> Payment:
    return Payment("acme", "p-1", "i-1", None, of, amount)


def refused(ask: PayFrom, reason: Reason) -> PayRefused:
    return PayRefused(**dict(ask), reason=reason.value, explanation=reason.sentence)


@pytest.mark.parametrize(("total", "paid_now"), [(900, 500), (800, 500), (700, 400), (301, 1)])
def test_pay_from_pays_what_is_available_and_nothing_that_is_held(total: int, paid_now: int) -> None:
    hold = held(0, 300, 300)
    given(holding(hold, total=total)).when(pay(), at=MONTH).then(
        paid_from(pay(), paid_now),
        now=[holding(hold, total=total - paid_now, transactions=5), payment(paid_now)],
        adds=[booked(paid_now, total, kind="payment")],
    )


def test_pay_from_pays_nothing_in_debt() -> None:
    short = held(0, 900, 300)
    given(holding(short, total=300)).when(pay(), at=MONTH).then(
        paid_from(pay(), 0), now=[holding(short, total=300), payment(0)]
    )


def test_pay_from_asked_again_is_answered_alike_and_pays_nothing_more() -> None:
    case = given(holding(total=700)).when(pay(), pay(), at=MONTH)
    assert case.decisions[1].says == case.decisions[0].says == (paid_from(pay(), 500),)
    assert case.decisions[1].changes == case.decisions[1].adds == ()


@pytest.mark.parametrize("amount", [0, -1])
def test_pay_from_is_refused_with_its_reason(amount: int) -> None:
    given().when(pay(), at=MONTH).then(refused(pay(), Reason.ACCOUNT_UNKNOWN))
    given(holding(), payment(5)).when(pay(amount), at=MONTH).then(refused(pay(amount), Reason.PAID_OTHERWISE))
    given(holding()).when(pay(amount), at=MONTH).then(refused(pay(amount), Reason.AMOUNT_NOT_POSITIVE))
