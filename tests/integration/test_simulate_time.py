"""Virtual time over a real database: jobs done in order at their instants, hundreds of days in a second, each world on its own."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.simulate.stage import stage_on
from deploy.simulate.world import Broken, Stage
from shared import ids
from shared.calendar import MINUTES
from shared.engine.service import Connection, Job
from tests.support.calendars import every
from tests.support.stage import toy_name
from tests.support.toy import UNLUCKY, UNSPEAKABLE, Toy

pytestmark = pytest.mark.postgres

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
# More cannot be told of the toy's clock.
DAYS = UNSPEAKABLE - 1


DAYS_OF_IT = every(DAY, START)


async def waits_for_a_counter(conn: Connection) -> datetime | None:
    """Nothing to do until somebody counts to ten; then at each of the next minutes until it is eleven."""
    total = await conn.fetchval("select max(total) from counter where counter = 'work'")
    return START + 300 * DAY + timedelta(seconds=1) if total == 10 else None


@pytest.fixture
def toy() -> Toy:
    toy = Toy(toy_name())
    work: Any = lambda _period, _share: toy.Add(counter="work", amount=1)  # noqa: E731 - a job's messages
    toy.service = replace(
        toy.service,
        jobs=(
            Job("day", DAYS_OF_IT, toy.minute_is_over, shards=1),
            Job("work", MINUTES, work, skips=True, wakes=waits_for_a_counter, shards=1),
        ),
    )
    return toy


@pytest.fixture
async def stage(database: str, toy: Toy) -> AsyncIterator[Stage]:
    async with stage_on(database, [toy.service]) as ready:
        yield ready


async def test_hundreds_of_days_go_by_in_seconds(stage: Stage, toy: Toy) -> None:
    started = time.perf_counter()
    async with stage.world(START) as world:
        await world.advance(START + DAYS * DAY)
        ticks = [said for said in world.bus.events if said.name == "Ticked"]
        assert [said.at for said in ticks] == [START + (number + 1) * DAY for number in range(DAYS)]
        assert world.bus.states["Stands"]["clock"].data["total"] == DAYS
    assert time.perf_counter() - started < 30


async def test_a_job_that_waits_is_done_when_it_says_and_not_before(stage: Stage, toy: Toy) -> None:
    async with stage.world(START) as world:
        await world.advance(START + 100 * DAY)
        await world.send(toy.Add(counter="work", amount=10), ids.new_id())
        await world.advance(START + 400 * DAY)
        added = [(said.at, said.data["total"]) for said in world.bus.events if said.name == "Added"]
        assert added == [(START + 100 * DAY, 10), (START + 300 * DAY + MINUTE, 11)]
        assert world.at == START + 400 * DAY


async def test_what_one_world_did_the_next_does_not_know(stage: Stage, toy: Toy) -> None:
    same = ids.new_id()
    for _ in range(2):
        async with stage.world(START) as world:
            await world.send(toy.Add(counter="mine", amount=5), same, copies=3)
            assert [said.data["total"] for said in world.bus.events] == [5]


async def test_a_rule_that_raises_ends_the_world_with_its_reason(stage: Stage, toy: Toy) -> None:
    async with stage.world(START) as world:
        with pytest.raises(Broken, match="is unlucky"):
            await world.send(toy.Add(counter="mine", amount=UNLUCKY), ids.new_id())
    async with stage.world(START) as world:
        with pytest.raises(Broken, match="cannot decide"):
            await world.send(toy.Add(counter="mine", amount=5000), ids.new_id())
