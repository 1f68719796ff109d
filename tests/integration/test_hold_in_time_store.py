"""hold's meters, payments and POC wallets in a real PostgreSQL: found again, in slices of a share, whoever has them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from services.hold.held import Meter, Meters, OrderHold, Payment, ProductHold
from services.hold.service import HOLD
from services.hold.state import Account
from shared.calendar import DAYS
from shared.contracts.charges import PayFrom, PlaceHold, Settle
from shared.contracts.hold import GrantPoc, OpenAccount, TopUp
from shared.contracts.holding import CheckPocWallets, CloseDay
from shared.contracts.jobs import JobSlice
from shared.contracts.parts import PartPrice
from shared.engine import slices
from shared.engine.decision import Known, Slice
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from shared.metering import Rate
from shared.shards import SHARDS, shard_of
from tests.support.counting import Counting
from tests.support.hold_rows import AT, STORE, asked, connected, run_batch
from tests.unit.hold.metered import created, deleted, node, reported, snapshot

pytestmark = pytest.mark.postgres

DAY: Final = timedelta(days=1)
PARTS: Final = [
    PartPrice(flavor="s-general-2x4", vnd=300_000, discount_percent=10),
    PartPrice(flavor="boot-20", vnd=62_000),
]


@pytest.fixture
async def hold(database: str) -> str:
    """The DSN of a database with hold's schema."""
    await migrate(database, [HOLD])
    return database


def opened(account: str, credit: int = 100_000) -> list[Ask]:
    return [
        asked(OpenAccount(account=account, mode="prepaid", email="a@b.vn"), AT),
        asked(TopUp(account=account, amount=credit, reference="r1"), AT),
    ]


def job(kind: type[JobSlice], shard: int, at: datetime, after: str = "") -> Ask:
    return asked(kind(period="p", shard=shard, after=after, effective_at=at), at)


async def test_meters_and_payments_that_are_saved_are_loaded_again(hold: str) -> None:
    of_parts = node().model_copy(update={"parts": PARTS})
    place = PlaceHold(account="acme", order="o-1", product="vcontainer", amount=36_200, effective_at=AT)
    settle = Settle(
        account="acme", invoice="i-1", product="snapshot", amount=7, until=AT + DAY, effective_at=AT + DAY
    )
    pay = PayFrom(account="acme", invoice="i-2", payment="p-1", amount=9, effective_at=AT + DAY)
    async with connected(hold) as conn:
        await run_batch(conn, [*opened("acme"), asked(place, AT)])
        await run_batch(
            conn, [asked(created(of_parts, AT, order="o-1"), AT), asked(created(snapshot(), AT), AT)]
        )
        at = AT + timedelta(hours=2)
        await run_batch(conn, [asked(reported(snapshot(50), at, at), at)])
        await run_batch(conn, [asked(pay, AT + DAY), asked(settle, AT + DAY)])
        known = Known()
        await STORE.load(conn, [asked(place), asked(settle), asked(pay), asked(deleted(node(), AT))], known)
        assert known.get(OrderHold, "acme/o-1/vcontainer") == OrderHold(
            "acme", "o-1", "vcontainer", 36_200, 0, 36_200
        )
        assert known.get(Payment, "acme/i-1/snapshot") == Payment(
            "acme", "i-1/snapshot", "i-1", "snapshot", 7, 7, 7
        )
        assert known.get(Payment, "acme/p-1") == Payment("acme", "p-1", "i-2", None, 9, 9)
        assert known.get(Meter, "acme/node-1") == Meter(
            "acme", "node-1", "vcontainer", "k8s_node", AT, Rate(362_000, 1, "30d", tuple(PARTS))
        )
        assert known.get(Meter, "acme/snap-1") == Meter(
            "acme", "snap-1", "snapshot", "snapshot", AT + DAY, Rate(3, 50, "gb_hour")
        )
        assert known.get(Meters, "acme/snapshot") == Meters("acme", "snapshot", frozenset({"snap-1"}))
        account = known.get(Account, "acme")
        assert account
        assert account.hold_for("snapshot") == ProductHold(
            "acme", "snapshot", 0, 10_800, 10_800, counted_until=AT + DAY, closed_until=DAYS.next(AT).instant
        )


