"""One trial: all services at work on a database of their own, warmed up, then so many clusters stopped at once.

The clock runs from before the first command is sent until the last invoice and the last end of an order are heard.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import gcd
from pathlib import Path
from typing import Final

from deploy.bench.stop_poc.crew import Crew, Kind, crew
from deploy.bench.stop_poc.ear import Ear, ear
from deploy.bench.stop_poc.estate import RESOURCES, stop
from deploy.bench.stop_poc.ground import Ground
from shared.contracts.checkout import StopPoc

_WITHIN_S: Final = 60.0
# Slower than anything worth measuring.
_SLOWEST_A_SECOND: Final = 20
_SETTLE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    """How many clusters are stopped in one trial."""

    warm: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What was measured once."""

    resources: int
    seconds: float
    cpu_s_per_1000: dict[str, float] = field(default_factory=dict)
    memory_mib: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Resources a second."""
        return self.resources / self.seconds


class Course:
    """A crew at work, and who asks it."""

    def __init__(self, running: Crew, asking: Ear, standing: int) -> None:
        self.crew: Final = running
        self._asking = asking
        self._numbers = spread(standing)
        self.stopped = 0

    async def stop(self, clusters: int) -> float:
        """Stops so many more at once; the seconds until the last of it was heard."""
        commands = [stop(next(self._numbers)) for _ in range(clusters)]
        self.stopped += clusters
        return await asyncio.to_thread(self._stop, commands)

    def _stop(self, commands: list[StopPoc]) -> float:
        started = time.perf_counter()
        asked = self._asking.ask(commands)
        within_s = _WITHIN_S + len(commands) * RESOURCES / _SLOWEST_A_SECOND
        return self._asking.wait(asked, RESOURCES, within_s, self.crew.well) - started


def spread(standing: int) -> Iterator[int]:
    """The numbers of all clusters that are copies, those that follow each other far apart in every index."""
    step = next(step for step in range(int(standing * 0.618) or 1, standing + 1) if gcd(step, standing) == 1)
    return (number * step % standing + 1 for number in range(standing))


@asynccontextmanager
async def course(ground: Ground, kind: Kind, dsn: str, standing: int, logs: Path) -> AsyncIterator[Course]:
    """A crew of that kind on that database; ended with the block."""
    async with crew(ground, kind, dsn, logs) as running:
        with ear(ground.kafka) as asking:
            yield Course(running, asking, standing)


async def attempt(
    ground: Ground, kind: Kind, standing: int, size: Size, logs: Path, *, audit: bool = True
) -> Trial:
    """One trial on a database of its own, which must add up afterwards."""
    dsn = await ground.new_database(await ground.standing(standing, logs))
    async with course(ground, kind, dsn, standing, logs) as run:
        await run.stop(size.warm)
        await asyncio.sleep(_SETTLE_S)
        trial = await measured(run, size.clusters)
        await ground.settled(dsn, run.stopped, standing)
        if audit:
            await ground.audited(dsn)
    await ground.drop(dsn)
    return trial


async def measured(run: Course, clusters: int) -> Trial:
    """So many stopped, and what that took."""
    meter, resources = run.crew.meter, clusters * RESOURCES
    before = meter.read()
    seconds = await run.stop(clusters)
    cpu = thousand(meter.since(before, resources))
    return Trial(resources, round(seconds, 4), cpu, run.crew.memory())


def thousand(microseconds_each: dict[str, float]) -> dict[str, float]:
    """CPU seconds a thousand resources."""
    return {name: round(used / 1000, 3) for name, used in microseconds_each.items()}
