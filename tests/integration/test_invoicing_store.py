"""invoicing's tables in a real PostgreSQL: what is saved is found again, numbers have no gap whoever writes at once, and
the database itself refuses what can never be true."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from services.invoicing import books
from services.invoicing.metered import DueUse, Usage, UsageEnd, UseLine
from services.invoicing.rules import RULES, snapshot
from services.invoicing.service import INVOICING
from services.invoicing.state import AccountBooks, Closing, Invoice, MonthBook, Owed, Resource
from services.invoicing.store import InvoicingStore
from shared.contracts.charges import Settled
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceDeleted,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.message import Event, Message
from shared.contracts.months import RecordMonth
from shared.engine.decision import Known
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from shared.period import to_minute
from shared.shards import shard_of
from tests.integration.test_grants import QUERY
from tests.support.seeds import seeded_random
from tests.support.stores import asked_of, connected_to
from tests.unit.invoicing.cases import AT, line, metered, reported, told, told_of_node, told_of_snapshot

pytestmark = pytest.mark.postgres

STORE: Final = InvoicingStore()
HOUR: Final = timedelta(hours=1)
APRIL: Final = datetime(2026, 3, 31, 17, tzinfo=UTC)


@pytest.fixture
async def invoicing(database: str) -> str:
    """The DSN of a database with invoicing's schema."""
    await migrate(database, [INVOICING])
    return database


def connected(dsn: str, role: str = INVOICING.role) -> AbstractAsyncContextManager[asyncpg.Connection]:
    return connected_to(INVOICING, dsn, role)


def settled(invoice: str, amount: int, account: str = "acme") -> Settled:
    """Hold's answer: all of it was held."""
    return Settled(
        account=account, invoice=invoice, product="vcontainer", amount=amount, until=APRIL, paid=amount,
        from_hold=amount, outstanding=0, effective_at=APRIL,
    )  # fmt: skip


def month_of(account: str, after: str = "") -> RecordMonth:
    """The slice of March in which that account is."""
    return RecordMonth(period="2026-03", shard=shard_of(account), after=after, effective_at=APRIL)


def asked(event: Message) -> Ask:
    at: datetime = getattr(event, "effective_at")  # noqa: B009 - every event of lifecycle has it
    return asked_of(INVOICING, event, at)


def created(account: str, resource: str, at: datetime = AT) -> ResourceCreated:
    of = line(to_minute(at), resource=resource)
    return told(ResourceCreated, at, account=account, resource=resource, line=of)


def decided(known: Known, asks: Iterable[Ask]) -> None:
    """What the engine does between load and save."""
    for ask in asks:
        decision = RULES[type(ask.message)](ask.message, known, ask.cause)
        known.apply(decision)
        for message in (said for said in decision.says if said.service == "invoicing"):
            assert known.next_sequence(AccountBooks, message.about) is not None


async def run_batch(conn: asyncpg.Connection, asks: Sequence[Ask]) -> Known:
    known = Known()
    async with conn.transaction():
        await STORE.load(conn, asks, known)
        decided(known, asks)
        await STORE.save(conn, known)
    return known


async def run_until_done(conn: asyncpg.Connection, asks: Sequence[Ask]) -> None:
    """As the engine does where another worker made the same row meanwhile."""
    while True:
        try:
            await run_batch(conn, asks)
        except asyncpg.UniqueViolationError:
            continue
        return


# One life of each sort: what is paid for a period, what is metered by the minute, and what is by its size.
def lives(random: Random, account: str, number: int) -> list[list[Event]]:
    at = AT + random.randint(0, 60 * 24) * HOUR
    later, last = at + random.randint(1, 200) * HOUR, at + random.randint(201, 700) * HOUR
    server, node = {"account": account, "resource": f"srv-{number}"}, f"node-{number}"
    old, carried = line(to_minute(at)), random.randint(0, 90_000)
    of_node = {"account": account, "resource": node}
    snap = {"account": account, "resource": f"snap-{number}"}
    of_server: list[Event] = [
        told(ResourceCreated, at, **server, line=old),
        told(ResourceRenewed, later, **server, line=line(old.until)),
        told(ResourceResized, later, **server, line=line(to_minute(later), vnd=9, carried=carried % 10)),
        told(ResourceDeleted, last, **server),
    ]
    of_minutes: list[Event] = [
        told_of_node(ResourceConverted, at, **of_node),
        told_of_node(ResourceResized, later, **of_node, metered=metered(random.randint(1, 9))),
        told_of_node(ResourceDeleted, last, **of_node),
    ]
    of_sizes: list[Event] = [
        told_of_snapshot(at=at).model_copy(update=snap),
        reported(random.randint(1, 9), later).model_copy(update=snap),
        told(ResourceDeleted, last, **snap, kind="snapshot", product="snapshot", billing="hold"),
    ]
    return [life[: random.randint(1, len(life))] for life in (of_server, of_minutes, of_sizes)]


