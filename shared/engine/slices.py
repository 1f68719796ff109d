"""The slices of a job's work: so many keys are decided with one message, and the engine says the next one itself.

A key that is parked waits for its turn as a message of its own, and so does one whose rule raises: the others of its
slice go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from shared.contracts.cloudevents import record_headers
from shared.contracts.jobs import JobSlice
from shared.engine.decision import Known, Slice
from shared.engine.intake import Read, StoredRecord
from shared.engine.outbox import QUERIES
from shared.engine.service import Ask, Connection

# Enough that a transaction is paid for, few enough that a batch with one of each share is over in a second or two.
MOST_KEYS: Final = 500


class Step(NamedTuple):
    """How far one slice has come: for the job's progress."""

    job: str
    shard: int
    chain_id: str
    after: str
    counted: int
    done: bool


async def find(
    conn: Connection,
    query: str,
    asks: Sequence[Ask],
    kind: type[JobSlice],
    known: Known,
    *,
    most: int | None = None,
) -> list[str]:
    """For stores: puts the slice of each of these messages that is of that kind into `known`; all their keys.

    The query is given message ids, shards, last keys done, instants and a limit, and returns `message` and `key` rows:
    up to so many of each message, in key order. Nothing is locked by it: that is the store's next statement. Where a key
    stands for much, a store asks for fewer at `most`.
    """
    limit = MOST_KEYS if most is None else min(most, MOST_KEYS)
    every = [(ask.envelope.id, ask.message) for ask in asks if isinstance(ask.message, kind)]
    wanted = [(id_, message) for id_, message in every if not message.only]
    found: defaultdict[str, list[str]] = defaultdict(list, {id_: [m.only] for id_, m in every if m.only})
    if wanted:
        columns = zip(*((id_, m.shard, m.after, m.effective_at) for id_, m in wanted), strict=True)
        for row in await conn.fetch(query, *map(list, columns), limit + 1):
            found[row["message"]].append(row["key"])
    for id_, _ in every:
        keys = tuple(found[id_])
        known.put(Slice(id_, keys[:limit], more=len(keys) > limit))
    return [key for id_, _ in every for key in found[id_][:limit]]


def next_of(message: JobSlice, after: str) -> JobSlice:
    """The slice that follows."""
    return message.model_copy(update={"after": after})


def alone(read: Read, message: JobSlice, key: str) -> Read:
    """The turn of one key as a message of its own, under that key."""
    ask = read.ask
    single = message.model_copy(update={"only": key})
    envelope = ask.envelope._replace(id=ask.cause.derive(f"only/{key}"), key=key, subject=key)
    record = StoredRecord(
        read.record.topic,
        read.record.partition,
        read.record.offset,
        read.record.timestamp,
        key.encode(),
        single.to_json().encode(),
        record_headers(envelope),
    )
    return Read(record, Ask(key, single, envelope, ask.cause._replace(id=envelope.id)))


async def note(conn: Connection, steps: Sequence[Step]) -> None:
    """Keeps how far these jobs are, in the transaction of what they did."""
    if steps:
        await conn.execute(QUERIES["note_progress"], *(list(column) for column in zip(*steps, strict=True)))
