"""What an operator may do with a parked key: look, let its queue go on in order, or drop a message from it.

All in the caller's transaction, on a connection that acts as the service. What is said stands in the outbox
afterwards, in a lane of its own, and the service's workers publish it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.contracts.cloudevents import Unreadable
from shared.engine import batch, faults, intake, outbox, parking, slices
from shared.engine.decision import Known
from shared.engine.faults import Verdict
from shared.engine.intake import StoredRecord
from shared.engine.outbox import OPERATOR_LANE, QUERIES
from shared.engine.service import Connection, Service


@dataclass(frozen=True, slots=True)
class ParkedKey:
    """A key that waits: how many messages, since when, and what the first of them failed of."""

    key: str
    messages: int
    since: datetime
    error: str | None


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a key's queue: how many were decided, how many still wait, and for what."""

    decided: int
    left: int
    error: str | None


async def parked_keys(conn: Connection, most: int = 100) -> list[ParkedKey]:
    """The keys that wait, the longest wait first."""
    return [ParkedKey(**row) for row in await conn.fetch(QUERIES["list_parked"], most)]


async def retry(conn: asyncpg.Connection, service: Service, key: str) -> Retried:
    """Decides the key's queue, oldest first, up to one that still fails: it stays parked, and the rest behind it."""
    queue = await parking.queue_of(conn, key)
    for decided, (message_id, record) in enumerate(queue):
        error = await _retry_one(conn, service, message_id, record)
        if error is not None:
            await conn.execute(QUERIES["note_error"], message_id, parking.storable(error))
            return Retried(decided, len(queue) - decided, error)
    return Retried(len(queue), 0, None)


async def drop(conn: Connection, key: str, message_id: str) -> bool:
    """Gives one message of the key up, for ever; what is behind it waits for `retry`. Whether it was there."""
    queued = message_id in {queued for queued, _ in await parking.queue_of(conn, key)}
    if queued:
        await parking.drop(conn, [message_id])
    return queued


async def _retry_one(
    conn: asyncpg.Connection, service: Service, message_id: str, record: StoredRecord
) -> str | None:
    """Decides one message in a savepoint of its own; what it failed of, if it did."""
    try:
        async with conn.transaction():
            await _decide(conn, service, record)
            await parking.drop(conn, [message_id])
    except Exception as error:
        if not isinstance(error, Unreadable) and faults.sort(error) is not Verdict.PARK:
            raise
        return faults.described(error)
    return None


async def _decide(conn: Connection, service: Service, record: StoredRecord) -> None:
    read = intake.read(record, service)
    if read is None:
        raise Unreadable(f"{service.name} has no rule for it any more")
    known = Known()
    await service.store.load(conn, [read.ask], known)
    result = batch.decide(service, [read], known, set(), OPERATOR_LANE)
    if result.parked:
        raise faults.RuleRaised(result.parked[0].error)
    await service.store.save(conn, known)
    await slices.note(conn, result.steps)
    await outbox.add(conn, result.bundles)
