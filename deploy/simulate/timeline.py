"""When scheduled work falls due in virtual time. Periods in which a job has nothing to do are passed over, where it can
tell: so years go by in seconds, and what is done is what a worker would have done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.engine.outbox import QUERIES
from shared.engine.schedule import make_due
from shared.engine.service import Connection, Job, Service

_INSTANT: Final = timedelta(microseconds=1)
# Periods are asked for in stretches: those of a minute's job over a year are half a million.
_FIRST_STRETCH: Final = timedelta(hours=1)
_LONGEST_STRETCH: Final = timedelta(days=64)


class Due(NamedTuple):
    """One period of a job."""

    instant: datetime
    service: Service
    job: Job
    period: str


class Timeline:
    """The jobs of all services, and up to when each has been done."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._jobs = [(service, job) for service in services for job in service.jobs]
        self._done: dict[tuple[str, str], datetime] = {}

    def __bool__(self) -> bool:
        return bool(self._jobs)

    async def begin(self, connections: Mapping[str, Connection], at: datetime) -> None:
        """From here on jobs are due; what lies before is not caught up."""
        for service, job in self._jobs:
            await make_due(connections[service.name], service, job, at)
            self._done[service.name, job.name] = at

    async def next_due(self, connections: Mapping[str, Connection], until: datetime) -> Due | None:
        """What falls due first, up to that instant; of several at one instant, in the order of the services."""
        found = [
            await self._next(connections[service.name], service, job, until) for service, job in self._jobs
        ]
        return min((due for due in found if due is not None), key=lambda due: due.instant, default=None)

    async def make(self, conn: Connection, due: Due) -> None:
        """Stores the period's messages, and notes that all before it had nothing to do."""
        done = self._done[due.service.name, due.job.name]
        if skipped := _last_before(due.job, done, due.instant):
            await conn.execute(QUERIES["add_run"], due.job.name, *skipped)
        await make_due(conn, due.service, due.job, due.instant)
        self._done[due.service.name, due.job.name] = due.instant

    async def _next(self, conn: Connection, service: Service, job: Job, until: datetime) -> Due | None:
        after = self._done[service.name, job.name]
        if job.wakes is not None:
            wakes = await job.wakes(conn)
            if wakes is None or wakes > until:
                return None
            after = max(after, wakes - _INSTANT)
        first = _first_after(job, after, until)
        return None if first is None else Due(first[1], service, job, first[0])


def _first_after(job: Job, after: datetime, until: datetime) -> tuple[str, datetime] | None:
    stretch = _FIRST_STRETCH
    while after < until:
        end = min(until, after + stretch)
        if found := job.periods(after, end):
            return found[0]
        after, stretch = end, min(stretch * 2, _LONGEST_STRETCH)
    return None


def _last_before(job: Job, after: datetime, instant: datetime) -> tuple[str, datetime] | None:
    """The last period that is passed over, if any is."""
    stretch = _FIRST_STRETCH
    end = instant - _INSTANT
    while end > after:
        start = max(after, end - stretch)
        if found := job.periods(start, end):
            return found[-1]
        end, stretch = start, min(stretch * 2, _LONGEST_STRETCH)
    return None
