"""hold's tables in a real PostgreSQL: what is saved is found again, rows are locked in key order, and the database
itself refuses what can never be true."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, get_args

import asyncpg
import pytest

from services.hold.books import add_up
from services.hold.service import HOLD
from services.hold.state import Account, Deposit, Transaction
from shared import ids
from shared.contracts.hold import AccountMode, OpenAccount, TopUp
from shared.engine.decision import Decision, Known
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from tests.support.counting import Counting
from tests.support.hold_rows import (
    AT,
    STORE,
    about,
    asked,
    connected,
    decided,
    known_accounts,
    ledger,
    run_batch,
    some_account,
    some_command,
    some_transaction,
)
from tests.support.seeds import seeded_random

pytestmark = pytest.mark.postgres

PRODUCTS: Final = ("snapshot", "vcontainer", "vcr")


@pytest.fixture
async def hold(database: str) -> str:
    """The DSN of a database with hold's schema."""
    await migrate(database, [HOLD])
    return database


async def test_what_is_saved_is_loaded_again(hold: str) -> None:
    random = seeded_random()
    names = [f"{random.choice('aAzZ09')}-{number:03}" for number in range(200)]
    modes: dict[str, AccountMode] = {name: random.choice(get_args(AccountMode)) for name in names}
    expected: dict[str, tuple[Account, int]] = {}
    booked: list[Transaction] = []
    async with connected(hold) as conn:
        for round_ in (1, 2, 3):
            known = Known()
            await STORE.load(conn, about(*names), known)
            assert known_accounts(known, names) == expected
            for name in random.sample(names, 120):
                # Products an account ever held for stay: of some there are more each time.
                products = PRODUCTS[:round_] if names.index(name) % 2 else ()
                account = some_account(random, name, modes[name], products)
                transaction = some_transaction(random, name, round_)
                known.apply(Decision((account, *account.holds), (transaction,)))
                known.next_sequence(Account, name)
                expected[name] = (account, expected[name][1] + 1 if name in expected else 1)
                booked.append(transaction)
            await STORE.save(conn, known)
        known = Known()
        await STORE.load(conn, about(*names), known)
        assert known_accounts(known, names) == expected
        assert await ledger(conn) == sorted(booked, key=lambda each: (each.account, each.sequence))


async def test_load_knows_which_of_the_payments_asked_about_were_counted(hold: str) -> None:
    def paid(account: str, reference: str) -> Ask:
        return asked(TopUp(account=account, amount=5, reference=reference))

    async with connected(hold) as conn:
        opened = [asked(OpenAccount(account=name, mode="prepaid", email="a@b.vn")) for name in ("a", "b")]
        await run_batch(conn, [*opened, paid("a", "r1"), paid("a", "r2"), paid("b", "r3")])
        known = Known()
        # A NUL cannot even be sent to the database: such a reference is refused by the rule, not looked for.
        asks = [
            paid("a", "r1"),
            paid("a", "r1"),
            paid("b", "r1"),
            paid("b", "r3"),
            paid("c", "r1"),
            paid("a", "\0"),
        ]
        await STORE.load(conn, asks, known)
    pairs = [(account, reference) for account in "abc" for reference in ("r1", "r2", "r3", "\0")]
    assert [pair for pair in pairs if known.get(Deposit, f"{pair[0]}/{pair[1]}")] == [
        ("a", "r1"),
        ("b", "r3"),
    ]


async def test_rules_find_the_same_however_their_commands_are_cut_into_batches(hold: str) -> None:
    random = seeded_random()
    asks = [asked(some_command(random), AT + timedelta(hours=number)) for number in range(600)]
    whole = Known()
    decided(whole, asks)
    async with connected(hold) as conn:
        start = 0
        while start < len(asks):
            size = random.choice([1, 2, 5, 40])
            await run_batch(conn, asks[start : start + size])
            start += size
        found = Known()
        await STORE.load(conn, about(*"abcdef"), found)
        assert known_accounts(found, "abcdef") == known_accounts(whole, "abcdef")
        assert await ledger(conn) == sorted(
            whole.added(Transaction), key=lambda each: (each.account, each.sequence)
        )
        assert len(whole.added(Transaction)) > 50
        assert (await add_up(hold)).right


