"""The outbox: what was decided is written here in the same transaction, and leaves it once it is published.

A bundle holds what one batch said from one lane (a partition it read), in order. Whoever publishes holds the
bundles' row locks meanwhile and takes, before its own, what others said earlier about the same keys: so the
order of a key is the order in which it was decided, whichever workers decided it (docs/decisions/0004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from shared.contracts.cloudevents import Envelope
from shared.engine.service import Connection
from shared.engine.sql import read_queries

QUERIES: Final = read_queries(Path(__file__).parent / "queries.sql")

# No key contains it (contracts allow letters, digits and ._:-), so keys travel as one text per bundle.
_BETWEEN_KEYS: Final = "\x1f"

# What an operator let go on is said here: it has been read long ago.
OPERATOR_LANE: Final = "operator"


def lane_of(topic: str, partition: int) -> str:
    """The name of the lane of one partition."""
    return f"{topic}/{partition}"


class Outgoing(NamedTuple):
    """One message on its way to a topic."""

    topic: str
    envelope: Envelope
    body: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one batch said from one lane. It has a position once it is stored."""

    lane: str
    messages: Sequence[Outgoing]
    position: int = -1

    @property
    def keys(self) -> set[str]:
        return {message.envelope.key for message in self.messages}


Claimed = tuple[int, Sequence[Outgoing]]


async def add(conn: Connection, bundles: Sequence[Bundle]) -> list[Bundle]:
    """Stores the bundles, in the batch's transaction; returns them with their positions."""
    if not bundles:
        return []
    rows = await conn.fetch(
        QUERIES["add_bundles"],
        [bundle.lane for bundle in bundles],
        [_BETWEEN_KEYS.join(bundle.keys) for bundle in bundles],
        [_packed(bundle.messages) for bundle in bundles],
    )
    return [
        Bundle(bundle.lane, bundle.messages, row["position"])
        for bundle, row in zip(bundles, rows, strict=True)
    ]


async def claim(conn: Connection, own: Sequence[Bundle]) -> list[Claimed]:
    """Locks our bundles and what goes before them; what is missing by now was published by somebody else."""
    memory = {bundle.position: bundle.messages for bundle in own}
    keys = list(set().union(*(bundle.keys for bundle in own)))
    rows = await conn.fetch(QUERIES["claim_bundles"], list(memory), max(memory), keys)
    return [
        (row["position"], memory[row["position"]] if row["messages"] is None else _unpacked(row["messages"]))
        for row in rows
    ]


async def claim_lanes(conn: Connection, lanes: Sequence[str]) -> list[Claimed]:
    """Locks what was left in these lanes, and what goes before it."""
    rows = await conn.fetch(QUERIES["claim_lanes"], list(lanes))
    return [(row["position"], _unpacked(row["messages"])) for row in rows]


async def claim_stale(conn: Connection, older_than_s: float) -> list[Claimed]:
    """Locks what nobody has published for that long, oldest first, a slice at a time."""
    rows = await conn.fetch(QUERIES["claim_stale"], timedelta(seconds=older_than_s))
    return [(row["position"], _unpacked(row["messages"])) for row in rows]


async def drop(conn: Connection, positions: Sequence[int]) -> None:
    """These are on their topics."""
    await conn.execute(QUERIES["drop_bundles"], list(positions))


def _packed(messages: Sequence[Outgoing]) -> str:
    return orjson.dumps([(topic, tuple(envelope), body) for topic, envelope, body in messages]).decode()


def _unpacked(text: str) -> list[Outgoing]:
    return [Outgoing(topic, _envelope(fields), body) for topic, fields, body in orjson.loads(text)]


def _envelope(fields: list[Any]) -> Envelope:
    envelope = Envelope(*fields)
    return envelope._replace(time=datetime.fromisoformat(envelope.time)) if envelope.time else envelope  # type: ignore[arg-type]  # JSON has no instants
