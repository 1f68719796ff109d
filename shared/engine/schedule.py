"""Work that time brings: each (job, period, share) is made once, by whichever worker comes first, and arrives as messages.

Of one share there is one piece of work under way at a time, over all jobs of the service, in the order of their instants:
what an outage kept is caught up as it would have come. A rule never sees a clock (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from shared import ids
from shared.calendar import Period
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope
from shared.engine import outbox
from shared.engine.outbox import QUERIES, Bundle, Outgoing
from shared.engine.service import Connection, Job, Service

# Any fixed number: it parts these locks from other advisory locks in the database.
_LOCK_CLASS: Final = 7_067
# Where the bundles of jobs are found in the outbox.
LANE: Final = "jobs"
FIRST_LOOK: Final = "first look"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT: Final = timedelta(microseconds=1)


class Progress(NamedTuple):
    """How far a job is with one share: its last period, and whether all of that is done."""

    job: str
    shard: int
    period: str
    instant: datetime
    after: str
    slices: int
    counted: int
    done: bool
    made_at: datetime
    moved_at: datetime


class Made(NamedTuple):
    """One period that was begun for one share."""

    job: Job
    shard: int
    period: Period


async def make_due(conn: Connection, service: Service, now: datetime) -> list[Made]:
    """Stores the message of the next due period of each share that has nothing under way, in the caller's transaction.

    A job nobody has seen before is looked at for the first time: what comes from here on is due, the past is not.
    """
    if not await conn.fetchval(QUERIES["lock_jobs"], _LOCK_CLASS):
        return []
    progress = {(row.job, row.shard): row for row in await read_progress(conn)}
    new = [(job.name, shard) for job in service.jobs for shard in range(job.shards)]
    await _begin(conn, [(*place, FIRST_LOOK, now, None, True) for place in new if place not in progress])
    done = earliest(progress.values())
    wakes = await read_wakes(
        conn, [job for job in service.jobs if has_come(job, done.get(job.name, now), now)]
    )
    made = list(_due(service.jobs, progress, wakes, now))
    if made:
        said = [outgoing(service, one) for one in made]
        await _begin(
            conn,
            [
                (m.job.name, m.shard, *m.period, one.envelope.id, not m.job.is_sliced)
                for m, one in zip(made, said, strict=True)
            ],
        )
        await outbox.add(conn, [Bundle(LANE, said)])
    return made


async def read_progress(conn: Connection) -> list[Progress]:
    """How far all jobs are."""
    return [Progress(*row.values()) for row in await conn.fetch(QUERIES["read_progress"])]


def earliest(progress: Iterable[Progress]) -> dict[str, datetime]:
    """Up to when each job is done with every share, of those that have been looked at."""
    done: dict[str, datetime] = {}
    for row in progress:
        done[row.job] = min(row.instant, done.get(row.job, row.instant))
    return done


def has_come(job: Job, done: datetime, until: datetime) -> bool:
    """Whether any period of it has come since: else nobody need ask whether there is anything to do in it."""
    return job.calendar.next(done).instant <= until


async def read_wakes(conn: Connection, jobs: Iterable[Job]) -> dict[str, datetime | None]:
    """When each of these jobs that can tell has anything to do."""
    return {job.name: await job.wakes(conn) for job in jobs if job.wakes is not None}


def first_due(
    jobs: Sequence[Job],
    done: Mapping[str, datetime],
    wakes: Mapping[str, datetime | None],
    until: datetime,
) -> tuple[Job, Period] | None:
    """What falls due first of these jobs, each done up to that instant; of several at one instant, the one named first.

    A job that skips is done up to the next period of one that does not, and else up to `until`; one that waits, then only.
    """
    found = [
        (period, job)
        for job in jobs
        if not job.skips and (period := next_of(job, done[job.name], wakes, until)) is not None
    ]
    limit = min((period.instant for period, _ in found), default=until)
    for job in jobs:
        is_turn = job.skips and not (job.waits and limit < until)
        if is_turn and next_of(job, done[job.name], wakes, limit) is not None:
            found.append((job.calendar.last(limit), job))
    first = min(found, key=lambda one: (one[0].instant, jobs.index(one[1])), default=None)
    return None if first is None else (first[1], first[0])


def next_instant(
    jobs: Sequence[Job],
    done: Mapping[str, datetime],
    wakes: Mapping[str, datetime | None],
    until: datetime,
) -> datetime | None:
    """When the first of these jobs falls due, where no period is missed; none up to `until`."""
    found = (next_of(job, done[job.name], wakes, until) for job in jobs)
    return min((period.instant for period in found if period is not None), default=None)


def next_of(job: Job, done: datetime, wakes: Mapping[str, datetime | None], until: datetime) -> Period | None:
    """The job's first period in which there is anything to do, if it is not later than `until`."""
    if job.name in wakes:
        first = wakes[job.name]
        if first is None or first > until:
            return None
        done = max(done, first - _INSTANT)
    period = job.calendar.next(done)
    return period if period.instant <= until else None


def _due(
    jobs: Sequence[Job],
    progress: Mapping[tuple[str, int], Progress],
    wakes: Mapping[str, datetime | None],
    now: datetime,
) -> Iterator[Made]:
    for shard in sorted({shard for _, shard in progress}):
        here = [job for job in jobs if (job.name, shard) in progress]
        if all(progress[job.name, shard].done for job in here):
            done = {job.name: progress[job.name, shard].instant for job in here}
            if (due := first_due(here, done, wakes, now)) is not None:
                yield Made(due[0], shard, due[1])


async def _begin(conn: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        await conn.execute(QUERIES["begin_period"], *(list(column) for column in zip(*rows, strict=True)))


def outgoing(service: Service, made: Made) -> Outgoing:
    """The message that begins it: the same however often it is made."""
    job, shard, period = made
    message = job.asks(period, shard)
    at_ms = (period.instant - _EPOCH) // timedelta(milliseconds=1)
    message_id = ids.derived_id(f"{service.name}/{job.name}/{period.name}", str(shard), at_ms)
    envelope = Envelope(
        id=message_id,
        type=message.type,
        source=f"{service.source}/jobs/{job.name}",
        key=message.key,
        subject=message.about,
        time=period.instant,
        correlation_id=message_id,
    )
    return Outgoing(topics.topic_of(type(message)), envelope, message.to_json())
