"""One simulated run: hold's workers on a broker in memory and a real database, a storm of faults over them, then calm.

The engine is the real one from the worker down; its clients, its fault points and its waits are replaced.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import pytest

from services.hold.service import HOLD
from shared.calendar import Period
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.hold import TopUp
from shared.contracts.message import Message
from shared.engine import batch, consumer, courier, database, publisher, schedule, streams, upkeep, worker
from shared.engine.health import Health
from shared.engine.metrics import Metrics
from shared.engine.publisher import Publisher
from shared.engine.service import Job, Service
from shared.engine.settings import Settings
from shared.engine.worker import Worker
from tests.simulation.broker import Broker
from tests.simulation.chance import LIFE, PACE, Chance, Crash, Fault, Life, reach
from tests.simulation.clients import Consumer, Producer
from tests.support.calendars import every

WAGE: Final = 1_000
_START: Final = datetime(2020, 1, 1, tzinfo=UTC)
_PERIOD: Final = timedelta(hours=1)
PERIODS: Final = 8

# Small batches are settled as one, large ones as three.
_BATCH_MESSAGES: Final = (3, 12, 40)
_MOST_IN_ONE_STREAM: Final = 8

_TICK_S: Final = 0.02
_WITHIN_S: Final = 60.0

# The waits of the engine, each where it is kept.
_WAITS: Final = (
    (worker, "_FIRST_WAIT_S"), (worker, "_LONGEST_WAIT_S"), (worker, "_LOOK_EVERY_S"),
    (consumer, "_REVOKE_LIMIT_S"), (consumer, "_POLL_MS"), (consumer, "_MOMENT_MS"), (consumer, "_PUT_OFF_S"),
    (courier, "STALE_S"), (courier, "_SURE_S"), (publisher, "PUBLISH_LIMIT_S"),
    (database, "_IDLE_IN_TRANSACTION_S"), (database, "_LOCK_S"), (database, "_TRANSACTION_S"),
    (upkeep, "_RELAY_EVERY_S"), (upkeep, "_JOBS_EVERY_S"), (upkeep, "_FORGET_EVERY_S"),
)  # fmt: skip


class World:
    """One run's broker, its workers and what is asked of them."""

    def __init__(self, chance: Chance, dsn: str, sql: asyncpg.Connection, wages: str) -> None:
        self.chance = chance
        self.service = _with_wages(wages)
        self.broker = Broker(self.service.reads, chance.dice("group"))
        self.instant = _START
        self._settings = Settings("memory", dsn, batch_messages=chance.dice("size").choice(_BATCH_MESSAGES))
        self._sql = sql
        self._workers: dict[str, Worker] = {}
        self._open = True

    async def run(self, commands: AsyncIterator[None]) -> None:
        """Lets the workers work while the commands come and the storm lasts, then until all is done."""
        await self._look_at_jobs()
        names = [f"worker-{number}" for number in range(self.chance.dice("workers").choice((1, 2, 2, 3)))]
        async with asyncio.TaskGroup() as tasks:
            lives = {tasks.create_task(self._lives(name), name=name) for name in names}
            storm = tasks.create_task(self._storm())
            async for _ in commands:
                self.instant = min(self.instant + _PERIOD / 20, _START + _PERIOD * PERIODS)
            self.chance.storm = False
            await storm
            self.instant = _START + _PERIOD * PERIODS
            await self._settled()
            await self._stop(lives)

    async def rows(self, query: str, *args: object) -> list[Any]:
        """What the database says."""
        return list(await self._sql.fetch(query, *args))

    def send(self, id_: str, key: str, partition: int, value: bytes, type_: str = TopUp.type) -> None:
        """A record from a portal, on any partition."""
        headers = record_headers(Envelope(id_, type_, "/test", key, id_))
        self.broker.append(self.service.commands, partition, key.encode(), value, headers)

    async def _lives(self, name: str) -> None:
        """One worker, started again whenever it dies of a crash; whatever else ends it is wrong."""
        while self._open:
            LIFE.set(life := Life(name, self.chance, self.broker))
            settings = replace(self._settings, worker=name)
            metrics = Metrics(self.service.name)
            self._workers[name] = Worker(self.service, settings, metrics, Health(), lambda: self.instant)
            try:
                await self._workers[name].run()
            except BaseExceptionGroup as group:
                _, rest = group.split(Crash)
                # What tidying up fails of after a crash, nobody would have come to.
                if rest is not None and not life.dead:
                    raise rest from None
                await asyncio.sleep(self.chance.dice(f"{name}/restart").uniform(0, 0.1))

    async def _stop(self, lives: set[asyncio.Task[None]]) -> None:
        """Stops the workers as an operator does."""
        self._open = False
        for one in self._workers.values():
            one.stop()
        _, left = await asyncio.wait(lives, timeout=_WITHIN_S)
        assert not left, f"not stopped within {_WITHIN_S} s: {sorted(life.get_name() for life in left)}"

    async def _storm(self) -> None:
        """What befalls nobody in particular."""
        while self.chance.storm:
            await asyncio.sleep(_TICK_S)
            dice = self.chance.dice("storm")
            members = [member for member in self.broker.members if isinstance(member, Consumer)]
            if members and self.chance.strikes(Fault.EVICTED, "storm"):
                self.broker.leave(dice.choice(members))
            if self.chance.strikes(Fault.REBALANCED, "storm"):
                self.broker.rebalance()
            if members and self.chance.strikes(Fault.REJOINED, "storm"):
                self.broker.rebalance()
                # Who dies meanwhile does not come back.
                with suppress(Crash):
                    await dice.choice(members).rejoin()
            if self.chance.strikes(Fault.DISCONNECTED, "storm"):
                await self._disconnect()

    async def _disconnect(self) -> None:
        """Ends a connection, rather one with a transaction open."""
        pids = await self.rows(
            "select pid, xact_start is not null as busy from pg_stat_activity"
            " where datname = current_database() and application_name like 'stoppoc %' order by pid"
        )
        dice = self.chance.dice("storm")
        if pids:
            row = dice.choice([row for row in pids if row["busy"]] or pids)
            await self.rows("select pg_terminate_backend($1)", row["pid"])

    async def _settled(self) -> None:
        until = time.monotonic() + _WITHIN_S
        while not await self._done():
            if time.monotonic() > until:
                left = await self.rows("select position, lane, keys from hold.outbox")
                raise AssertionError(
                    f"not done within {_WITHIN_S} s: lag {self.broker.lag()}, outbox {left[:3]}"
                )
            await asyncio.sleep(_TICK_S)

    async def _look_at_jobs(self) -> None:
        """For the first time: what falls due from here on is made, however long workers take to come up."""
        async with self._sql.transaction():
            await self._sql.execute(f"set local search_path to {self.service.schema}")
            await schedule.make_due(self._sql, self.service, _START)

    async def _done(self) -> bool:
        if self.broker.lag():
            return False
        [row] = await self.rows(
            "select (select count(*) from hold.outbox) as said, (select max(instant) from hold.job_progress) as made"
        )
        return bool(row["said"] == 0 and row["made"] == self.instant and self.broker.lag() == 0)


