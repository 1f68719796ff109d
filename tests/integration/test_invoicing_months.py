"""The month in a real PostgreSQL: slice by slice, killed and begun again anywhere, at the same time by many, the same result
once; and what is owed is paid by rows."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from services.invoicing import books
from services.invoicing.metered import MonthRecord
from services.invoicing.rules import snapshot
from services.invoicing.service import INVOICING
from services.invoicing.state import Invoice, Owed
from shared.contracts.charges import PaidFrom, PayFrom
from shared.contracts.lifecycle import ResourceCreated, ResourceDeleted, ResourceResized
from shared.contracts.message import Message
from shared.contracts.months import RecordMonth
from shared.contracts.owed import PayInvoice, PayOwed
from shared.engine import slices
from shared.engine.decision import Cause, Known, Slice
from shared.engine.service import Ask
from shared.shards import SHARDS, shard_of
from tests.integration.test_invoicing_store import (
    APRIL,
    HOUR,
    STORE,
    asked,
    connected,
    decided,
    invoicing,
    month_of,
    run_batch,
    settled,
)
from tests.support.seeds import seeded_random
from tests.unit.invoicing.cases import AT, metered, told_of_node

pytestmark = pytest.mark.postgres

__all__ = ["invoicing"]

ACCOUNTS: Final = [f"account-{number:02}" for number in range(40)]
LATER: Final = APRIL + timedelta(days=1)


async def live(conn: asyncpg.Connection) -> None:
    """Nodes of many accounts: some go on, some have two configurations, some have ended."""
    random = seeded_random()
    asks = []
    for number, account in enumerate(ACCOUNTS * 3):
        about = {"account": account, "resource": f"node-{number}"}
        if number % 3 == 2:
            about["billing"] = "postpaid"
        at = AT + random.randint(0, 200) * HOUR
        asks.append(asked(told_of_node(ResourceCreated, at, **about)))
        if random.random() < 0.5:
            at += random.randint(1, 200) * HOUR
            asks.append(asked(told_of_node(ResourceResized, at, **about, metered=metered(3))))
        if random.random() < 0.5:
            at += random.randint(1, 200) * HOUR
            asks.append(asked(told_of_node(ResourceDeleted, at, **about)))
    await run_batch(conn, asks)


async def close(conn: asyncpg.Connection, shard: int, *, crashes: bool = False) -> int:
    """One share of the month, slice by slice as the engine does it; how many slices that were."""
    after, made, more = "", 0, True
    while more:
        ask = asked(RecordMonth(period="2026-03", shard=shard, after=after, effective_at=APRIL))
        if crashes:
            await crash(conn, ask)
        known = await run_batch(conn, [ask])
        found = known.get(Slice, ask.cause.id)
        assert found is not None
        made, more = made + 1, found.more
        after = found.keys[-1] if found.keys else after
    return made


async def crash(conn: asyncpg.Connection, ask: Ask) -> None:
    transaction = conn.transaction()
    await transaction.start()
    known = Known()
    await STORE.load(conn, [ask], known)
    decided(known, [ask])
    await STORE.save(conn, known)
    await transaction.rollback()


async def documents(conn: asyncpg.Connection) -> list[list[tuple[Any, ...]]]:
    """All that the month has made, but for the ids of the messages that made it."""
    return [
        [tuple(row) for row in await conn.fetch(query)]
        for query in (
            "select account_id, month, sequence, resource_id, money_vnd, totals, invoice_id from invoice order by 1, 2, 3",
            "select account_id, month, amount_vnd, totals, lines, invoice_id, effective_at from month_record order by 1",
            "select account_id, usage_id, starts_at, until_at, units, amount_vnd, invoice_id from use_line order by 1, 2, 3",
            "select invoice_id, account_id, outstanding_vnd, asked_by, awaited from owed order by 1",
        )
    ]


@pytest.fixture
async def lived(invoicing: str) -> str:
    """The DSN of a database on which March has been lived."""
    async with connected(invoicing) as conn:
        await live(conn)
    return invoicing


async def test_a_month_closed_in_small_slices_with_crashes_and_twice_is_the_same_once(
    lived: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(lived) as conn:
        transaction = conn.transaction()
        await transaction.start()
        for shard in range(SHARDS):
            assert await close(conn, shard) == 1
        at_once = await documents(conn)
        await transaction.rollback()
        monkeypatch.setattr(slices, "MOST_KEYS", 2)
        made = [await close(conn, shard, crashes=True) for shard in range(SHARDS)]
        in_slices = await documents(conn)
        for shard in range(SHARDS):
            await close(conn, shard)
        assert max(made) > 2
        assert at_once == in_slices == await documents(conn)
        assert len(at_once[1]) == len(ACCOUNTS)


async def test_a_month_closed_by_many_at_once_is_recorded_once(lived: str) -> None:
    async def work() -> None:
        async with connected(lived) as conn:
            for shard in range(SHARDS):
                await close(conn, shard)

    await asyncio.gather(*(work() for _ in range(4)))
    async with connected(lived) as conn:
        assert await conn.fetchval("select count(*) from month_record") == len(ACCOUNTS)


async def test_a_record_adds_up_and_every_minute_of_it_is_there_once(lived: str) -> None:
    async with connected(lived) as conn:
        for shard in range(SHARDS):
            await close(conn, shard)
        assert [tuple(row) for row in await conn.fetch(_DIFFERENCES)] == []
        minutes, used = await conn.fetchrow(_MINUTES)
        assert minutes == used > 0
        # What goes on is due again; what has ended is forgotten.
        assert await conn.fetchval("select count(*) from due_use where until_at is not null") == 0
        assert await conn.fetchval("select count(*) from due_use where recorded_until <> $1", APRIL) == 0


_DIFFERENCES: Final = """
select 'record' as what, account_id from month_record
where amount_vnd <> (select sum(amount_vnd) from use_line where use_line.account_id = month_record.account_id)
union all
select 'invoice', account_id from invoice
where line is null and money_vnd <> (select sum(amount_vnd) from use_line where use_line.invoice_id = invoice.invoice_id)
"""
_MINUTES: Final = """
select (select sum(units) from use_line), (
  select sum(extract(epoch from least(coalesce(until_at, 'infinity'), '2026-03-31T17:00Z') - starts_at) / 60)::bigint
  from usage left join usage_end using (usage_id)
)
"""


def pay_owed(account: str = "acme") -> PayOwed:
    return PayOwed(period="2026-04-01", shard=shard_of(account), effective_at=LATER)


async def asked_of_hold(conn: asyncpg.Connection, *messages: Message) -> list[PayFrom]:
    """What hold is asked when these are decided."""
    found: list[PayFrom] = []
    known = Known()
    async with conn.transaction():
        asks = [_ask(message) for message in messages]
        await STORE.load(conn, asks, known)
        for ask in asks:
            decision = INVOICING.rules[type(ask.message)](ask.message, known, ask.cause)
            known.apply(decision)
            found += [said for said in decision.says if isinstance(said, PayFrom)]
        await STORE.save(conn, known)
    return found


def _ask(message: Message) -> Ask:
    if "effective_at" in type(message).model_fields:
        return asked(message)
    ask = asked(pay_owed())
    return ask._replace(key=message.key, message=message, cause=Cause(ask.cause.id, "invoicing", LATER))


async def test_what_is_owed_is_paid_in_parts_and_then_forgotten(invoicing: str) -> None:
    async with connected(invoicing) as conn:
        await run_batch(conn, [asked(told_of_node(ResourceCreated, billing="postpaid"))])
        known = await run_batch(conn, [asked(month_of("acme"))])
        [(invoice, _)] = known.changed(Invoice)
        # Nothing is asked for what was issued at that very instant, nor twice for the same.
        at_once = pay_owed().model_copy(update={"effective_at": APRIL})
        assert await asked_of_hold(conn, at_once) == []
        [first] = await asked_of_hold(conn, pay_owed())
        assert (first.invoice, first.amount) == (invoice.id, invoice.amount)
        assert await asked_of_hold(conn, pay_owed(), PayInvoice(account="acme", invoice=invoice.id)) == []
        await run_batch(conn, [asked(paid(first, 100_000))])
        assert await conn.fetchval("select outstanding_vnd from owed") == invoice.amount - 100_000
        [second] = await asked_of_hold(conn, PayInvoice(account="acme", invoice=invoice.id))
        assert second.amount == invoice.amount - 100_000
        known = await run_batch(conn, [asked(paid(second, second.amount))])
        assert await conn.fetchval("select count(*) from owed") == 0
        assert await asked_of_hold(conn, PayInvoice(account="acme", invoice=invoice.id)) == []
        assert await asked_of_hold(conn, PayInvoice(account="acme", invoice="no-such")) == []
        [(after, _)] = known.changed(Invoice)
    [told] = await books.invoices(invoicing, "acme")
    assert told == snapshot(after)
    assert (told.status, told.paid, told.version) == ("paid", invoice.amount, 3)
    payments = await books.payments(invoicing, UUID(invoice.id))
    assert [(one.amount, one.paid_by) for one in payments] == [
        (100_000, "auto_payment"),
        (second.amount, "command"),
    ]


def paid(ask: PayFrom, amount: int) -> PaidFrom:
    return PaidFrom.model_validate(dict(ask) | {"paid": amount, "outstanding": ask.amount - amount})


async def test_the_books_tell_how_an_invoice_for_use_came_about(invoicing: str) -> None:
    async with connected(invoicing) as conn:
        await run_batch(conn, [asked(told_of_node(ResourceCreated))])
        known = await run_batch(conn, [asked(told_of_node(ResourceDeleted, AT + 24 * HOUR))])
        [(owed, _)] = known.changed(Owed)
        await run_batch(conn, [asked(settled(owed.invoice, owed.outstanding))])
        record = await run_batch(conn, [asked(month_of("acme"))])
        [(month, _)] = record.changed(MonthRecord)
    [line] = await books.uses(invoicing, UUID(owed.invoice))
    assert (line.units, line.amount, line.invoice) == (1_440, month.amount, owed.invoice)
    [found] = [one async for one in books.record(invoicing, "2026-03")]
    assert (found.number, found.settled, found.invoice_from_hold) == ("2026-03-000001", "paid", month.amount)
    status = await books.month_status(invoicing, "2026-03", APRIL)
    assert (status.accounts, status.waiting, status.invoices, status.unpaid) == (1, 0, 1, 0)
    assert status.amount == status.invoiced == status.paid == month.amount


async def test_use_that_was_there_before_months_were_recorded_is_due_in_its_share(lived: str) -> None:
    migration = (INVOICING.migrations / "0003_use_that_was_there.sql").read_text()
    read = "select usage_id, account_id, shard, recorded_until, until_at from due_use order by 1"
    async with connected(lived, "postgres") as owner:
        before = await owner.fetch(read)
        await owner.execute("set session_replication_role = replica")
        await owner.execute("delete from due_use; delete from use_line")
        await owner.execute(migration)
        assert await owner.fetch(read) == before
        await owner.execute(migration)
        assert await owner.fetch(read) == before
