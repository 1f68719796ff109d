"""The bench of jobs: the real schedule, rules and stores on a real database, one process, what is said kept in memory.

No broker takes part: what one costs `bench engine` says. Each batch is a transaction that is committed to disk.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import fmean
from time import perf_counter
from typing import Any, Final

import psutil

from deploy.bench.copies import copy_first
from deploy.bench.jobs.crowd import METERED, OPENED, settle
from deploy.simulate.bus import Bus, Said
from deploy.simulate.stage import stage_on
from deploy.simulate.world import Stage, Turn, Turns, World
from shared.calendar import DAYS, MONTHS, MORNINGS
from shared.engine.intake import StoredRecord
from shared.engine.service import Service

FULL: Final = 100_000
_MOST_IN_BATCH: Final = 500
_MIB: Final = 1024 * 1024

# What is measured: the instant, the service whose jobs are done, and those who have a part in it.
_TRIALS: Final[Mapping[str, tuple[datetime, str, tuple[str, ...]]]] = {
    "day_close": (DAYS.next(OPENED).instant, "hold", ("hold",)),
    "auto_renewal": (
        MORNINGS.next(OPENED + timedelta(days=22)).instant,
        "lifecycle",
        ("lifecycle", "checkout", "hold", "provisioning", "invoicing"),
    ),
    "month_close": (MONTHS.next(OPENED).instant, "invoicing", ("invoicing", "hold")),
}

TRIALS: Final = tuple(_TRIALS)


class _Ear(Bus):
    """What is said is counted by name, and not kept."""

    def __init__(self, services: Sequence[Service]) -> None:
        super().__init__(services)
        self.counted: dict[str, int] = {}

    def _note(self, topic: str, said: Said) -> None:
        if topic.endswith(".events.v1"):
            self.counted[said.name] = self.counted.get(said.name, 0) + 1


class _Measured(World):
    """A world in which each batch is committed, and the memory looked at."""

    def __init__(self, stage: Stage, begins: datetime) -> None:
        super().__init__(stage, begins, _Ear(stage.services))
        self.rss: list[float] = []
        self._process = psutil.Process()

    async def _decide(self, service: Service, records: Sequence[StoredRecord]) -> None:
        await super()._decide(service, records)
        await self.checkpoint()
        self.rss.append(self._process.memory_info().rss / _MIB)


async def bench(
    dsn: str,
    services: Mapping[str, Service],
    accounts: int,
    told: Callable[[str], None],
    names: Collection[str] = TRIALS,
) -> dict[str, Any]:
    """The trials of those names, one after the other, on an empty database."""
    every = list(services.values())
    started = perf_counter()
    async with stage_on(dsn, every) as stage:
        await settle(stage)
    await copy_first(dsn, accounts - 1)
    told(
        f"{accounts:,} accounts with {len(METERED) + 1} resources each: {perf_counter() - started:,.0f} s to make"
    )
    trials = {}
    for name in names:
        at, working, parts = _TRIALS[name]
        trials[name] = await _trial(
            dsn, [_part(services[one], working) for one in parts], working, at, accounts
        )
        told(f"{name}: {trials[name]['accounts_a_second']:,} accounts a second, {trials[name]['seconds']} s")
    return {"accounts": accounts, "metered": accounts * len(METERED), "trials": trials}


def _part(service: Service, working: str) -> Service:
    return service if service.name == working else replace(service, jobs=())


async def _trial(
    dsn: str, services: Sequence[Service], working: str, at: datetime, accounts: int
) -> dict[str, Any]:
    async with stage_on(dsn, services) as plain:
        for conn in plain.connections.values():
            await conn.execute("set synchronous_commit = on")
        stage = Stage(plain.services, plain.connections, _downstream_first(services, working))
        begins = at - timedelta(minutes=1)
        # All that fell due since the one account was opened counts as done.
        await plain.connections[working].execute("update job_progress set instant = $1, done = true", begins)
        async with stage.world(begins, keep=True, of=_Measured) as world:
            gc.collect()
            started = perf_counter()
            await world.advance(at)
            seconds = perf_counter() - started
    assert isinstance(world, _Measured)
    assert isinstance(world.bus, _Ear)
    return {
        "seconds": round(seconds, 2),
        "accounts_a_second": round(accounts / seconds),
        "batches": world.batches,
        "events": world.bus.counted,
        **_memory(world.rss),
    }


def _memory(rss: Sequence[float]) -> dict[str, Any]:
    quarter = max(len(rss) // 4, 1)
    second, last = fmean(rss[quarter : 2 * quarter] or rss), fmean(rss[-quarter:])
    return {"rss_mib": round(last, 1), "growth": round(last / second, 3)}


def _downstream_first(services: Sequence[Service], working: str) -> Turns:
    """Whoever makes the work goes on when all that followed from the last slice is done: as behind a broker, that
    keeps what waits, nothing piles up here."""
    order = [
        *(one for one in services if one.name != working),
        *(one for one in services if one.name == working),
    ]

    def turn(bus: Bus) -> Turn | None:
        service = next((one for one in order if bus.waiting[one.name]), None)
        return None if service is None else (service, bus.take(service.name, _MOST_IN_BATCH))

    return turn