async def test_a_batch_costs_one_statement_per_table_each_way_whatever_its_size(hold: str) -> None:
    names = [f"a{number}" for number in range(50)]
    asks = [asked(OpenAccount(account=name, mode="prepaid", email="a@b.vn")) for name in names]
    asks += [asked(TopUp(account=name, amount=5, reference="r")) for name in names]
    async with connected(hold) as conn:
        counting, known = Counting(conn), Known()
        await STORE.load(counting, asks, known)
        assert counting.statements == 2
        decided(known, asks)
        await STORE.save(counting, known)
        assert counting.statements == 4
        assert await conn.fetchval("select count(*) from hold.ledger_entry") == 100


async def test_load_locks_rows_in_key_order_whatever_the_order_asked(hold: str) -> None:
    async with connected(hold) as first, connected(hold) as second, connected(hold) as third:
        await run_batch(first, [asked(OpenAccount(account=n, mode="prepaid", email="a@b.vn")) for n in "bca"])
        async with first.transaction():
            await STORE.load(first, about("b"), Known())
            async with second.transaction():
                waiting = asyncio.create_task(STORE.load(second, about("c", "b", "a"), Known()))
                await blocked(third, by=first, who=second)
                # It has a, waits for b, and has not yet touched c.
                free = await third.fetch("select account_id from hold.account for update skip locked")
                assert [row["account_id"] for row in free] == ["c"]
                await first.execute("rollback; begin")
                await waiting


async def blocked(looking: asyncpg.Connection, *, by: asyncpg.Connection, who: asyncpg.Connection) -> None:
    """Waits until one connection waits for the other."""
    query = "select $1 = any(pg_blocking_pids($2))"
    async with asyncio.timeout(10):
        while not await looking.fetchval(query, by.get_server_pid(), who.get_server_pid()):  # noqa: ASYNC110 - the database has no event for it
            await asyncio.sleep(0.01)


async def test_batches_over_the_same_accounts_in_opposite_order_do_not_deadlock(hold: str) -> None:
    names = [f"a{number}" for number in range(40)]

    async def top_up(order: Sequence[str], who: str) -> None:
        async with connected(hold) as conn:
            for number in range(25):
                await run_batch(
                    conn, [asked(TopUp(account=name, amount=1, reference=f"{who}{number}")) for name in order]
                )

    async with connected(hold) as conn:
        await run_batch(conn, [asked(OpenAccount(account=n, mode="prepaid", email="a@b.vn")) for n in names])
        await asyncio.gather(top_up(names, "up"), top_up(names[::-1], "down"))
        rows = await conn.fetch("select credit_total_vnd, ledger_sequence, event_sequence from hold.account")
    assert [tuple(row) for row in rows] == [(50, 50, 51)] * 40


LINE: Final[dict[str, object]] = {
    "account_id": "acme",
    "sequence": 1,
    "line": 1,
    "kind": "deposit",
    "book": "credit",
    "amount_vnd": 5,
    "balance_after_vnd": 5,
    "effective_at": AT,
    "cause_id": ids.new_id(),
    "reference": "r1",
}
OTHER_LINE: Final[dict[str, object]] = {
    "line": 2,
    "book": "bank",
    "amount_vnd": -5,
    "balance_after_vnd": None,
    "reference": None,
}


async def insert(conn: asyncpg.Connection, *lines: Mapping[str, object]) -> None:
    """One statement; each line is the first of a deposit but for what is named."""
    rows = [tuple({**LINE, **line}.values()) for line in lines]
    await conn.copy_records_to_table("ledger_entry", schema_name="hold", columns=list(LINE), records=rows)


async def test_the_database_takes_a_transaction_that_sums_to_zero(hold: str) -> None:
    three: list[dict[str, object]] = [
        {"amount_vnd": 9, "balance_after_vnd": 9},
        OTHER_LINE,
        {**OTHER_LINE, "line": 3, "amount_vnd": -4},
    ]
    async with connected(hold) as conn:
        await insert(conn, *three)
        await insert(conn, {"sequence": 2, "reference": "r2"}, {"sequence": 2, **OTHER_LINE})
        assert [len(each.entries) for each in await ledger(conn)] == [3, 2]