async def test_rules_find_the_same_however_what_they_read_is_cut_into_batches(invoicing: str) -> None:
    random = seeded_random()
    waiting = [life for number in range(60) for life in lives(random, random.choice("abc"), number)]
    asks = []
    while any(waiting):
        asks.append(asked(random.choice([life for life in waiting if life]).pop(0)))
    whole = Known()
    decided(whole, asks)
    async with connected(invoicing) as conn:
        start = 0
        while start < len(asks):
            size = random.choice([1, 2, 5, 40])
            await run_batch(conn, asks[start : start + size])
            start += size
        found = Known()
        await STORE.load(conn, [ask._replace(cause=ask.cause) for ask in asks], found)
        for kind in (AccountBooks, MonthBook, Resource):
            for entity, sequence in whole.changed(kind):
                assert found.row(kind, entity.key) == (entity, sequence if kind is AccountBooks else 0)
        made = [invoice for invoice, _ in whole.changed(Invoice)]
        told_again = Known()
        await STORE.lock(conn, Invoice, [invoice.id for invoice in made], told_again)
        assert [told_again.get(Invoice, invoice.id) for invoice in made] == made
        assert [snapshot(invoice).version for invoice in made].count(2) == len(whole.added(Closing)) > 5
        assert await count(conn, "invoice", "closing", "usage", "usage_end", "use_line", "due_use", "owed") == [
            len(made), len(whole.added(Closing)), len(whole.changed(Usage)), len(whole.added(UsageEnd)),
            len(whole.added(UseLine)), len(whole.changed(DueUse)), len(whole.changed(Owed)),
        ]  # fmt: skip
        assert len(whole.added(UseLine)) > 5
        running = [entity.usage for entity, _ in whole.changed(Resource) if entity.usage is not None]
        assert [found.get(Usage, usage) for usage in running] == [
            whole.get(Usage, usage) for usage in running
        ]
        assert len(running) > 5


async def count(conn: asyncpg.Connection, *tables: str) -> list[int]:
    return [await conn.fetchval(f"select count(*) from invoicing.{table}") for table in tables]


async def test_numbers_have_no_gap_when_several_workers_write_for_one_account_at_once(invoicing: str) -> None:
    random = seeded_random()
    asks = [asked(created("acme", f"srv-{number}", AT + number * 12 * HOUR)) for number in range(200)]
    asks += [asked(created("other", f"vol-{number}")) for number in range(40)]
    random.shuffle(asks)

    async def work(mine: list[Ask]) -> None:
        async with connected(invoicing) as conn:
            while mine:
                size = random.choice([1, 3, 8])
                await run_until_done(conn, mine[:size])
                del mine[:size]

    await asyncio.gather(*(work(asks[worker::4]) for worker in range(4)))
    async with connected(invoicing) as conn:
        rows = await conn.fetch("select account_id, month, array_agg(sequence order by sequence) as numbers,"
            " count(distinct resource_id) as resources from invoice group by 1, 2")  # fmt: skip
        issued = {(row["account_id"], row["month"]): row["issued"] for row in await conn.fetch("table month")}
        assert len(rows) == len(issued) == 5
        for row in rows:
            assert row["numbers"] == list(range(1, issued[row["account_id"], row["month"]] + 1))
            assert row["resources"] == len(row["numbers"])
        sequences = dict(await conn.fetch("select account_id, event_sequence from account"))
        assert sequences == {"acme": 200, "other": 40}


async def test_workers_over_the_same_accounts_in_opposite_order_do_not_deadlock(invoicing: str) -> None:
    names = [f"a{number}" for number in range(30)]

    async def work(order: Sequence[str], who: str) -> None:
        async with connected(invoicing) as conn:
            for number in range(10):
                await run_until_done(conn, [asked(created(name, f"{who}-{number}")) for name in order])

    await asyncio.gather(work(names, "up"), work(names[::-1], "down"))
    async with connected(invoicing) as conn:
        rows = await conn.fetch("select issued, event_sequence from account join month using (account_id)")
        assert [tuple(row) for row in rows] == [(20, 20)] * 30