def _with_wages(account: str) -> Service:
    """hold with a job, which it has none of its own of: it pays one account once a period."""

    def wage(period: Period, _share: int) -> Message:
        return TopUp(account=account, amount=WAGE, reference=period.name)

    return replace(HOLD, jobs=(Job("wages", every(_PERIOD, _START, "wage-{}".format), wage, shards=1),))


@asynccontextmanager
async def world_of(chance: Chance, dsn: str, wages: str) -> AsyncIterator[World]:
    """A world on a database that has hold's schema and nothing in it."""
    sql = await asyncpg.connect(dsn)
    try:
        yield World(chance, dsn, sql, wages)
    finally:
        await sql.close()


@contextmanager
def engine_in_memory() -> Iterator[None]:
    """While this lasts every worker has clients and fault points of its own world, and the pace of all worlds."""
    publish = Publisher.publish

    async def publish_at_last(self: Publisher, *args: Any, **rest: Any) -> Any:
        await LIFE.get().stand_still()
        return await publish(self, *args, **rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consumer, "AIOKafkaConsumer", Consumer)
        patch.setattr(publisher, "AIOKafkaProducer", Producer)
        patch.setattr(Publisher, "publish", publish_at_last)
        patch.setattr(streams, "_MOST_IN_ONE_STREAM", _MOST_IN_ONE_STREAM)
        for module in (worker, batch, courier, publisher, upkeep):
            patch.setattr(module, "reach", reach)
        for module, name in _WAITS:
            patch.setattr(module, name, getattr(module, name) / PACE)
        yield