async def test_days_that_were_missed_are_closed_with_all_that_was_metered(hold: str) -> None:
    nights = [DAYS.next(AT + day * DAY).instant for day in range(3)]
    found = []
    async with connected(hold) as conn:
        for name, closed in (("late", []), ("acme", nights)):
            made = [
                asked(created(one, AT).model_copy(update={"account": name}), AT)
                for one in (node(), snapshot())
            ]
            await run_batch(conn, [*opened(name, 44_900), *made])
            for at in closed:
                await run_batch(conn, [job(CloseDay, shard_of(name), at)])
            top_up = TopUp(account=name, amount=1, reference="r2")
            await run_batch(conn, [asked(top_up, AT + 3 * DAY)])
            known = Known()
            await STORE.load(conn, [asked(top_up)], known)
            account = known.get(Account, name)
            assert account
            found.append([replace(one, account="") for one in account.holds])
    assert found[0] == found[1]
    assert [one.debt_days for one in found[0]] == [3, 3]


async def test_a_meter_that_is_over_is_forgotten(hold: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, [*opened("acme"), asked(created(node(), AT), AT)])
        assert await conn.fetchval("select count(*) from hold.meter") == 1
        await run_batch(conn, [asked(deleted(node(), AT), AT)])
        assert await conn.fetchval("select count(*) from hold.meter") == 0


async def test_what_is_not_metered_locks_no_account(hold: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, opened("acme"))
        known = Known()
        await STORE.load(conn, [asked(created(node(), AT, billing="poc"), AT)], known)
        assert known.get(Account, "acme") is None


async def test_a_day_goes_through_all_that_hold_anything_slice_by_slice(
    hold: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "MOST_KEYS", 2)
    names = [name for name in (f"a{number}" for number in range(200)) if shard_of(name) == 3][:5]
    async with connected(hold) as conn:
        for name in names:
            made = created(node(resource=f"node-{name}"), AT).model_copy(update={"account": name})
            await run_batch(conn, [*opened(name), asked(made, AT)])
        await run_batch(conn, opened("b"))
        found, after = [], ""
        while True:
            ask, known = job(CloseDay, 3, AT + DAY, after), Known()
            await STORE.load(conn, [ask], known)
            turn = known.get(Slice, ask.envelope.id)
            assert turn
            assert all(known.get(Meter, f"{name}/node-{name}") for name in turn.keys)
            found.append(turn.keys)
            if not turn.more:
                break
            after = turn.keys[-1]
        assert [key for keys in found for key in keys] == sorted(names)
        assert [len(keys) for keys in found] == [2, 2, 1]


async def test_what_a_day_costs_in_statements_does_not_grow_with_the_accounts(hold: str) -> None:
    names = [f"a{number}" for number in range(60)]
    asks = [job(CloseDay, shard, AT + DAY) for shard in range(SHARDS)]
    async with connected(hold) as conn:
        for name in names:
            made = created(node(resource=f"node-{name}"), AT).model_copy(update={"account": name})
            await run_batch(conn, [*opened(name, 36_300), asked(made, AT)])
        counting, known = Counting(conn), Known()
        await STORE.load(counting, asks, known)
        # The slices, the accounts, what they hold, and their meters.
        assert counting.statements == 4
        await run_batch(conn, asks)
        days = await conn.fetch("select debt_days, debt_vnd, closed_until from hold.product_hold")
    assert [tuple(row) for row in days] == [(1, 11_967, AT + DAY)] * 60


async def test_what_is_due_of_a_poc_wallet_is_found_when_it_is_due(hold: str) -> None:
    end = AT + 8 * DAY
    async with connected(hold) as conn:
        assert await STORE.first_poc_due(conn) is None
        assert await STORE.any_held(conn) is None
        grant = GrantPoc(account="acme", amount=500, until=end)
        await run_batch(conn, [*opened("acme"), *opened("b"), asked(grant, AT)])
        first = await STORE.first_poc_due(conn)
        assert first
        assert AT < first < end
        for at, due in ((first - timedelta(minutes=1), ()), (first, ("acme",))):
            ask, known = job(CheckPocWallets, shard_of("acme"), at), Known()
            await STORE.load(conn, [ask], known)
            assert known.get(Slice, ask.envelope.id) == Slice(ask.envelope.id, due)
        await run_batch(conn, [job(CheckPocWallets, shard_of("acme"), end)])
        assert await STORE.first_poc_due(conn) is None
        known = Known()
        await STORE.load(conn, [asked(grant)], known)
        account = known.get(Account, "acme")
        assert account
        assert account.poc
        assert (account.poc.left, account.poc.expired, account.poc.ended) == (0, 500, True)
        assert replace(account.poc, ended=False).due == (end, 0)


async def test_accounts_that_were_there_before_have_their_share(hold: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, [ask for name in ("acme", "b", "Zz-9", "a.b:c") for ask in opened(name)])
        rows = await conn.fetch("select account_id, shard from hold.account")
    assert {row["account_id"]: row["shard"] for row in rows} == {
        name: shard_of(name) for name in ("acme", "b", "Zz-9", "a.b:c")
    }
