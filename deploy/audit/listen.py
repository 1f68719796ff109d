"""Reads the topics of all services and judges what is on them; what a message under way explains is read on for a while.

It needs no quiet: commands are read before what answers them, and what is judged again is judged with all that came since.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import asyncpg

from deploy.audit.checks import Check
from deploy.audit.look import AGAIN_S, Break, Finding, looking, still
from deploy.audit.said import Said, topics_of
from deploy.audit.standing import Standing
from deploy.audit.tape import Tape
from shared.contracts import topics
from shared.engine.intake import StoredRecord
from shared.engine.service import Service
from shared.engine.sql import read_queries

_WAITS: Final = read_queries(Path(__file__).with_name("waits.sql"))

# Stands in for others' systems, which may answer twice or never: that is borne by whoever asks (docs/decisions/0601).
_OUTSIDE: Final = frozenset({"provisioning"})

_OUTCOMES: Final = "Every accepted command has exactly one outcome."
_LETTERS: Final = "What is no message is a dead letter."
_NUMBERS: Final = "What is said of a thing is numbered without a gap."
_COPIES: Final = "A message said twice says the same."
_STANDS: Final = "The state topic, read from its beginning, ends where things stand."


async def listen(kafka: str, dsn: str, services: Sequence[Service], wait_s: float) -> list[Finding]:
    """What the topics of these services say against each other and against the database."""
    heard = _Heard(kafka, services)
    try:
        async with looking(dsn) as conn:
            return await _until_settled(heard, conn, wait_s)
    finally:
        heard.close()


async def _until_settled(heard: _Heard, conn: asyncpg.Connection, wait_s: float) -> list[Finding]:
    until = time.monotonic() + wait_s
    found = await _judged(heard, conn)
    while any(one.broken and one.check.settles for one in found.values()) and time.monotonic() < until:
        await asyncio.sleep(AGAIN_S)
        again = await _judged(heard, conn)
        found = {name: still(found[name], one) if one.check.settles else one for name, one in again.items()}
    return list(found.values())


async def _judged(heard: _Heard, conn: asyncpg.Connection) -> dict[str, Finding]:
    await asyncio.to_thread(heard.read_on)
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return {one.check.name: one for ear in heard.ears for one in await ear.judged(conn)}


class _Heard:
    """What is heard of all services."""

    def __init__(self, kafka: str, services: Sequence[Service]) -> None:
        self.ears = [_Ear(service) for service in services]
        self._of = {topic: ear for ear in self.ears for topic in ear.topics}
        self._tape = Tape(kafka, self._of)

    def close(self) -> None:
        """Lets go of the broker."""
        self._tape.close()

    def read_on(self) -> None:
        """All that has come since the last time."""
        for record in self._tape.more():
            whole = (record.topic, record.partition) in self._tape.whole
            self._of[record.topic].hear(record, from_first=whole)


class _Ear:
    """What is heard of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._said = Said(service)
        self._standing = Standing(service)
        asked, happened, _ = topics.of(service.name)
        self._asked, self._happened = asked.name, happened.name
        # In this order: where what answers commands ends is looked at after where those do.
        self.topics = (*topics_of(service), topics.state(service.name).name)

    def hear(self, record: StoredRecord, *, from_first: bool) -> None:
        """A record of one of its topics."""
        if record.topic == self._asked:
            self._said.command(record)
        elif record.topic == self._happened:
            self._said.event(record, from_first=from_first)
        elif record.topic.endswith(".dlq"):
            self._said.letter(record)
        else:
            self._standing.state(record)

    async def judged(self, conn: asyncpg.Connection) -> list[Finding]:
        """What is wrong with it as far as it was read."""
        said, name = self._said, self._service.name
        waits = _WAITS.get(name)
        waiting = [row["key"] for row in await conn.fetch(waits)] if waits else []
        outcomes = () if name in _OUTSIDE else said.unanswered(waiting)
        return [
            _finding(name, "commands_have_one_outcome", 3, _OUTCOMES, len(said.commands), outcomes),
            _finding(name, "unreadable_are_letters", 3, _LETTERS, len(said.unreadable), said.lost()),
            _finding(name, "events_have_no_gap", 7, _NUMBERS, said.events, said.gaps, settles=False),
            _finding(name, "copies_are_equal", 7, _COPIES, said.events, said.differing, settles=False),
            _finding(
                name, "state_is_told", 8, _STANDS, len(self._standing.told), await self._standing.differing(conn)
            ),
        ]  # fmt: skip


def _finding(
    service: str, name: str, truth: int, says: str, looked: int, breaks: Iterable[Break], *, settles: bool = True
) -> Finding:  # fmt: skip
    check = Check(f"{service}.{name}", truth, says, "", "", settles)
    found = sorted(breaks)
    return Finding(check, looked, len(found), tuple(found))
