"""payments' tables in a real PostgreSQL: what is saved is found again, and its role may do just what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import pytest

from services.payments import books
from services.payments.rules import RULES, snapshot
from services.payments.service import PAYMENTS
from services.payments.state import Payment
from services.payments.store import PaymentsStore
from shared.contracts.message import Message
from shared.contracts.payments import ChasePayments, ReportPayment, RequestPayment
from shared.contracts.reserving import CreditReserved
from shared.engine.decision import Decision, Known, Slice
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from shared.shards import shard_of
from tests.support.stores import asked_of, connected_to

pytestmark = pytest.mark.postgres

AT: Final = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
STORE: Final = PaymentsStore()
SHARD: Final = shard_of("acme")
REQUEST: Final = RequestPayment(
    order="o-1", account="acme", pay="top_up", gateway="momo", total=5_000, effective_at=AT
)
RESERVED: Final = CreditReserved(account="acme", order="o-1", amount=5_000, reserved=2_000, effective_at=AT)
PAID: Final = ReportPayment(
    order="o-1", gateway="momo", by="callback", outcome="paid", amount=3_000, transaction="77", raw='{"a": 1}'
)


@pytest.fixture
async def payments(database: str) -> str:
    """The DSN of a database with payments' schema."""
    await migrate(database, [PAYMENTS])
    return database


def connected(dsn: str) -> AbstractAsyncContextManager[asyncpg.Connection]:
    return connected_to(PAYMENTS, dsn, PAYMENTS.role)


def asked(message: Message, at: datetime = AT) -> Ask:
    return asked_of(PAYMENTS, message, at)


async def run_batch(dsn: str, asks: Sequence[Ask]) -> Known:
    """What the engine does between begin and commit."""
    known = Known()
    async with connected(dsn) as conn, conn.transaction():
        await STORE.load(conn, asks, known)
        for ask in asks:
            decision = RULES[type(ask.message)](ask.message, known, ask.cause)
            known.apply(decision)
            for message in decision.says:
                if message.form == "event":
                    known.next_sequence(Payment, message.key)
        await STORE.save(conn, known)
    return known


async def kept(dsn: str) -> tuple[Payment | None, int]:
    known = Known()
    async with connected(dsn) as conn, conn.transaction():
        await STORE.lock(conn, Payment, ["o-1"], known)
        found = known.get(Payment, "o-1")
        return found, known.row(Payment, "o-1")[1] if found else 0


async def test_what_is_saved_is_found_again_step_by_step(payments: str) -> None:
    before: Payment | None = None
    for message, status, sequence in (
        (REQUEST, "reserving", 1),
        (RESERVED, "asking", 2),
        (PAID, "charging", 4),
        (PAID.model_copy(update={"transaction": "78"}), "charging", 6),
    ):
        known = await run_batch(payments, [asked(message)])
        found, said = await kept(payments)
        assert found is not None
        assert (found, said) == (known.get(Payment, "o-1"), sequence)
        assert found.status == status
        assert found != before
        before = found
    assert before is not None
    assert await books.payment(payments, "o-1") == snapshot(before)
    assert await books.payment(payments, "o-2") is None


async def test_what_was_told_is_kept_as_it_came(payments: str) -> None:
    await run_batch(payments, [asked(REQUEST), asked(PAID), asked(replace_order(PAID))])
    async with connected(payments) as conn:
        told = await conn.fetch(
            "select order_id, verdict, raw, amount_vnd from payments.told order by order_id"
        )
    assert [tuple(row) for row in told] == [
        ("o-1", "amount_differs", '{"a": 1}', 3_000),
        ("o-9", "payment_unknown", '{"a": 1}', 3_000),
    ]


def replace_order(report: ReportPayment) -> ReportPayment:
    return report.model_copy(update={"order": "o-9"})


async def test_a_slice_is_those_whose_turn_it_is_in_the_share_that_is_asked(payments: str) -> None:
    orders = [f"o-{number}" for number in range(5)]
    asks = [asked(REQUEST.model_copy(update={"order": order})) for order in orders]
    asks += [asked(RESERVED.model_copy(update={"order": order})) for order in orders]
    await run_batch(payments, asks)
    later = AT + timedelta(minutes=1)
    async with connected(payments) as conn:
        assert await STORE.first_next(conn) == later
    for shard, after, at, found in (
        (SHARD, "", later, orders),
        (SHARD, "o-2", later, orders[3:]),
        (SHARD, "", AT, []),
        ((SHARD + 1) % 12, "", later, []),
    ):
        ask = asked(ChasePayments(period="p", shard=shard, after=after, effective_at=at), at)
        known = Known()
        async with connected(payments) as conn, conn.transaction():
            await STORE.load(conn, [ask], known)
        sliced = known.get(Slice, ask.cause.id)
        assert sliced is not None
        assert list(sliced.keys) == found


async def test_nothing_waits_for_its_turn_where_nobody_is_to_be_asked(payments: str) -> None:
    async with connected(payments) as conn:
        assert await STORE.first_next(conn) is None


async def test_the_database_refuses_money_that_does_not_fit(payments: str) -> None:
    await run_batch(payments, [asked(REQUEST), asked(RESERVED)])
    found, _ = await kept(payments)
    assert found is not None
    for wrong in (
        replace(found, received=1),
        replace(found, status="paid"),
        replace(found, status="credited"),
    ):
        known = Known()
        known.put(found)
        known.apply(Decision((wrong,)))
        async with connected(payments) as conn:
            with pytest.raises(asyncpg.CheckViolationError):
                await STORE.save(conn, known)


@pytest.mark.parametrize(
    "forbidden",
    [
        "delete from payments.told",
        "update payments.told set raw = ''",
        "update payments.payment set total_vnd = 1",
        "delete from payments.payment",
    ],
)
async def test_the_role_changes_neither_what_was_asked_for_nor_what_was_told(
    payments: str, forbidden: str
) -> None:
    async with connected(payments) as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(forbidden)
