"""What a service declares, as data: the engine needs nothing else to run it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from shared.contracts import topics
from shared.contracts.cloudevents import Envelope
from shared.contracts.message import Message, State
from shared.contracts.registry import Registry
from shared.engine.decision import Cause, Entity, Known, Rule


class Connection(Protocol):
    """What a store may do with the database, inside the batch's transaction (asyncpg's connection has it)."""

    async def fetch(self, query: str, *args: object) -> list[Mapping[str, Any]]:
        """All rows."""

    async def fetchval(self, query: str, *args: object) -> Any:
        """The first value of the first row."""

    async def copy_records_to_table(
        self, table: str, *, schema_name: str, columns: Sequence[str], records: Iterable[Sequence[object]]
    ) -> str:
        """Adds rows, the cheapest way there is: for tables that are only ever added to."""

    async def execute(self, query: str, *args: object) -> str:
        """The command's tag."""


class Ask(NamedTuple):
    """One message to decide: its key, what it says, what came with it, and the cause its consequences derive from."""

    key: str
    message: Message
    envelope: Envelope
    cause: Cause


class Store(Protocol):
    """Rows <-> entities, and nothing else. Each table is read and written with one statement per batch."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """Puts into `known` all that the rules may need for these messages, rows locked in key order."""

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """Puts the entities of that kind (one with a snapshot) and these keys into `known`, rows locked in key
        order; those there are."""

    async def save(self, conn: Connection, known: Known) -> None:
        """Writes what `known` says was changed and added."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that time brings: one message per period, made once, caught up in order after an outage.

    `periods(after, until)` yields (period name, instant) for every period whose instant is in (after, until],
    oldest first; `messages(period, instant)` yields what is to be said for one period. `wakes` tells the first instant at
    which there is anything to do as things stand, or that there is nothing: periods before it may be passed over. Without
    it every period counts.
    """

    name: str
    periods: Callable[[datetime, datetime], Sequence[tuple[str, datetime]]]
    messages: Callable[[str, datetime], Sequence[Message]]
    wakes: Callable[[Connection], Awaitable[datetime | None]] | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its rules by message, what it remembers, and how that is published.

    What is said about one of the `aggregates` is numbered (of several known under one id, the first named). Each
    entity of a kind in `snapshots` is told as that state message, made by that function, whenever it was changed.
    """

    name: str
    registry: Registry
    rules: Mapping[type[Message], Rule]
    aggregates: tuple[type[Entity], ...]
    snapshots: Mapping[type[Entity], tuple[type[State], Callable[[Any], State]]]
    store: Store
    migrations: Path
    jobs: tuple[Job, ...] = ()

    @property
    def commands(self) -> str:
        """The topic on which every message must be one of ours."""
        return topics.commands(self.name).name

    @property
    def reads(self) -> tuple[str, ...]:
        """All topics this service reads: its own commands, and the topics of others' messages it has rules for."""
        others = {topics.topic_of(message) for message in self.rules}
        return tuple(sorted(others | {self.commands}))

    def told_by(self, type_: str) -> type[Entity]:
        """The kind of entity of which a state message of that type tells."""
        return next(kind for kind, (state, _) in self.snapshots.items() if state.type == type_)

    @property
    def source(self) -> str:
        """Who says what it says, as CloudEvents has it."""
        return f"/stoppoc/{self.name}"

    @property
    def group(self) -> str:
        """Its consumer group."""
        return self.name

    @property
    def schema(self) -> str:
        """Its schema in the database."""
        return self.name

    @property
    def role(self) -> str:
        """The database role its workers act as."""
        return f"stoppoc_{self.name}"

    @property
    def inbox_retention(self) -> timedelta:
        """How long a message is remembered: longer than any topic we read can replay it."""
        longest = max(topics.named(topic).retention or timedelta(days=365) for topic in self.reads)
        return longest + timedelta(days=1)
