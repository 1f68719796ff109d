"""Parking: a message whose rule raises waits in the database with its error, and later ones of its key queue
behind it, in order; all other keys go through. An operator lets a key go on once the rule is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from shared.engine.faults import TooManyParked
from shared.engine.intake import Read, StoredRecord
from shared.engine.outbox import QUERIES
from shared.engine.service import Connection

# A bad release must not park every customer: at the eleventh key in ten minutes the consumer stops instead.
MOST_PARKED_KEYS: Final = 10
PARKING_WINDOW: Final = timedelta(minutes=10)

# Any fixed number: it parts this lock from other advisory locks in the database.
_LOCK_CLASS: Final = 7_068
# Enough to see what is wrong, not a page.
_MOST_ERROR: Final = 2000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Parked:
    """One message that waits: with the error of its rule, or without, behind one that has it."""

    read: Read
    error: str | None


async def blocked_keys(conn: Connection, keys: Iterable[str]) -> set[str]:
    """Those of the keys that wait for an operator."""
    asked = list(keys)
    return {row["key"] for row in await conn.fetch(QUERIES["lock_parked_keys"], asked)} if asked else set()


async def park(conn: Connection, parked: Sequence[Parked]) -> None:
    """Puts the messages at the end of their keys' queues; `TooManyParked` when that is too many keys too fast."""
    if not parked:
        return
    await conn.execute(QUERIES["add_parked"], *_columns(parked))
    if any(one.error is not None for one in parked):
        await conn.execute(QUERIES["lock_parking"], _LOCK_CLASS)
        count = await conn.fetchval(QUERIES["count_lately_parked"], PARKING_WINDOW)
        if count > MOST_PARKED_KEYS:
            first = next(one.error for one in parked if one.error is not None)
            raise TooManyParked(f"{count} keys would be parked within {PARKING_WINDOW}; the newest: {first}")


async def park_alone(conn: Connection, parked: Parked) -> None:
    """Parks a message that nothing has remembered yet: its own transaction was refused."""
    if await conn.fetchval(QUERIES["remember_message"], parked.read.ask.envelope.id) is not None:
        await park(conn, [parked])


def _columns(parked: Sequence[Parked]) -> list[list[object]]:
    return [list(column) for column in zip(*map(_row, parked), strict=True)]


def _row(parked: Parked) -> tuple[object, ...]:
    record, ask = parked.read.record, parked.read.ask
    headers = orjson.dumps([(name, value.decode()) for name, value in record.headers]).decode()
    return (
        ask.key,
        ask.envelope.id,
        record.topic,
        record.partition,
        record.offset,
        headers,
        (record.value or b"").decode(),
        _EPOCH + timedelta(milliseconds=record.timestamp),
        None if parked.error is None else storable(parked.error),
    )


def storable(error: str) -> str:
    """An error as a text column takes it: it may quote anything."""
    return error.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()[:_MOST_ERROR]


async def queue_of(conn: Connection, key: str) -> list[tuple[str, StoredRecord]]:
    """The messages of a parked key with their ids, oldest first, locked until the transaction ends."""
    await conn.fetch(QUERIES["lock_queue"], key)
    # Read again: whoever held the lock before us may have added to the queue, and the first look cannot see that.
    return [(row["message_id"], _stored(row)) for row in await conn.fetch(QUERIES["lock_queue"], key)]


def _stored(row: Any) -> StoredRecord:
    return StoredRecord(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["record_offset"],
        timestamp=(row["accepted_at"] - _EPOCH) // timedelta(milliseconds=1),
        key=row["key"].encode(),
        value=row["body"].encode(),
        headers=[(name, value.encode()) for name, value in orjson.loads(row["headers"])],
    )


async def drop(conn: Connection, message_ids: Sequence[str]) -> None:
    """These no longer wait."""
    await conn.execute(QUERIES["drop_parked"], list(message_ids))