class Counting:
    """A connection that counts what it is asked."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn
        self.statements = 0

    async def fetch(self, query: str, *args: object) -> Any:
        self.statements += 1
        return await self._conn.fetch(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        self.statements += 1
        return await self._conn.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        self.statements += 1
        return str(await self._conn.execute(query, *args))

    async def copy_records_to_table(self, table: str, **named: Any) -> str:
        self.statements += 1
        return str(await self._conn.copy_records_to_table(table, **named))


async def test_a_batch_costs_one_statement_per_table_each_way_whatever_its_size(invoicing: str) -> None:
    asks = [asked(created(f"a{number % 7}", f"srv-{number}")) for number in range(60)]
    async with connected(invoicing) as conn:
        counting, known = Counting(conn), Known()
        await STORE.load(counting, asks, known)
        assert counting.statements == 3
        decided(known, asks)
        await STORE.save(counting, known)
        assert counting.statements == 3 + 4
        counting, known = Counting(conn), Known()
        over = [asked(told(ResourceDeleted, account=ask.message.account, resource=ask.key)) for ask in asks]  # type: ignore[attr-defined]  # of created resources
        await STORE.load(counting, over, known)
        decided(known, over)
        await STORE.save(counting, known)
        assert counting.statements == 4 + 3
        assert await count(conn, "invoice", "closing") == [60, 60]


async def test_what_is_told_of_poc_locks_nothing(invoicing: str) -> None:
    poc = asked(told(ResourceCreated, billing="poc", line=line()))
    async with connected(invoicing) as conn, connected(invoicing) as other:
        await run_batch(conn, [asked(created("acme", "srv-1"))])
        async with conn.transaction():
            await STORE.load(conn, [asked(created("acme", "srv-2"))], Known())
            async with asyncio.timeout(5):
                known = await run_batch(other, [poc])
        assert known.get(AccountBooks, "acme") is None


async def test_whoever_tells_an_invoice_again_waits_for_who_is_writing_for_its_account(
    invoicing: str,
) -> None:
    async with connected(invoicing) as writing, connected(invoicing) as telling:
        ask = asked(created("acme", "srv-1"))
        await run_batch(writing, [ask])
        id_ = ask.cause.derive("invoice")
        over = asked(told(ResourceDeleted))
        known, told_again = Known(), Known()
        transaction = writing.transaction()
        await transaction.start()
        await STORE.load(writing, [over], known)
        decided(known, [over])
        await STORE.save(writing, known)
        async with telling.transaction():
            waiting = asyncio.create_task(STORE.lock(telling, Invoice, [id_], told_again))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            await transaction.commit()
            await waiting
        assert (found := told_again.get(Invoice, id_)) is not None
        assert found.closed is not None


async def test_a_worker_that_knew_nothing_of_an_account_does_not_undo_what_another_wrote(
    invoicing: str,
) -> None:
    late = asked(created("acme", "srv-2"))
    async with connected(invoicing) as first, connected(invoicing) as second:
        known = Known()
        async with first.transaction():
            await STORE.load(first, [late], known)
            decided(known, [late])
            await run_batch(second, [asked(created("acme", "srv-1"))])
            with pytest.raises(asyncpg.UniqueViolationError):
                async with first.transaction():
                    await STORE.save(first, known)
        await run_until_done(first, [late])
        assert await first.fetchval("select issued from month") == 2


DOCUMENTS: Final = (*("invoice", "closing", "usage", "usage_end", "use_line", "month_record", "payment"),)
# The server's invoice, and that for the use of the node.
WRITTEN: Final = [2, 1, 1, 1, 1, 1, 1]
_DUE: Final = ("recorded_until", "until_at", "invoiced_from")
_OWED: Final = ("outstanding_vnd", "asked_by", "awaited", "paid_now_vnd", "from_hold_vnd")
LISTED: Final = {
    *(f"SELECT INSERT on invoicing.{table}" for table in ("account", "month", "resource", *DOCUMENTS)),
    "UPDATE (event_sequence) on invoicing.account",
    "UPDATE (issued) on invoicing.month",
    *(f"UPDATE ({column}) on invoicing.resource" for column in ("invoice_ids", "usage_id")),
    *(f"SELECT INSERT DELETE on invoicing.{table}" for table in ("due_use", "owed")),
    *(f"UPDATE ({column}) on invoicing.due_use" for column in _DUE),
    *(f"UPDATE ({column}) on invoicing.owed" for column in _OWED),
    "SELECT INSERT DELETE on invoicing.inbox",
    "SELECT INSERT UPDATE DELETE on invoicing.outbox",
    "SELECT on invoicing.outbox_message",
    "SELECT INSERT UPDATE DELETE on invoicing.parked",
    "SELECT INSERT UPDATE on invoicing.job_progress",
    "USAGE on schema invoicing",
    "USAGE on schema public",
}


async def test_the_role_may_do_what_is_listed_and_nothing_else(invoicing: str) -> None:
    async with connected(invoicing, "postgres") as owner:
        assert {row[0] for row in await owner.fetch(QUERY, INVOICING.role)} == LISTED


@pytest.fixture
async def written(invoicing: str) -> str:
    """The DSN of a database with one document of each sort."""
    events = [
        created("acme", "srv-1"),
        told(ResourceDeleted),
        told_of_node(ResourceConverted, account="bolt"),
        told_of_node(ResourceDeleted, AT + HOUR, account="bolt"),
    ]
    async with connected(invoicing) as conn:
        known = await run_batch(conn, [asked(event) for event in events])
        [owed] = [owed for owed, _ in known.changed(Owed)]
        await run_batch(
            conn, [asked(settled(owed.invoice, owed.outstanding, "bolt")), asked(month_of("bolt"))]
        )
        assert await count(conn, *DOCUMENTS) == WRITTEN
    return invoicing


@pytest.mark.parametrize("table", DOCUMENTS)
@pytest.mark.parametrize("change", ["update {} set account_id = 'x'", "delete from {}", "truncate {}"])
async def test_a_document_is_changed_by_nobody(written: str, change: str, table: str) -> None:
    statement = change.format(f"invoicing.{table}")
    async with connected(written) as conn, connected(written, "postgres") as owner:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)
        with pytest.raises(asyncpg.RestrictViolationError, match="a document is never changed"):
            await owner.execute(statement)
        assert await count(conn, *DOCUMENTS) == WRITTEN


LIKE_THE_FIRST: Final = """
insert into invoicing.invoice
select gen_random_uuid(), account_id, month, number, resource_id, cluster_id, product, kind, action, order_id,
  money_vnd + $2, carried_vnd, line, issued_at, cause_id
