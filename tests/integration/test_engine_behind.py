"""How far jobs are, told from what they left: done, due since, in hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.engine import schedule
from shared.engine.behind import Standing, standings
from shared.engine.database import pool_for
from shared.engine.migrate import migrate
from tests.support.crew import Crew
from tests.support.stage import toy_name

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 3, 6, 5, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def crew() -> Crew:
    return Crew(toy_name())


@pytest.fixture
async def conn(database: str, crew: Crew) -> AsyncIterator[asyncpg.Connection]:
    await migrate(database, [crew.service])
    async with pool_for(crew.service, database, "test") as pool, pool.acquire() as conn:
        yield conn


async def standing(conn: asyncpg.Connection, crew: Crew, now: datetime) -> Standing:
    [found] = await standings(conn, crew.service, now)
    return found


async def test_what_is_due_and_not_begun_is_behind(conn: asyncpg.Connection, crew: Crew) -> None:
    assert await standing(conn, crew, NOON) == Standing("pay_day", None, None, ())
    await schedule.make_due(conn, crew.service, NOON)
    assert await standing(conn, crew, NOON) == Standing("pay_day", None, None, ())
    found = await standing(conn, crew, NOON + 3 * DAY)
    assert found.due_since == MIDNIGHT
    assert found.behind(NOON + 3 * DAY) == NOON + 3 * DAY - MIDNIGHT
    assert found.behind(NOON) == timedelta(0)


async def test_what_is_begun_is_in_hand_until_all_of_it_is_done(conn: asyncpg.Connection, crew: Crew) -> None:
    await schedule.make_due(conn, crew.service, NOON)
    assert len(await schedule.make_due(conn, crew.service, NOON + 2 * DAY)) == 12
    assert await schedule.make_due(conn, crew.service, NOON + 2 * DAY) == []
    found = await standing(conn, crew, NOON + 2 * DAY)
    assert [(share.shard, share.period, share.slices) for share in found.in_hand] == [
        (shard, "2026-03-06", 0) for shard in range(12)
    ]
    await conn.execute("update job_progress set done = true where shard <> 7")
    found = await standing(conn, crew, NOON + 2 * DAY)
    assert found.done == "2026-03-06"
    assert found.due_since == MIDNIGHT
    assert [share.shard for share in found.in_hand] == [7]
