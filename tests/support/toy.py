"""A service of the tests' own: counters that are added to. The engine runs it without knowing its name.

Each toy has a name of its own, and with it topics, a group and a schema of its own. What it does wrong, it does on
purpose: a rule that raises, a value the database refuses, a snapshot that fails, a store that takes its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import new_class
from typing import ClassVar, Final, TypeVar

from pydantic import Field

from shared.calendar import MINUTES, Period
from shared.contracts.message import Command, Event, Id, Instant, Message, State
from shared.contracts.registry import Registry
from shared.engine.decision import Cause, Decision, Entity, Known, changed, said
from shared.engine.service import Ask, Connection, Job, Service
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("toy_queries.sql"))
_MIGRATIONS: Final = Path(__file__).with_name("toy_migrations")

# The rule raises on it; the database refuses a total above the most; the snapshot fails on that total.
UNLUCKY: Final = 31
MOST: Final = 1000
UNSPEAKABLE: Final = 666

M = TypeVar("M", bound=Message)


class Add(Command):
    """Adds to a counter, making it where there is none."""

    counter: Id
    amount: int
    label: str | None = None


class Tick(Command):
    """Says that a minute is over."""

    counter: Id
    minute: Instant


class Added(Event):
    """Something was added."""

    counter: Id
    amount: int
    total: int
    effective_at: Instant


class AddRefused(Event):
    """Nothing was added."""

    counter: Id
    reason: str
    effective_at: Instant


class Ticked(Event):
    """A minute is over."""

    counter: Id
    minute: Instant
    effective_at: Instant


class Stands(State):
    """How a counter stands."""

    counter: Id
    total: int = Field(description="All that was added.")


@dataclass(frozen=True, slots=True)
class Counter:
    """What is remembered: the sum."""

    key: str
    total: int


@dataclass(frozen=True, slots=True)
class Label:
    """A label stands on one counter only, whichever comes first."""

    key: str
    counter: str


def _named(base: type[M], service: str) -> type[M]:
    made: type[M] = new_class(
        base.__name__, (base,), {"service": service, "key": "counter"}, lambda body: body.update(__doc__=base.__doc__)
    )  # fmt: skip
    return made


class ToyStore:
    """Counters and labels. `before_save` lets a test take its time, or another worker go first."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.loads: list[int] = []
        self.before_save: Callable[[], object] = lambda: None

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """The counters asked about, locked, and the labels that are taken."""
        self.loads.append(len(asks))
        await self.lock(conn, Counter, list({ask.key for ask in asks}), known)
        labels = {ask.message.label for ask in asks if isinstance(ask.message, Add) and ask.message.label}
        for row in await conn.fetch(_SQL["find_labels"], list(labels)):
            known.put(Label(row["label"], row["counter"]))
        await asyncio.sleep(self.delay_s)

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The counters of these names, locked."""
        for row in await conn.fetch(_SQL["lock_counters"], keys):
            known.put(Counter(row["counter"], row["total"]), row["sequence"])

    async def save(self, conn: Connection, known: Known) -> None:
        """The counters as they are now, and the new labels."""
        waited = self.before_save()
        if asyncio.iscoroutine(waited):
            await waited
        made = known.made(Counter)
        for query, new in (("add_counters", True), ("save_counters", False)):
            rows = [
                (counter.key, counter.total, sequence)
                for counter, sequence in known.changed(Counter)
                if (counter.key in made) is new
            ]
            if rows:
                await conn.execute(_SQL[query], *(list(column) for column in zip(*rows, strict=True)))
        labels = [(label.key, label.counter) for label, _ in known.changed(Label)]
        if labels:
            await conn.execute(_SQL["add_labels"], *(list(column) for column in zip(*labels, strict=True)))


class Toy:
    """One toy service: its messages, its rules, its store."""

    mended: bool = False
    # Where a test looks for the ticks.
    clock: ClassVar[str] = "clock"

    def __init__(self, name: str, *, ticks: bool = False) -> None:
        self.name = name
        self.Add = _named(Add, name)
        self.Tick = _named(Tick, name)
        self.Added = _named(Added, name)
        self.AddRefused = _named(AddRefused, name)
        self.Ticked = _named(Ticked, name)
        self.Stands = _named(Stands, name)
        self.store = ToyStore()
        messages = (self.Add, self.Tick, self.Added, self.AddRefused, self.Ticked, self.Stands)
        self.service = Service(
            name=name,
            registry=Registry(messages),
            rules={self.Add: self.add, self.Tick: self.tick},
            aggregates=(Counter,),
            store=self.store,
            snapshots={Counter: (self.Stands, self.snapshot)},
            migrations=_MIGRATIONS,
            jobs=(Job("minute", MINUTES, self.minute_is_over, shards=1),) if ticks else (),
        )

    def add(self, ask: Add, known: Known, cause: Cause) -> Decision:
        """Refuses what is not above zero or wants a label that is taken."""
        if ask.amount == UNLUCKY and not self.mended:
            raise ValueError(f"{UNLUCKY} is unlucky\x00 for {ask.counter}")
        if (reason := self._why_not(ask, known)) is not None:
            return said(self.AddRefused(counter=ask.counter, reason=reason, effective_at=cause.at))
        counter = known.get(Counter, ask.counter) or Counter(ask.counter, 0)
        counter = replace(counter, total=counter.total + ask.amount)
        labels = (Label(ask.label, ask.counter),) if ask.label else ()
        answer = self.Added(
            counter=ask.counter, amount=ask.amount, total=counter.total, effective_at=cause.at
        )
        return changed(counter, *labels, says=[answer])

    def _why_not(self, ask: Add, known: Known) -> str | None:
        if ask.amount <= 0:
            return "not_above_zero"
        if ask.label is not None and known.get(Label, ask.label) is not None:
            return "label_taken"
        return None

    def tick(self, ask: Tick, known: Known, cause: Cause) -> Decision:
        """Counts the minute."""
        counter = known.get(Counter, ask.counter) or Counter(ask.counter, 0)
        answer = self.Ticked(counter=ask.counter, minute=ask.minute, effective_at=cause.at)
        return changed(replace(counter, total=counter.total + 1), says=[answer])

    def minute_is_over(self, period: Period, _share: int) -> Message:
        """What the job says."""
        return self.Tick(counter=self.clock, minute=period.instant)

    def snapshot(self, counter: Counter) -> State:
        """How a counter stands, unless it is unspeakable."""
        if counter.total == UNSPEAKABLE:
            raise ValueError("this total cannot be told")
        return self.Stands(counter=counter.key, total=counter.total)