from invoicing.invoice, unnest($1::integer[]) as number where sequence = 1 and account_id = 'acme'
"""


@pytest.mark.parametrize("role", [INVOICING.role, "postgres"])
@pytest.mark.parametrize("numbers", [[3], [2, 4], [0], [4, 3], [2, 3, 5]])
async def test_the_database_refuses_a_gap_in_the_numbers(written: str, role: str, numbers: list[int]) -> None:
    async with connected(written, role) as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute(LIKE_THE_FIRST, numbers, 0)
        await conn.execute(LIKE_THE_FIRST, [3, 2], 0)
        await conn.execute(LIKE_THE_FIRST, [4], 0)


async def test_the_database_refuses_a_number_twice_and_an_amount_that_is_not_its_line(written: str) -> None:
    async with connected(written) as conn:
        with pytest.raises(asyncpg.UniqueViolationError):
            await conn.execute(LIKE_THE_FIRST, [1], 0)
        for more in (1, -1, -200_000):
            with pytest.raises(asyncpg.CheckViolationError):
                await conn.execute(LIKE_THE_FIRST, [2], more)


async def test_the_database_closes_an_invoice_once_and_ends_use_once(written: str) -> None:
    async with connected(written) as conn:
        for table in ("closing", "usage_end"):
            with pytest.raises(asyncpg.UniqueViolationError):
                await conn.execute(f"insert into invoicing.{table} select * from invoicing.{table}")


async def test_the_database_refuses_use_that_does_not_begin_with_a_minute(written: str) -> None:
    at = datetime(2026, 3, 6, 2, 0, 1, tzinfo=UTC)
    async with connected(written) as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute(
                "insert into usage_end values (gen_random_uuid(), 'acme', $1, gen_random_uuid())", at
            )


async def test_the_books_read_an_invoice_as_its_state_tells_it(invoicing: str) -> None:
    first = asked(created("acme", "srv-1"))
    new = line(to_minute(AT), vnd=200_000, carried=181_000)
    resize = asked(told(ResourceResized, line=new))
    async with connected(invoicing) as conn:
        known = await run_batch(conn, [first, resize])
    told_of = [snapshot(invoice) for invoice, _ in known.changed(Invoice)]
    assert [each.closed_at is None for each in sorted(told_of, key=lambda each: each.number)] == [False, True]
    assert await books.invoices(invoicing, "acme") == sorted(told_of, key=lambda each: each.number)
    assert await books.invoice(invoicing, UUID(first.cause.derive("invoice"))) in told_of
