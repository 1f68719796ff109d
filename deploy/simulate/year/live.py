"""The year itself: days go by, people ask, the system is down at times, work is killed; each evening the books are audited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from time import perf_counter
from typing import Any, Final

from deploy.audit.checks import Check, checks
from deploy.audit.look import ask, looking
from deploy.sandbox.ledger import BEHAVIOURS
from deploy.simulate.gateway import Gateways, Ways
from deploy.simulate.stage import stage_on
from deploy.simulate.world import Stage, World
from deploy.simulate.year import books
from deploy.simulate.year.square import Square, unruly
from deploy.simulate.year.village import Village
from shared import ids
from shared.engine.batch import Result, transact
from shared.engine.intake import Read
from shared.engine.service import Service
from shared.period import HANOI

FIRST: Final = datetime(2027, 1, 1, tzinfo=HANOI).astimezone(UTC)
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
# So many batches are killed before their commit, and done again.
_KILLED: Final = 0.02
# At so many instants of a day something is asked.
_MOMENTS: Final = 8
# So many payments at gateways go as is drawn; any more go as the last of them.
_WAYS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is lived: as many days, accounts and resources; how often each account asks for something a day; which days nobody
    is at work (`outages`: first day and how many), and whether that is only told to the people (`down` is false)."""

    seed: int = 1
    accounts: int = 1_000
    resources: int = 10_000
    days: int = 365
    asks: float = 0.05
    outages: tuple[tuple[int, int], ...] = ()
    down: bool = True
    storm: bool = True
    audit_every: int = 1

    def is_quiet(self, day: int) -> bool:
        """Whether nobody can ask anything that day."""
        return any(first <= day < first + length for first, length in self.outages)


@dataclass(slots=True)
class Lived:
    """How it went."""

    days: int = 0
    asked: int = 0
    batches: int = 0
    killed: int = 0
    payments: int = 0
    audits: int = 0
    seconds: float = 0.0
    breaks: list[str] = field(default_factory=list)
    books: dict[str, str] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)


class Stormy(World):
    """A world in which work is killed now and then, just before it would stand, and done again."""

    chance: Random
    killed = 0

    async def _transact(self, conn: Any, service: Service, reads: Sequence[Read]) -> Result:
        if self.chance.random() < _KILLED:
            self.killed += 1
            attempt = conn.transaction()
            await attempt.start()
            await transact(conn, service, reads)
            await attempt.rollback()
        return await transact(conn, service, reads)


async def live(
    dsn: str,
    services: Sequence[Service],
    plan: Plan,
    told: Callable[[int, Lived], None] = lambda *_: None,
    apart: books.Apart = books.NOTHING,
) -> Lived:
    """Lives the plan on an empty database. It ends on the first day on which something is broken. What is to be left apart
    is not in the sums of its books."""
    lived = Lived()
    started = perf_counter()
    async with stage_on(dsn, services) as stage:
        year = _Year(stage, dsn, plan, lived)
        await year.live(told)
    async with looking(dsn) as conn:
        lived.books = await books.sums(conn, services, apart)
    lived.seconds = perf_counter() - started
    return lived


class _Year:
    """One year under way."""

    def __init__(self, stage: Stage, dsn: str, plan: Plan, lived: Lived) -> None:
        self._dsn = dsn
        self._plan = plan
        self._lived = lived
        # What people do must not depend on what befalls the workers.
        self._people = Random(f"people/{plan.seed}")  # noqa: S311 - a game, from a seed
        self._weather = Random(f"weather/{plan.seed}")  # noqa: S311 - the same
        gateways = Random(f"gateways/{plan.seed}")  # noqa: S311 - the same
        self._ways = gateways.choices(BEHAVIOURS, k=_WAYS)
        turns = unruly(stage.services, self._weather) if plan.storm else stage.turns
        self._stage = Stage(stage.services, stage.connections, turns)
        self._square = Square(stage.services)
        self._village = Village(self._people, self._square, plan.accounts, plan.resources)
        self._checks = checks([service.name for service in stage.services])

    async def live(self, told: Callable[[int, Lived], None]) -> None:
        """All days of the plan."""
        async with self._stage.world(FIRST, keep=True, of=self._world) as world:
            world.gateways = Gateways(Ways(self._ways))
            for message in self._village.opening(FIRST):
                self._send(world, message)
            await world.drain()
            for day in range(self._plan.days):
                await self._day(world, day)
                self._lived.days, self._lived.batches = day + 1, world.batches
                self._lived.killed = getattr(world, "killed", 0)
                self._lived.payments = len(world.gateways.ledger.entries)
                told(day, self._lived)
                if self._lived.breaks:
                    break
            self._lived.counted = dict(self._square.counted)

    def _world(self, stage: Stage, begins: datetime) -> World:
        if not self._plan.storm:
            return World(stage, begins, self._square)
        world = Stormy(stage, begins, self._square)
        world.chance = self._weather
        return world

    async def _day(self, world: World, day: int) -> None:
        begins = FIRST + day * _DAY
        if self._plan.is_quiet(day):
            if self._plan.down:
                world.stand_still(begins + _DAY)
                return
        else:
            for moment in sorted(self._people.randrange(24 * 60) for _ in range(_MOMENTS)):
                await self._moment(world, begins + timedelta(minutes=moment))
        await world.advance(begins + _DAY)
        await world.checkpoint()
        if (day + 1) % self._plan.audit_every == 0 or day + 1 == self._plan.days:
            await self._audit(world, begins + _DAY)

    async def _moment(self, world: World, at: datetime) -> None:
        await world.advance(at)
        expected = self._plan.accounts * self._plan.asks / _MOMENTS
        count = int(expected) + (self._people.random() < expected % 1)
        for _ in range(count):
            self._send(world, self._village.next(at))
            await world.drain()

    def _send(self, world: World, message: Any) -> None:
        self._lived.asked += 1
        message_id = ids.derived_id("year", str(self._lived.asked), int(world.at.timestamp()) * 1000)
        copies = 2 if self._plan.storm and self._weather.random() < _KILLED else 1
        for _ in range(copies):
            world.bus.send(message, message_id, world.at)

    async def _audit(self, world: World, at: datetime) -> None:
        """What waits for the provider at this instant may explain some of it: then an hour later it must be gone."""
        self._lived.audits += 1
        if not (doubted := await self._broken(self._checks)):
            return
        await world.advance(at + _HOUR)
        await world.checkpoint()
        again = await self._broken(list(doubted))
        self._lived.breaks = [f"{check.name}: {found}" for check, found in again.items()]

    async def _broken(self, some: Sequence[Check]) -> dict[Check, str]:
        async with looking(self._dsn) as conn:
            found = [await ask(conn, check) for check in some]
        return {
            one.check: "; ".join(f"{each.id}: {each.found}" for each in one.breaks[:3])
            for one in found
            if one.broken
        }
