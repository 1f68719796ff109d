"""The services in a world of their own: their real rules and stores on a real database, a bus in memory, and a clock
that stands still until it is moved. All of a world is one transaction for each service, and is rolled back at its end.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from deploy.simulate.bus import GATEWAYS, Bus
from deploy.simulate.gateway import Gateways, Ways
from deploy.simulate.timeline import Due, Restless, Timeline
from shared.contracts.cloudevents import Unreadable
from shared.contracts.message import Message
from shared.engine import intake, schedule
from shared.engine.batch import Result, transact
from shared.engine.faults import RuleRaised
from shared.engine.intake import Read, StoredRecord
from shared.engine.outbox import Outgoing
from shared.engine.service import Service

# As large as a worker's.
_MOST_IN_BATCH: Final = 500
# A rule that answers itself without end would fill the memory: no step of a scenario says nearly so much.
_MOST_BATCHES: Final = 20_000


class Broken(Exception):
    """A service failed: not the scenario is wrong, but we are."""


# Whose turn it is, and what he reads; nobody's when all is read.
Turn = tuple[Service, Sequence[StoredRecord]]
Turns = Callable[[Bus], Turn | None]


def in_turn(services: Sequence[Service]) -> Turns:
    """Who listens to the most others comes last: it then finds more at once, and has fewer batches."""
    order = sorted(services, key=lambda service: len(service.reads))

    def turn(bus: Bus) -> Turn | None:
        service = next((service for service in order if bus.waiting[service.name]), None)
        return None if service is None else (service, bus.take(service.name, _MOST_IN_BATCH))

    return turn


@dataclass(frozen=True, slots=True)
class Stage:
    """Services with a connection each, on a database that is theirs."""

    services: Sequence[Service]
    connections: Mapping[str, Any]
    turns: Turns

    @asynccontextmanager
    async def world(
        self, begins: datetime, *, keep: bool = False, of: Callable[[Stage, datetime], World] | None = None
    ) -> AsyncIterator[World]:
        """A world that knows nothing yet; whatever it learns is forgotten at its end, unless it is to be kept. One of
        another make, where that is given."""
        async with AsyncExitStack() as stack:
            transactions = [conn.transaction() for conn in self.connections.values()]
            for transaction in transactions:
                await transaction.start()
                stack.push_async_callback(transaction.rollback)
            world = (of or World)(self, begins)
            await world.begin()
            yield world
            if keep:
                await world.tidy()
                stack.pop_all()
                for transaction in transactions:
                    await transaction.commit()


class World:
    """What is so at the world's instant."""

    def __init__(self, stage: Stage, begins: datetime, bus: Bus | None = None) -> None:
        self.at = begins
        self.bus = bus or Bus(stage.services)
        self.batches = 0
        self.gateways = Gateways(Ways())
        self._stage = stage
        self._timeline = Timeline(stage.services)

    async def begin(self) -> None:
        """Notes since when jobs are due."""
        await self._timeline.begin(self._stage.connections, self.at)

    async def advance(self, until: datetime) -> None:
        """Lets time pass: whatever falls due is done at its instant, in order, with all that follows from it."""
        while (due := await self._next_due(until)) is not None:
            self.at = max(self.at, due.instant)
            if due.service is None:
                self.bus.put(self.gateways.act(self.at), self.at)
            else:
                self.bus.put(await self._begun(due.service), self.at)
            await self.drain()
        self.at = until

    def stand_still(self, until: datetime) -> None:
        """Lets time pass while nobody is at work: what falls due waits until they are back."""
        self.at = until

    async def send(self, message: Message, message_id: str, copies: int = 1) -> None:
        """Asks for something now, and lets all follow that follows."""
        for _ in range(copies):
            self.bus.send(message, message_id, self.at)
        await self.drain()

    async def drain(self) -> None:
        """Until nobody has anything left to read."""
        before = self.batches
        while (turn := self._stage.turns(self.bus)) is not None or self._ask_gateways():
            if turn is not None:
                await self._decide(*turn)
            if self.batches - before > _MOST_BATCHES:
                raise Broken(f"the services go on answering each other after {_MOST_BATCHES} batches")

    async def tidy(self) -> None:
        """Drops from the outboxes what is there: all of it is on the bus."""
        for conn in self._stage.connections.values():
            await conn.execute("delete from outbox")

    async def _next_due(self, until: datetime) -> Due | None:
        try:
            due = await self._timeline.next_due(self._stage.connections, until)
        except Restless as restless:
            raise Broken(str(restless)) from None
        acts = self.gateways.next_at
        if acts is None or acts > (until if due is None else due.instant):
            return due
        return Due(acts, None)

    def _ask_gateways(self) -> bool:
        """Whether there was anything to ask them."""
        asked = self.bus.take(GATEWAYS, _MOST_IN_BATCH)
        self.bus.put(self.gateways.answers(asked, self.at), self.at)
        return bool(asked)

    async def checkpoint(self) -> None:
        """Makes all that was done stand, and goes on."""
        await self.tidy()
        for conn in self._stage.connections.values():
            await conn.execute("commit and chain")

    async def _begun(self, service: Service) -> list[Outgoing]:
        """What the service says to itself as something falls due."""
        made = await self._timeline.make(self._stage.connections[service.name], service, self.at)
        return [schedule.outgoing(service, one) for one in made]

    async def _transact(self, conn: Any, service: Service, reads: Sequence[Read]) -> Result:
        return await transact(conn, service, reads)

    async def _decide(self, service: Service, records: Sequence[StoredRecord]) -> None:
        self.batches += 1
        conn = self._stage.connections[service.name]
        try:
            reads = [read for record in records if (read := intake.read(record, service)) is not None]
            result = await self._transact(conn, service, reads)
        except (Unreadable, RuleRaised, asyncpg.PostgresError) as error:
            names = ", ".join(sorted({dict(one.headers)["ce_type"].decode() for one in records}))
            raise Broken(f"{service.name} cannot decide {names}: {type(error).__name__}: {error}") from error
        if result.parked:
            first = result.parked[0]
            raise Broken(f"{service.name} parked {first.read.ask.message!r}: {first.error}")
        self._timeline.heard(service)
        for bundle in result.bundles:
            self.bus.put(bundle.messages, self.at)
