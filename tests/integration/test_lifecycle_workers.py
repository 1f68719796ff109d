"""Many workers on lifecycle's tables in a real PostgreSQL: they lock what they must, in one order, and count right."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Final

import asyncpg
import pytest

from services.lifecycle.service import LIFECYCLE
from services.lifecycle.state import Change, Cluster, Resource
from shared.contracts.message import Message
from shared.contracts.resources import (
    ClearCluster,
    ConvertCluster,
    CreateResource,
    DeleteResource,
    ReportPocStopped,
    SetAutoRenew,
)
from shared.engine.decision import Known
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from tests.support.counting import Counting
from tests.support.lifecycle_rows import (
    STORE,
    answers,
    asked,
    connected,
    decided,
    put,
    run_batch,
    stands,
)
from tests.support.seeds import seeded_random
from tests.unit.lifecycle.cases import (
    AT,
    CONVERT,
    CREATE,
    POC_TO,
    RECOVER,
    RESIZE,
    WHOLE,
    but,
    cluster,
    line,
    metered,
    node,
    paid,
    poc,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
async def lifecycle(database: str) -> str:
    """The DSN of a database with lifecycle's schema."""
    await migrate(database, [LIFECYCLE])
    return database


class Telling:
    """Which tables' rows are locked."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn

    async def locks(self, asks: Sequence[Ask]) -> set[str]:
        counting, known = Counting(self._conn), Known()
        async with self._conn.transaction():
            await STORE.load(counting, asks, known)
            rows = await self._conn.fetch(
                "select relname from pg_locks join pg_class on pg_class.oid = relation"
                " where pid = pg_backend_pid() and mode = 'RowShareLock' and relkind = 'r'"
            )
        return {row["relname"] for row in rows}


QUIET: Final[tuple[Message, ...]] = (CONVERT, RESIZE, SetAutoRenew(account="acme", resource="srv-1", on=True))
COUNTED: Final[tuple[Message, ...]] = (
    CREATE,
    RECOVER,
    DeleteResource(account="acme", resource="srv-1"),
    ClearCluster(account="acme", cluster="k1", effective_at=AT),
)


async def test_a_cluster_is_locked_only_by_what_may_change_it(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, paid(), Cluster("k1", "acme", resources=1))
        for ask in QUIET:
            assert "cluster" not in await Telling(conn).locks([asked(ask)]), ask
        for ask in COUNTED:
            assert "cluster" in await Telling(conn).locks([asked(ask)]), ask


async def test_a_batch_costs_one_statement_per_table_each_way_whatever_its_size(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        names = [f"srv-{number}" for number in range(50)]
        await put(conn, *(poc(id=name) for name in names), cluster(50, 50))
        counting, known = Counting(conn), Known()
        asks = [asked(but(CONVERT, resource=name, line=line(resource=name))) for name in names]
        await STORE.load(counting, asks, known)
        assert counting.statements == 2
        said = decided(known, asks)
        await STORE.save(counting, known)
        assert counting.statements == 3
        counting, known, done = Counting(conn), Known(), answers(said)
        await STORE.load(counting, done, known)
        assert counting.statements == 3
        decided(known, done)
        await STORE.save(counting, known)
        assert counting.statements == 6


async def test_many_workers_convert_a_cluster_without_waiting_in_a_circle_or_miscounting(
    lifecycle: str,
) -> None:
    random = seeded_random()
    names = [f"srv-{number:02}" for number in range(30)]
    async with connected(lifecycle) as conn:
        for of in ("k1", "k2"):
            await put(conn, *(poc(id=f"{of}-{name}", cluster=of) for name in names))
        await put(
            conn, *(Cluster(name, "acme", poc=True, poc_remaining=30, resources=30) for name in ("k1", "k2"))
        )
        every = [f"{of}-{name}" for of in ("k1", "k2") for name in names]
        asks = [asked(but(CONVERT, resource=name, line=line(resource=name))) for name in every]
        done = answers(await run_batch(conn, *asks))
    random.shuffle(done)

    async def work(mine: Sequence[Ask]) -> None:
        async with connected(lifecycle) as conn:
            for start in range(0, len(mine), 5):
                await run_batch(conn, *mine[start : start + 5])

    # Each answer twice, by two workers: it counts once.
    await asyncio.gather(*(work([*done[part::6], *done[(part + 1) % 6 :: 6]]) for part in range(6)))
    async with connected(lifecycle) as conn:
        found = await stands(conn, "k1", "k2", *every)
    assert {found[Cluster, of][0] for of in ("k1", "k2")} == {
        Cluster(name, "acme", resources=30, version=31) for name in ("k1", "k2")
    }
    assert {found[Resource, name][0].version for name in every} == {2}  # type: ignore[attr-defined]
    assert [key for key in found if key[0] is Change] == []


async def test_converting_deleting_and_adding_at_once_neither_deadlocks_nor_miscounts(lifecycle: str) -> None:
    random = seeded_random()
    nodes = [node(number) for number in range(20)]
    async with connected(lifecycle) as conn:
        await put(conn, *nodes, cluster(20, 20))

    async def work(number: int) -> None:
        dice = Random(random.randrange(10**9))
        async with connected(lifecycle) as conn:
            for turn in range(12):
                said = await run_batch(
                    conn, *(asked(_anything(dice, f"{number}-{turn}-{each}")) for each in range(3))
                )
                await run_batch(conn, *answers(said))

    await asyncio.gather(*(work(number) for number in range(5)))
    async with connected(lifecycle, "postgres") as conn:
        row = await conn.fetchrow(
            "select poc_remaining, resources,"
            " (select count(*) from lifecycle.resource where billing = 'poc' and status = 'active') as poc,"
            " (select count(*) from lifecycle.resource where status in ('creating', 'active')) as present"
            " from lifecycle.cluster where cluster_id = 'k1'"
        )
    assert (row["poc_remaining"], row["resources"]) == (row["poc"], row["present"])


def _anything(dice: Random, name: str) -> Message:
    resource = f"node-{dice.randrange(20)}"
    match dice.randrange(5):
        case 0:
            price = line(until=POC_TO, resource=f"srv-{name}")
            return CreateResource.model_validate(
                dict(CREATE) | {"resource": f"srv-{name}", "billing": "poc", "line": price}
            )
        case 1:
            return ConvertCluster.model_validate(
                dict(WHOLE) | {"metered": [metered(f"node-{n}") for n in range(20)]}
            )
        case 2:
            return DeleteResource(account="acme", resource=resource)
        case 3:
            return ReportPocStopped(account="acme", resource=resource)
        case _:
            return SetAutoRenew(account="acme", resource=resource, on=False)
