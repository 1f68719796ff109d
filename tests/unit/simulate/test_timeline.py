"""What falls due in virtual time is done in order, and empty periods are passed over where a job can tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.simulate.timeline import Timeline
from services.hold.service import HOLD
from shared.contracts.hold import OpenAccount
from shared.contracts.message import Message
from shared.engine.service import Job, Service

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def every(step: timedelta) -> Any:
    def periods(after: datetime, until: datetime) -> Sequence[tuple[str, datetime]]:
        first = (after - START) // step + 1
        last = (until - START) // step
        return [(str(START + number * step), START + number * step) for number in range(first, last + 1)]

    return periods


def messages(_period: str, _instant: datetime) -> Sequence[Message]:
    return [OpenAccount(account="a", mode="prepaid", email="a@a.vn")]


class Memory:
    """The engine's two tables, as far as jobs need them."""

    def __init__(self, wakes: Sequence[datetime] = ()) -> None:
        self.runs: list[tuple[str, str, datetime]] = []
        self.said: list[str] = []
        self.wakes = list(wakes)

    async def fetchval(self, query: str, *args: Any) -> Any:
        if "pg_try_advisory" in query:
            return True
        if "max(instant)" in query:
            return max((at for job, _, at in self.runs if job == args[0]), default=None)
        self.runs.append(args)
        return args[1]

    async def execute(self, query: str, *args: Any) -> str:
        assert "job_run" in query
        self.runs.append(args)
        return "INSERT 0 1"

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        assert "insert into outbox" in query
        self.said += args[2]
        return [{"position": len(self.said)}]


def timeline(*jobs: Job) -> Timeline:
    service = Service(
        HOLD.name,
        HOLD.registry,
        HOLD.rules,
        HOLD.aggregates,
        HOLD.snapshots,
        HOLD.store,
        HOLD.migrations,
        jobs,
    )
    return Timeline([service])


async def passed(line: Timeline, memory: Memory, until: datetime) -> list[tuple[str, datetime]]:
    done = []
    while (due := await line.next_due({"hold": memory}, until)) is not None:  # type: ignore[dict-item]
        await line.make(memory, due)  # type: ignore[arg-type]
        done.append((due.job.name, due.instant))
        memory.wakes = [wake for wake in memory.wakes if wake > due.instant]
    return done


async def test_jobs_are_done_in_the_order_of_their_instants_each_period_once() -> None:
    memory = Memory()
    line = timeline(Job("day", every(DAY), messages), Job("half", every(DAY / 2), messages))
    await line.begin({"hold": memory}, START)  # type: ignore[dict-item]
    done = await passed(line, memory, START + DAY)
    assert done == [("half", START + DAY / 2), ("day", START + DAY), ("half", START + DAY)]
    assert await passed(line, memory, START + DAY) == []
    assert len(memory.said) == 3


async def test_a_job_that_says_it_has_nothing_to_do_is_passed_over() -> None:
    memory = Memory(wakes=[START + 40 * DAY + timedelta(seconds=10), START + 400 * DAY])

    async def wakes(_conn: object) -> datetime | None:
        return memory.wakes[0] if memory.wakes else None

    line = timeline(Job("minute", every(MINUTE), messages, wakes))
    await line.begin({"hold": memory}, START)  # type: ignore[dict-item]
    done = await passed(line, memory, START + 4000 * DAY)
    assert done == [("minute", START + 40 * DAY + MINUTE), ("minute", START + 400 * DAY)]
    assert len(memory.said) == 2
