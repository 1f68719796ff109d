"""What falls due in virtual time is done in order, and empty periods are passed over where a job can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.simulate.timeline import Restless, Timeline
from services.hold.service import HOLD
from shared.calendar import Period
from shared.contracts.hold import OpenAccount
from shared.contracts.message import Message
from shared.engine.schedule import Progress
from shared.engine.service import Job
from tests.support.calendars import every

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def message(_period: Period, _share: int) -> Message:
    return OpenAccount(account="a", mode="prepaid", email="a@a.vn")


class Memory:
    """The engine's two tables, as far as jobs need them."""

    def __init__(self, wakes: Sequence[datetime] = ()) -> None:
        self.rows: dict[tuple[str, int], tuple[Any, ...]] = {}
        self.said: list[str] = []
        self.wakes = list(wakes)

    async def fetchval(self, query: str, *_: Any) -> Any:
        assert "pg_try_advisory" in query
        return True

    async def execute(self, query: str, *args: Any) -> str:
        assert "job_progress" in query
        self.rows |= {row[:2]: row for row in zip(*args, strict=True)}
        return "INSERT 0 1"

    async def fetch(self, query: str, *args: Any) -> list[Mapping[str, Any]]:
        if "from job_progress" in query:
            return [
                Progress(job, shard, period, instant, "", 0, 0, done, instant, instant)._asdict()
                for job, shard, period, instant, _, done in self.rows.values()
            ]
        assert "insert into outbox" in query
        self.said += args[2]
        return [{"position": len(self.said)}]


class Line:
    """The timeline of a service with these jobs."""

    def __init__(self, memory: Memory, *jobs: Job) -> None:
        self.service = replace(HOLD, jobs=jobs)
        self.memory: Any = memory
        self.line = Timeline([self.service])

    async def begin(self) -> None:
        await self.line.begin({"hold": self.memory}, START)

    async def passed(self, until: datetime, now: datetime = START) -> list[tuple[str, datetime]]:
        done = []
        while (due := await self.line.next_due({"hold": self.memory}, until)) is not None:
            before = dict(self.memory.rows)
            await self.line.make(self.memory, self.service, max(due.instant, now))
            changed = [row for place, row in self.memory.rows.items() if before[place] != row]
            done += [(job, instant) for job, _, _, instant, _, _ in changed]
            self.memory.wakes = [wake for wake in self.memory.wakes if wake > done[-1][1]]
        return done


async def test_a_job_is_done_when_all_of_its_shares_are() -> None:
    memory = Memory()
    few, many = (Job(f"of {shares}", every(DAY, START), message, shards=shares) for shares in (1, 3))
    line = Line(memory, few, many)
    await line.begin()
    assert Counter(await line.passed(START + DAY)) == {("of 1", START + DAY): 1, ("of 3", START + DAY): 3}


async def test_jobs_are_done_in_the_order_of_their_instants_each_period_once() -> None:
    memory = Memory()
    line = Line(
        memory,
        Job("day", every(DAY, START), message, shards=1),
        Job("half", every(DAY / 2, START), message, shards=1),
    )
    await line.begin()
    done = await line.passed(START + DAY)
    assert done == [("half", START + DAY / 2), ("day", START + DAY), ("half", START + DAY)]
    assert await line.passed(START + DAY) == []
    assert len(memory.said) == 3


def sleepy(memory: Memory) -> Job:
    async def wakes(_conn: object) -> datetime | None:
        return memory.wakes[0] if memory.wakes else None

    return Job("minute", every(MINUTE, START), message, skips=True, wakes=wakes, shards=1)


async def test_a_job_that_says_it_has_nothing_to_do_is_passed_over() -> None:
    memory = Memory(wakes=[START + 40 * DAY + timedelta(seconds=10), START + 400 * DAY])
    line = Line(memory, sleepy(memory))
    await line.begin()
    assert await line.passed(START + 40 * DAY) == []
    done = await line.passed(START + 40 * DAY + MINUTE)
    done += await line.passed(START + 4000 * DAY)
    assert done == [("minute", START + 40 * DAY + MINUTE), ("minute", START + 400 * DAY)]
    assert len(memory.said) == 2


async def test_after_an_outage_a_job_that_skips_is_done_up_to_each_period_of_one_that_does_not() -> None:
    memory = Memory(wakes=[START + 3 * MINUTE, START + DAY + 5 * MINUTE, START + DAY + 9 * MINUTE])
    line = Line(memory, sleepy(memory), Job("day", every(DAY, START), message, shards=1))
    await line.begin()
    done = await line.passed(START + 2 * DAY, now=START + 2 * DAY)
    assert done == [
        *(("minute", START + DAY), ("day", START + DAY)),
        *(("minute", START + 2 * DAY), ("day", START + 2 * DAY)),
    ]


async def test_a_job_that_never_gets_on_ends_the_world() -> None:
    memory = Memory(wakes=[])
    always = replace(sleepy(memory), wakes=_always)
    line = Line(memory, always)
    await line.begin()
    with pytest.raises(Restless, match="still due"):
        await line.passed(START + DAY)


async def test_a_job_of_days_with_something_to_do_each_day_goes_on_for_years() -> None:
    memory = Memory()
    line = Line(memory, Job("day", every(DAY, START), message, wakes=_always, shards=1))
    await line.begin()
    assert len(await line.passed(START + 2000 * DAY)) == 2000


async def test_a_job_is_asked_again_when_its_service_has_decided_something() -> None:
    memory = Memory()
    line = Line(memory, sleepy(memory))
    await line.begin()
    assert await line.passed(START + MINUTE) == []
    assert await line.passed(START + DAY) == []
    memory.wakes = [START + DAY + MINUTE]
    assert await line.passed(START + 2 * DAY) == []
    line.line.heard(line.service)
    assert await line.passed(START + 2 * DAY) == [("minute", START + DAY + MINUTE)]


async def _always(_conn: object) -> datetime | None:
    return START
