"""Work that time brings: once per job and period, caught up in order, nothing of the past on the first look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.engine import schedule
from shared.engine.database import pool_for
from shared.period import to_minute
from tests.support.stage import Heard, Stage, eventually, staged, toy_name
from tests.support.toy import Toy

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

NOON = datetime(2026, 3, 6, 12, 0, 30, tzinfo=UTC)


class Clock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def ticking(kafka: str, database: str) -> AsyncIterator[Stage]:
    async with staged(kafka, database, Toy(toy_name(), ticks=True)) as ready:
        yield ready


async def looked(stage: Stage, until: datetime = NOON) -> None:
    async def done() -> bool:
        last = await stage.sql.fetchval("select max(instant) from job_progress")
        return last is not None and last >= until

    await eventually(done)


async def make_due(pool: asyncpg.Pool, toy: Toy, now: datetime) -> int:
    made = 0
    while True:
        async with pool.acquire() as conn, conn.transaction():
            if not (due := await schedule.make_due(conn, toy.service, now)):
                return made
        made += len(due)


def minutes(heard: list[Heard]) -> list[str]:
    return [one.body["minute"][11:16] for one in heard if one["ce_type"].endswith(".Ticked.v1")]


async def test_each_period_is_made_once_whichever_worker_comes_first(ticking: Stage) -> None:
    clock = Clock()
    ticking.start_worker(now=clock)
    ticking.start_worker(now=clock)
    await looked(ticking)
    for minute in range(1, 4):
        clock.now = NOON + timedelta(minutes=minute)
        await looked(ticking, to_minute(clock.now))
    await ticking.settled()
    assert minutes(await ticking.hear(ticking.events)) == ["12:01", "12:02", "12:03"]


async def test_an_outage_is_caught_up_in_order(ticking: Stage) -> None:
    clock = Clock()
    await ticking.start_worker(now=clock).stop_after(looked(ticking))
    clock.now = NOON + timedelta(minutes=75)
    ticking.start_worker(now=clock)
    await looked(ticking, to_minute(clock.now))
    await ticking.settled()
    heard = await ticking.hear(ticking.events)
    expected = [(NOON + timedelta(minutes=minute)).strftime("%H:%M") for minute in range(1, 76)]
    assert minutes(heard) == expected
    [first] = [one for one in await ticking.hear(ticking.commands) if one.offset == 0]
    assert first["ce_time"] == "2026-03-06T12:01:00Z"
    assert first["ce_source"] == f"/stoppoc/{ticking.toy.name}/jobs/minute"


async def test_the_first_look_makes_nothing_of_the_past(ticking: Stage) -> None:
    async with pool_for(ticking.toy.service, ticking.database, "test") as pool:
        assert await make_due(pool, ticking.toy, NOON) == 0
        assert await make_due(pool, ticking.toy, NOON) == 0
        assert await make_due(pool, ticking.toy, NOON - timedelta(hours=1)) == 0, "a clock that is behind"
        assert await make_due(pool, ticking.toy, NOON + timedelta(minutes=2)) == 2
        assert await make_due(pool, ticking.toy, NOON + timedelta(minutes=2)) == 0


async def test_only_one_worker_looks_at_a_time(ticking: Stage) -> None:
    async with pool_for(ticking.toy.service, ticking.database, "test") as pool:
        await make_due(pool, ticking.toy, NOON)
        async with pool.acquire() as conn, conn.transaction():
            assert await schedule.make_due(conn, ticking.toy.service, NOON + timedelta(minutes=1))
            assert await make_due(pool, ticking.toy, NOON + timedelta(minutes=1)) == 0


async def test_what_a_dead_worker_made_and_did_not_publish_goes_out(ticking: Stage) -> None:
    async with pool_for(ticking.toy.service, ticking.database, "dead") as pool:
        await make_due(pool, ticking.toy, NOON)
        assert await make_due(pool, ticking.toy, NOON + timedelta(minutes=2)) == 2
    clock = Clock()
    clock.now = NOON + timedelta(minutes=2)
    ticking.start_worker(now=clock)

    async def published() -> bool:
        return not await ticking.count("outbox")

    await asyncio.wait_for(eventually(published), 5)
    await ticking.settled()
    assert minutes(await ticking.hear(ticking.events)) == ["12:01", "12:02"]
