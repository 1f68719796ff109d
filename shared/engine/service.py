"""What a service declares, as data: the engine needs nothing else to run it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from shared.calendar import Calendar, Period
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope
from shared.contracts.jobs import JobSlice
from shared.contracts.message import Message, State
from shared.contracts.registry import Registry
from shared.engine.decision import Cause, Entity, Known, Rule
from shared.shards import SHARDS


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


Wakes = Callable[[Connection], Awaitable[datetime | None]]


@dataclass(frozen=True, slots=True)
class Job:
    """Work that time brings: for each period of its calendar one message a share, made once, in order also after an
    outage (docs/decisions/0007).

    `message` is a kind of JobSlice, or makes any other message of a period and a share. A job that `skips` does the last
    of several missed periods in place of all of them: what it finds carries its own instant. `wakes` tells the first
    instant at which there is anything to do as things stand, or that there is nothing: periods before it are passed over.
    One that `waits` counts from one time it is done to the next: it is not done while other jobs are being caught up.
    """

    name: str
    calendar: Calendar
    message: type[JobSlice] | Callable[[Period, int], Message]
    skips: bool = False
    waits: bool = False
    wakes: Wakes | None = None
    shards: int = SHARDS

    def __post_init__(self) -> None:
        assert self.wakes is not None or not self.skips, f"{self.name} skips, and must tell when it wakes"

    @property
    def is_sliced(self) -> bool:
        """Whether its work comes in slices, whose progress is kept."""
        return isinstance(self.message, type)

    def asks(self, period: Period, shard: int) -> Message:
        """What is said first for a period and a share."""
        if isinstance(self.message, type):
            first: Message = self.message(period=period.name, shard=shard, effective_at=period.instant)
            return first
        return self.message(period, shard)


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its rules by message, what it remembers, and how that is published.

    What is said about one of the `aggregates` is numbered (of several known under one id, the first named). Each
    entity of a kind in `snapshots` is told as that state message, made by that function, whenever it was changed.

    Of messages of a kind in `heeds` only those are decided of which that is true; the others are passed over like those
    without a rule. A service for which nobody waits `gathers_ms`: it reads only so often, and what has come by then at once.
    """

    name: str
    registry: Registry
    rules: Mapping[type[Message], Rule]
    aggregates: tuple[type[Entity], ...]
    snapshots: Mapping[type[Entity], tuple[type[State], Callable[[Any], State]]]
    store: Store
    migrations: Path
    jobs: tuple[Job, ...] = ()
    heeds: Mapping[type[Message], Callable[[Any], bool]] = field(default_factory=dict)
    gathers_ms: int = 0

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

    def job_of(self, message: Message) -> Job | None:
        """The job that says such a message."""
        return next((job for job in self.jobs if job.message is type(message)), None)

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
