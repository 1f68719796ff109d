"""Whenever anybody looks, and however long nobody did: each period of each job is made once for each share, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.hold.service import HOLD
from shared.calendar import DAYS, MINUTES, MONTHS, MORNINGS
from shared.engine.schedule import first_due, make_due
from shared.engine.service import Job
from tests.support.calendars import odd_instant
from tests.support.seeds import seeded_random
from tests.unit.simulate.test_timeline import Memory, message

HISTORIES: Final = 60
SHARES: Final = 2
# At one instant the month comes before the day.
JOBS: Final = tuple(
    Job(name, calendar, message, shards=SHARES)
    for name, calendar in (("month", MONTHS), ("morning", MORNINGS), ("day", DAYS))
)
HOUR: Final = timedelta(hours=1)


async def test_no_period_is_missed_or_made_twice_on_any_calendar_however_late() -> None:
    random = seeded_random()
    months = 0
    for _ in range(HISTORIES):
        memory: Any = Memory()
        service = replace(HOLD, jobs=JOBS)
        begins = now = latest = odd_instant(random)
        made = await make_due(memory, service, begins)
        for _ in range(random.randint(1, 9)):
            now += random.choice((0, 1, 24, 24, 5 * 24, 40 * 24)) * HOUR
            # Not every clock is right.
            seen = now - random.choice((0, 0, 2, 30)) * HOUR
            latest = max(latest, seen)
            while due := await make_due(memory, service, seen):
                made += due
        expected = sorted(
            (period.instant, number, period.name)
            for number, job in enumerate(JOBS)
            for period in job.calendar.between(begins, latest)
        )
        for share in range(SHARES):
            found = [
                (one.period.instant, JOBS.index(one.job), one.period.name)
                for one in made
                if one.shard == share
            ]
            assert found == expected
        months += any(number == 0 for _, number, _ in expected)
    assert months > HISTORIES // 4


async def test_a_share_that_is_behind_the_others_passes_over_what_it_need_not_do() -> None:
    memory: Any = Memory()
    service = replace(HOLD, jobs=(Job("day", DAYS, message, wakes=_never, shards=SHARES),))
    begins = datetime(2028, 2, 28, tzinfo=UTC)
    await make_due(memory, service, begins)
    ahead = DAYS.next(begins)
    memory.rows["day", 0] = ("day", 0, *ahead, None, True)
    assert await make_due(memory, service, ahead.instant) == []


def test_a_job_that_waits_is_done_only_when_nothing_else_is_to_be_caught_up() -> None:
    morning = Job("morning", MORNINGS, message)
    skips = Job("minute", MINUTES, message, skips=True, wakes=_never)
    begins = datetime(2026, 3, 31, 17, tzinfo=UTC)
    first = MORNINGS.next(begins).instant
    back = first + HOUR
    before, after = dict.fromkeys(("morning", "minute"), begins), {"morning": first, "minute": begins}
    for job, instant in ((skips, first), (replace(skips, waits=True), back)):
        jobs, wakes = (job, morning), {job.name: begins}
        made = [first_due(jobs, done, wakes, back) for done in (before, after)]
        found = [(one.name, period.instant) for one, period in filter(None, made)]
        assert (job.name, instant) in found
        assert (found[0] == ("morning", first)) is job.waits


async def _never(_conn: object) -> datetime | None:
    return None
