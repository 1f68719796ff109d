"""Work that time brings: each (job, period) is made once, by whichever worker comes first, and arrives as messages.

After an outage all periods that fell due meanwhile are made, oldest first. A rule never sees a clock: the
period's instant is in the message.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from shared import ids
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope
from shared.contracts.message import Message
from shared.engine import outbox
from shared.engine.outbox import QUERIES, Bundle, Outgoing
from shared.engine.service import Connection, Job, Service

# Any fixed number: it parts these locks from other advisory locks in the database.
_LOCK_CLASS: Final = 7_067
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A long outage is caught up in slices, each its own transaction.
_MOST_PERIODS: Final = 50


def lane_of_job(job: Job) -> str:
    """Where a job's bundles are found in the outbox."""
    return f"job/{job.name}"


async def make_due(conn: Connection, service: Service, job: Job, now: datetime) -> int:
    """Stores the messages of the job's next due periods, in the caller's transaction; how many periods that were."""
    if not await conn.fetchval(QUERIES["lock_jobs"], _LOCK_CLASS, job.name):
        return 0
    last = await conn.fetchval(QUERIES["read_last_run"], job.name)
    if last is None:
        # The first look ever: what comes from here on is due, the past before it is not.
        await conn.execute(QUERIES["add_run"], job.name, "first look", now)
        return 0
    due = job.periods(last, now)[:_MOST_PERIODS]
    for period, instant in due:
        if await conn.fetchval(QUERIES["add_run"], job.name, period, instant) is not None:
            messages = job.messages(period, instant)
            said = [
                _outgoing(service, job, period, instant, part, message)
                for part, message in enumerate(messages)
            ]
            await outbox.add(conn, [Bundle(lane_of_job(job), said)] if said else [])
    return len(due)


def _outgoing(
    service: Service, job: Job, period: str, instant: datetime, part: int, message: Message
) -> Outgoing:
    at_ms = (instant - _EPOCH) // timedelta(milliseconds=1)
    message_id = ids.derived_id(f"{service.name}/{job.name}/{period}", str(part), at_ms)
    envelope = Envelope(
        id=message_id,
        type=message.type,
        source=f"{service.source}/jobs/{job.name}",
        key=message.key,
        subject=message.about,
        time=instant,
        correlation_id=message_id,
    )
    return Outgoing(topics.topic_of(type(message)), envelope, message.model_dump_json())
