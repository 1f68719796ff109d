"""A job's work in slices: every key once for each period, in order, whoever dies on the way; a bad key waits alone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.engine import slices, unparking
from shared.engine.database import pool_for
from shared.engine.faultpoints import FaultPoint
from tests.support.crew import Crew, hire, payroll
from tests.support.stage import Stage, eventually, staged, toy_name

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

NOON = datetime(2026, 3, 6, 5, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = [f"m{number:03}" for number in range(100)]
_DONE = "select count(*) filter (where done and instant >= $1) = count(*) and count(*) > 0 from job_progress"


class Clock:
    """A clock that stands where it is put."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def stage(kafka: str, database: str) -> AsyncIterator[Stage]:
    crew: Any = Crew(toy_name())
    async with staged(kafka, database, crew) as ready:
        yield ready


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "MOST_KEYS", 3)


async def over(stage: Stage, since: datetime) -> None:
    """Waits until all shares are done with a period from then on."""

    async def done() -> bool:
        return bool(await stage.sql.fetchval(_DONE, since))

    await eventually(done, check=stage.alive)


def days(count: int) -> list[str]:
    return [(NOON + number * DAY).strftime("%Y-%m-%d") for number in range(count)]


async def test_everybody_is_paid_once_for_each_day_of_an_outage_and_in_order(stage: Stage) -> None:
    await hire(stage.sql, NAMES)
    clock = Clock()
    await stage.start_worker(now=clock).stop_after(over(stage, NOON))
    clock.now = NOON + 5 * DAY
    workers = [stage.start_worker(now=clock) for _ in range(2)]
    await over(stage, NOON + 4 * DAY)
    assert await payroll(stage.sql) == dict.fromkeys(NAMES, days(5))
    [row] = await stage.sql.fetch("select sum(counted) as counted, max(slices) as slices from job_progress")
    assert row["counted"] == len(NAMES)
    assert row["slices"] > 1
    said = [(one.key, one.body["day"]) for one in await stage.hear(stage.events)]
    assert len(said) == len(set(said)) == 5 * len(NAMES)
    for worker in workers:
        await worker.stop()


async def test_a_share_has_one_piece_of_work_under_way(stage: Stage) -> None:
    await hire(stage.sql, NAMES)
    clock = Clock()
    await stage.start_worker(now=clock).stop_after(over(stage, NOON))
    clock.now = NOON + 3 * DAY
    stage.start_worker(now=clock)
    await over(stage, NOON + 2 * DAY)
    asked = [(one.body["shard"], one.body["period"]) for one in await stage.hear(stage.commands)]
    for shard in range(12):
        periods = [period for of, period in asked if of == shard]
        assert periods == sorted(periods)
        assert set(periods) == set(days(3))


@asynccontextmanager
async def desk(stage: Stage) -> AsyncIterator[asyncpg.Connection]:
    async with (
        pool_for(stage.toy.service, stage.database, "desk") as pool, pool.acquire() as conn, conn.transaction()
    ):  # fmt: skip
        yield conn


async def test_one_who_cannot_be_paid_waits_alone_and_in_order(stage: Stage) -> None:
    crew: Any = stage.toy
    await hire(stage.sql, [*NAMES, "sick-1", "sick-2"])
    clock = Clock()
    await stage.start_worker(now=clock).stop_after(over(stage, NOON))
    clock.now = NOON + 2 * DAY
    stage.start_worker(now=clock)
    await over(stage, NOON + DAY)
    await stage.send(crew.Greet(member="sick-1"))
    await stage.settled()
    assert await payroll(stage.sql) == dict.fromkeys(NAMES, days(2)) | {"sick-1": [], "sick-2": []}
    parked = await stage.sql.fetch("select key, error from parked order by key, position")
    sick = [(f"sick-{n}", error) for n in (1, 2) for error in (f"ValueError: sick-{n} is sick", None)]
    assert [tuple(row) for row in parked] == [*sick[:2], ("sick-1", None), *sick[2:]]

    crew.mended = True
    for key in ("sick-1", "sick-2"):
        async with desk(stage) as conn:
            assert (await unparking.retry(conn, crew.service, key)).error is None
    assert await payroll(stage.sql) == dict.fromkeys([*NAMES, "sick-1", "sick-2"], days(2))


async def _start(stage: Stage, now: datetime, fault: str) -> asyncio.subprocess.Process:
    words = {
        "kafka": stage.kafka, "postgres": stage.database, "session_timeout_ms": 1000, "fetch_wait_ms": 50,
        "worker": "victim", "test_crew": stage.toy.name, "test_now": now.isoformat(), "test_slice": 3, "fault": fault,
    }  # fmt: skip
    env = os.environ | {f"STOPPOC_{word.upper()}": str(value) for word, value in words.items()}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.crew_process"), env=env, cwd=Path(__file__).parents[2]
    )


_ON_THE_WAY = [point for point in FaultPoint if point is not FaultPoint.AFTER_DEAD_LETTER]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("points", [_ON_THE_WAY[::2], _ON_THE_WAY[1::2]], ids=["even", "odd"])
async def test_everybody_is_paid_once_wherever_workers_are_killed(
    points: Sequence[FaultPoint], stage: Stage
) -> None:
    await hire(stage.sql, NAMES)
    clock = Clock()
    await stage.start_worker(now=clock).stop_after(over(stage, NOON))
    for number, point in enumerate(points, start=1):
        # Each finds one day more than the one before, and what that has left.
        victim = await _start(stage, NOON + number * DAY, f"{point}:{1 + number % 3}")
        async with asyncio.timeout(60):
            assert await victim.wait() == -signal.SIGKILL, point
    clock.now = NOON + len(points) * DAY
    stage.start_worker(now=clock)
    await over(stage, clock.now - DAY)
    assert await payroll(stage.sql) == dict.fromkeys(NAMES, days(len(points)))
