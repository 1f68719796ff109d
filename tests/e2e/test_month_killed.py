"""The close of a month while workers of hold and invoicing are killed at random: the books, row by row, are those of a month
that nobody disturbed, played in virtual time. STOPPOC_E2E=full closes it for 2,000 accounts, STOPPOC_E2E=small for few.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from deploy import topics
from deploy.audit.checks import checks
from deploy.audit.look import look
from deploy.bench.copies import copy_first
from deploy.bench.jobs.crowd import OPENED, settle
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres, embedded_postgres
from deploy.services import SERVICES
from deploy.simulate.stage import stage_on
from deploy.simulate.world import World
from deploy.simulate.year import books
from deploy.simulate.year.square import Square
from shared.calendar import MONTHS
from shared.engine import schedule, slices
from shared.engine.migrate import migrate
from shared.engine.service import Service
from tests.e2e.household import Household, household
from tests.support.seeds import SEED, seeded_random

_FULL: Final = os.environ.get("STOPPOC_E2E") == "full"
_ACCOUNTS: Final = 2_000 if _FULL else 120
_KILLED: Final = 20 if _FULL else 6
# So many messages are decided between two kills.
_APART: Final = (100, 400) if _FULL else (5, 25)
# So many accounts are decided with one message: what the ids of documents come from must be the same in both.
_KEYS: Final = 10
_WITHIN_S: Final = 900.0
_LOOK_S: Final = 0.2
_END: Final = MONTHS.next(OPENED).instant
_BEFORE: Final = _END - timedelta(minutes=1)
_CLOSING: Final = [SERVICES["hold"], SERVICES["invoicing"]]

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif("STOPPOC_E2E" not in os.environ, reason="run by hand: STOPPOC_E2E=small, or full"),
    pytest.mark.timeout(3000),
]


async def test_a_month_killed_twenty_times_has_the_same_documents(
    broker: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "MOST_KEYS", _KEYS)
    monkeypatch.setenv("STOPPOC_TEST_SLICE", str(_KEYS))
    async with embedded_postgres(tmp_path / "postgres") as postgres:
        await _crowded(postgres.dsn)
        quiet = await _copied(postgres)
        await _undisturbed(quiet)
        began = time.monotonic()
        async with _house(broker, postgres, tmp_path / "logs") as house:
            killed = await _disturbed(house)
        print(f"STOPPOC_SEED={SEED} killed: {dict(killed)}, {time.monotonic() - began:.0f} s")  # noqa: T201 - told with the seed
        assert killed.total() == _KILLED
        expected, found = [await _documents(dsn) for dsn in (quiet, postgres.dsn)]
        assert {name for name in expected if expected[name] != found[name]} == set()
        broken = await look(postgres.dsn, checks([service.name for service in _CLOSING]), 0)
        assert {one.check.name: one.breaks[:3] for one in broken if one.broken} == {}


async def _copied(postgres: Postgres) -> str:
    conn = await asyncpg.connect(postgres.dsn_of("postgres"))
    try:
        await conn.execute(f"create database quiet template {postgres.name}")
    finally:
        await conn.close()
    return postgres.dsn_of("quiet")


async def _crowded(dsn: str) -> None:
    """Accounts that have used things all month, a minute before its end."""
    every = list(SERVICES.values())
    await migrate(dsn, every)
    async with stage_on(dsn, every) as stage:
        await settle(stage)
    await copy_first(dsn, _ACCOUNTS - 1)
    conn = await asyncpg.connect(dsn)
    try:
        for service in every:
            # The days of the month are not what is looked at.
            await conn.execute(f"update {service.schema}.job_progress set instant = $1, done = true", _BEFORE)
    finally:
        await conn.close()


async def _undisturbed(dsn: str) -> None:
    async with (
        stage_on(dsn, _CLOSING) as stage,
        stage.world(_BEFORE, keep=True, of=lambda stage, at: World(stage, at, Square(_CLOSING))) as world,
    ):
        await world.advance(_END)


@asynccontextmanager
async def _house(kafka: Kafka, postgres: Postgres, logs: Path) -> AsyncIterator[Household]:
    counts = dict.fromkeys(SERVICES, 0) | {service.name: 2 for service in _CLOSING}
    topics.apply(kafka.bootstrap, topics.wanted(SERVICES.values()))
    async with household(kafka, postgres, logs, counts, "tests.e2e.in_small_slices") as house:
        yield house


async def _disturbed(house: Household) -> Counter[str]:
    """The month is closed, and so many workers are killed meanwhile."""
    killed: Counter[str] = Counter()

    async def kill() -> None:
        async for name in house.murders(seeded_random(), _APART):
            killed[name] += 1
            if killed.total() == _KILLED:
                return

    murders = asyncio.create_task(kill())
    try:
        await _closed(house)
    finally:
        murders.cancel()
        await asyncio.gather(murders, return_exceptions=True)
    return killed


async def _closed(house: Household) -> None:
    """The clock stands at the month's end; who looks at it is not killed, the workers' own clocks have not come so far."""
    until = time.monotonic() + _WITHIN_S
    while not all([await _is_done(house, service) for service in _CLOSING]):
        assert time.monotonic() < until, house.story()
        await asyncio.sleep(_LOOK_S)
    await house.quiet(_WITHIN_S)


async def _is_done(house: Household, service: Service) -> bool:
    conn = await asyncpg.connect(house.postgres.dsn, server_settings={"search_path": service.schema})
    try:
        async with conn.transaction():
            made = await schedule.make_due(conn, service, _END)
        progress = await schedule.read_progress(conn)
        ends = [job.calendar.last(_END).instant for job in service.jobs]
        return (
            not made
            and all(row.done for row in progress)
            and max(row.instant for row in progress) == max(ends)
        )
    finally:
        await conn.close()


async def _documents(dsn: str) -> dict[str, str]:
    conn = await asyncpg.connect(dsn)
    try:
        return await books.sums(conn, _CLOSING)
    finally:
        await conn.close()
