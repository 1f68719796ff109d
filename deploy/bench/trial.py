"""One trial of a consumer in a process of its own: warmed up, stopped, given its load, let go, and timed to its end.

It is stopped (SIGSTOP) while the load is put on the topic, so that the clock starts with the first message there is
to read, and nobody else works meanwhile. It has ended when the offset of its last message is committed, or where
offsets are committed now and then, when its last answer is on its topic.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from deploy.bench.ground import NAIVE_GROUP, Ground, Progress, Unfit, check, expected
from deploy.bench.load import Feeder, Load, Record, feeder
from deploy.bench.meter import Meter
from deploy.local import guarded
from deploy.local.guarded import Guarded
from services.hold.service import HOLD

# The pause of a stopped process must not cost it its partitions.
_SESSION_MS: Final = 30_000
_START_S: Final = 60.0
_STOP_S: Final = 25.0
_SETTLE_S: Final = 0.3
# How often progress is asked: seldom while there is much to do, often towards the end.
_SELDOM_S: Final = 0.1
_OFTEN_S: Final = 0.005
_OFTEN_FROM: Final = 0.9


@dataclass(frozen=True, slots=True)
class Consumer:
    """A way to work the commands off: how it is started, the group it reads with, and by what its end is known."""

    name: str
    group: str
    argv: tuple[str, ...]
    commits: bool = True


def _naive(name: str, workers: int, policy: str, *, commits: bool = True) -> Consumer:
    return Consumer(
        name, NAIVE_GROUP, (sys.executable, "-m", "deploy.bench.naive", str(workers), policy), commits
    )


OURS: Final = Consumer("ours", HOLD.group, (sys.executable, "-m", "deploy.cli", "run", "hold"))
NAIVE: Final = _naive("naive", 1, "careful")
NAIVE_AUTO: Final = _naive("naive_auto", 1, "auto", commits=False)
NAIVE_8: Final = _naive("naive_8", 8, "careful")


@dataclass(frozen=True, slots=True)
class Trial:
    """What was measured once."""

    messages: int
    seconds: float
    cpu_us: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


class Course:
    """One consumer at work on a database and topics of its own."""

    def __init__(
        self, ground: Ground, consumer: Consumer, feeder_: Feeder, process: Guarded, log: Path
    ) -> None:
        self._ground = ground
        self._consumer = consumer
        self._feeder = feeder_
        self._process = process
        self._log = log
        self._progress = Progress(ground, consumer.group, commits=consumer.commits)
        self.sent = 0
        self.total_vnd = 0

    @property
    def pid(self) -> int:
        """The consumer's process."""
        return self._process.pid

    async def warm(self, records: Iterator[Record], count: int) -> None:
        """Has it do so many that are not measured."""
        await self.feed(records, count)
        await self.done(_START_S + count / 50)
        await asyncio.sleep(_SETTLE_S)

    async def feed(self, records: Iterator[Record], count: int) -> None:
        """Gives it so many to do."""
        packed = await self._feeder.feed(records, count)
        self._note(packed.count, packed.total_vnd)

    async def measure(self, records: Iterator[Record], count: int) -> Trial:
        """Has it do so many, with nobody else at work."""
        packed = self._feeder.pack(islice(records, count))
        meter = Meter({"worker": self.pid, **self._ground.servers})
        os.kill(self.pid, signal.SIGSTOP)
        try:
            await self._feeder.send(packed)
            self._note(packed.count, packed.total_vnd)
            before = meter.read()
        finally:
            started = time.perf_counter()
            os.kill(self.pid, signal.SIGCONT)
        await self.done(_START_S + count / 50)
        seconds = time.perf_counter() - started
        return Trial(count, round(seconds, 4), meter.since(before, count))

    async def done(self, within_s: float) -> None:
        """Returns once everything sent is committed; `Unfit` where the process ends or takes too long."""
        until = time.monotonic() + within_s
        begun = self._progress.done()
        while (there := self._progress.done()) < self.sent:
            if self._process.ended() is not None or time.monotonic() > until:
                raise Unfit(
                    f"{self._consumer.name} stands at {there} of {self.sent}:\n{last_words(self._log)}"
                )
            near_end = there - begun >= _OFTEN_FROM * (self.sent - begun)
            await asyncio.sleep(_OFTEN_S if near_end else _SELDOM_S)

    def _note(self, count: int, total_vnd: int) -> None:
        self.sent += count
        self.total_vnd += total_vnd

    def close(self) -> None:
        """Asks no more."""
        self._progress.close()


def last_words(log: Path) -> str:
    """The end of a process's log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


@asynccontextmanager
async def course(
    ground: Ground, consumer: Consumer, dsn: str, logs: Path, *, session_ms: int = _SESSION_MS
) -> AsyncIterator[Course]:
    """The consumer, started on empty topics; ended with the block."""
    await ground.fresh_topics()
    environment = os.environ | {
        "STOPPOC_KAFKA": ground.kafka,
        "STOPPOC_POSTGRES": dsn,
        "STOPPOC_SESSION_TIMEOUT_MS": str(session_ms),
    }
    log = logs / f"{consumer.name}.log"
    async with feeder(ground.kafka) as feeding:
        process = guarded.start(consumer.argv, log=log, env=environment)
        run = Course(ground, consumer, feeding, process, log)
        try:
            yield run
        finally:
            run.close()
            await process.end(signal.SIGTERM, _STOP_S)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done in one trial."""

    warm: int
    messages: int


async def attempt(ground: Ground, consumer: Consumer, load: Load, size: Size, logs: Path) -> Trial:
    """One trial on a database of its own, which must add up afterwards."""
    dsn = await ground.database(load.accounts)
    async with course(ground, consumer, dsn, logs) as run:
        records = load.records()
        await run.warm(records, size.warm)
        trial = await run.measure(records, size.messages)
    check(await ground.books(dsn), expected(load.accounts, run.sent, run.total_vnd))
    await ground.drop(dsn)
    return trial