UNBALANCED: Final[dict[str, list[dict[str, object]]]] = {
    "one line alone": [{}],
    "a sum above zero": [{}, {**OTHER_LINE, "amount_vnd": -4}],
    "a sum below zero": [{}, {**OTHER_LINE, "amount_vnd": -6}],
    "two that are even only together": [{}, {**OTHER_LINE, "sequence": 2, "line": 1}],
    "two accounts that are even only together": [{}, {**OTHER_LINE, "account_id": "other", "line": 1}],
    "a good one and a bad one": [{}, OTHER_LINE, {"sequence": 2, "reference": "r2"}],
    "no first line": [{"line": 2}, {**OTHER_LINE, "line": 3}],
    "a line of nothing": [{"amount_vnd": 0}],
    "an unknown book": [{}, {**OTHER_LINE, "book": "pocket"}],
    "an unknown kind": [{"kind": "gift"}, {**OTHER_LINE, "kind": "gift"}],
    "an own line without a balance": [{"balance_after_vnd": None}, OTHER_LINE],
    "an outside line with a balance": [{}, {**OTHER_LINE, "balance_after_vnd": 5}],
    "number zero": [{"sequence": 0}, {**OTHER_LINE, "sequence": 0}],
}


@pytest.mark.parametrize("role", [HOLD.role, "postgres"])
async def test_the_database_refuses_a_transaction_that_is_not_whole(hold: str, role: str) -> None:
    async with connected(hold, role) as conn:
        for name, lines in UNBALANCED.items():
            with pytest.raises(asyncpg.CheckViolationError):
                await insert(conn, *lines)
            assert await ledger(conn) == [], name


async def test_the_database_refuses_lines_added_to_a_transaction_later(hold: str) -> None:
    async with connected(hold) as conn:
        await insert(conn, {}, OTHER_LINE)
        with pytest.raises(asyncpg.CheckViolationError, match="not whole"):
            await insert(conn, {"line": 3, "reference": None}, {**OTHER_LINE, "line": 4})
        with pytest.raises(asyncpg.UniqueViolationError):
            await insert(conn, {"reference": "r2"}, {**OTHER_LINE, "line": 3})
        assert len(await ledger(conn)) == 1


async def test_the_database_counts_a_reference_once_per_account(hold: str) -> None:
    async with connected(hold) as conn:
        await insert(conn, {}, OTHER_LINE)
        with pytest.raises(asyncpg.UniqueViolationError, match="ledger_entry_reference"):
            await insert(conn, {"sequence": 2}, {"sequence": 2, **OTHER_LINE})
        await insert(conn, {"account_id": "other"}, {"account_id": "other", **OTHER_LINE})
        assert [each.account for each in await ledger(conn)] == ["acme", "other"]


CHANGES: Final = [
    "update hold.ledger_entry set reference = 'r9'",
    "update hold.ledger_entry set amount_vnd = 0 where false",
    "delete from hold.ledger_entry",
    "truncate hold.ledger_entry",
    "insert into hold.ledger_entry select * from hold.ledger_entry "
    "on conflict (account_id, sequence, line) do update set reference = 'r9'",
]


@pytest.mark.parametrize("change", CHANGES)
async def test_the_ledger_is_changed_by_nobody(hold: str, change: str) -> None:
    async with connected(hold) as conn, connected(hold, "postgres") as owner:
        await insert(conn, {}, OTHER_LINE)
        before = await ledger(conn)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(change)
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
            await owner.execute(change)
        assert await ledger(conn) == before


IMPOSSIBLE: Final = {
    "a total below zero": "credit_total_vnd = -1",
    "a negative hold": "credit_held_vnd = -1",
    "more spent than granted": f"poc_until = '{AT}', poc_granted_vnd = 4, poc_spent_vnd = 5",
    "more expired than granted": f"poc_until = '{AT}', poc_granted_vnd = 4, poc_expired_vnd = 5",
    "a grant without an end": "poc_granted_vnd = 5",
}


@pytest.mark.parametrize("figures", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_the_database_refuses_a_wallet_that_cannot_be(hold: str, figures: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, [asked(OpenAccount(account="acme", mode="prepaid", email="a@b.vn"))])
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute(f"update hold.account set {figures}")


async def test_the_database_refuses_a_poc_wallet_of_a_postpaid_account(hold: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, [asked(OpenAccount(account="acme", mode="postpaid", email="a@b.vn"))])
        with pytest.raises(asyncpg.CheckViolationError, match="poc_is_prepaid_only"):
            await conn.execute("update hold.account set poc_until = now()")


async def test_an_account_stays_as_it_was_opened(hold: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, [asked(OpenAccount(account="acme", mode="prepaid", email="a@b.vn"))])
        for change in ("account_id = 'x'", "mode = 'postpaid'", "email = 'x@b.vn'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(f"update hold.account set {change}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("delete from hold.account")
