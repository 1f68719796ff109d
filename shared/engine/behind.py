"""How far the jobs of a service are: what each did last, what it has in hand, and since when something waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.engine.schedule import FIRST_LOOK, Progress, next_of, read_progress, read_wakes
from shared.engine.service import Connection, Job, Service


class Standing(NamedTuple):
    """One job: the last period that all shares are done with (none before the first), since when a share of the first
    that is not done is due (none where nothing is), and the shares it has in hand."""

    job: str
    done: str | None
    due_since: datetime | None
    in_hand: tuple[Progress, ...]

    def behind(self, now: datetime) -> timedelta:
        """For how long something has been due."""
        return max(now - self.due_since, timedelta(0)) if self.due_since is not None else timedelta(0)


async def standings(conn: Connection, service: Service, now: datetime) -> list[Standing]:
    """All jobs of a service, in its order. It only reads."""
    progress = await read_progress(conn)
    wakes = await read_wakes(conn, service.jobs)
    return [
        _standing(job, [row for row in progress if row.job == job.name], wakes, now) for job in service.jobs
    ]


def _standing(
    job: Job, rows: Sequence[Progress], wakes: Mapping[str, datetime | None], now: datetime
) -> Standing:
    done = min((row for row in rows if row.done), key=lambda row: row.instant, default=None)
    since = [instant for row in rows if (instant := _due_since(job, row, wakes, now)) is not None]
    return Standing(
        job.name,
        None if done is None or done.period == FIRST_LOOK else done.period,
        min(since, default=None),
        tuple(row for row in rows if not row.done),
    )


def _due_since(
    job: Job, row: Progress, wakes: Mapping[str, datetime | None], now: datetime
) -> datetime | None:
    if not row.done:
        return row.instant
    due = next_of(job, row.instant, wakes, now)
    return None if due is None else due.instant
