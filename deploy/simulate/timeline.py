"""When scheduled work falls due in virtual time. Periods in which a job has nothing to do are passed over, where it can
tell: so years go by in seconds, and what is done is what a worker would have done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from shared.engine.schedule import (
    Made,
    earliest,
    has_come,
    make_due,
    next_instant,
    read_progress,
    read_wakes,
)
from shared.engine.service import Connection, Service

# A job that finds less than what is due says so again the minute after; one that never gets on would fill the years.
_MOST_IN_VAIN: Final = 1_000


class Restless(Exception):
    """A job that was done, and done again, and still tells that it has something to do at an instant long past."""


class Due(NamedTuple):
    """When something falls due, and in which service; in none, where a payer acts."""

    instant: datetime
    service: Service | None


class Timeline:
    """The jobs of all services, and up to when each has been done."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services = [service for service in services if service.jobs]
        self._done: dict[str, dict[str, datetime]] = {}
        # What jobs have told: it stands until their service decides something.
        self._wakes: dict[str, dict[str, datetime | None]] = {service.name: {} for service in self._services}
        self._in_vain: dict[tuple[str, str], int] = {}

    def __bool__(self) -> bool:
        return bool(self._services)

    async def begin(self, connections: Mapping[str, Connection], at: datetime) -> None:
        """From here on jobs are due; what lies before is not caught up."""
        for service in self._services:
            await make_due(connections[service.name], service, at)
            self._done[service.name] = dict.fromkeys((job.name for job in service.jobs), at)

    async def next_due(self, connections: Mapping[str, Connection], until: datetime) -> Due | None:
        """What falls due first, up to that instant; of several at one instant, in the order of the services."""
        found = [await self._next(connections[service.name], service, until) for service in self._services]
        return min((due for due in found if due is not None), key=lambda due: due.instant, default=None)

    async def make(self, conn: Connection, service: Service, now: datetime) -> Sequence[Made]:
        """Begins what the service has to do first."""
        made = await make_due(conn, service, now)
        if made:
            # Jobs differ in their shares: while one share does this job, another may do that.
            self._done[service.name] = earliest(await read_progress(conn))
        self.heard(service)
        return made

    def heard(self, service: Service) -> None:
        """The service has decided something: its jobs may tell otherwise now."""
        self._wakes.get(service.name, {}).clear()

    async def _next(self, conn: Connection, service: Service, until: datetime) -> Due | None:
        wakes, done = self._wakes[service.name], self._done[service.name]
        jobs = [job for job in service.jobs if job.name not in wakes and has_come(job, done[job.name], until)]
        asked = await read_wakes(conn, jobs)
        for job in jobs:
            if job.skips:
                first = asked[job.name]
                self._note(service.name, job.name, in_vain=first is not None and first <= done[job.name])
        wakes |= asked
        instant = next_instant(service.jobs, done, wakes, until)
        return None if instant is None else Due(instant, service)

    def _note(self, service: str, job: str, *, in_vain: bool) -> None:
        count = self._in_vain[service, job] = self._in_vain.get((service, job), 0) + 1 if in_vain else 0
        if count > _MOST_IN_VAIN:
            raise Restless(f"{service}'s job {job} was done {count} times, and what it is to do is still due")
