"""A worker's process for tests of how such a process runs and ends: the ways of working are named, not real."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from pathlib import Path
from typing import Any, ClassVar, cast

from shared.contracts.message import Command
from shared.contracts.registry import Registry
from shared.engine import app, log
from shared.engine.health import Health
from shared.engine.metrics import Metrics, Outcome
from shared.engine.service import Service

DSN = "postgresql://u:s3cret@h/db"
# Longer than any test waits.
BLOCKED_SECONDS = 60

said = logging.getLogger("worker")


class Ask(Command, service="some", key="thing"):
    """Asks for a thing."""

    thing: str
    example: ClassVar[dict[str, Any]] = {"thing": "t"}


class Worker:
    """What every way of working has in common: it begins, waits to be asked to stop, and finishes."""

    def __init__(self, metrics: Metrics, health: Health) -> None:
        self.metrics, self.health = metrics, health
        self._asked = asyncio.Event()

    def stop(self) -> None:
        self._asked.set()

    async def run(self) -> None:
        await self.begin()
        said.info("at work")
        await self._asked.wait()
        said.info("finishing")
        await self.finish()
        said.info("finished")

    async def begin(self) -> None:
        self.health.assigned(3)
        self.health.well()
        self.metrics.messages[Outcome.DECIDED].inc(7)

    async def finish(self) -> None:
        """Nothing is in hand."""


class Fails(Worker):
    async def begin(self) -> None:
        await super().begin()
        self.health.failing(f"no answer from {DSN}")


class Waits(Worker):
    async def begin(self) -> None:
        await self._asked.wait()


class Slow(Worker):
    async def finish(self) -> None:
        await asyncio.sleep(1)


class NeverEnds(Worker):
    async def finish(self) -> None:
        await asyncio.Event().wait()


class Blocks(Worker):
    async def finish(self) -> None:
        time.sleep(BLOCKED_SECONDS)  # noqa: ASYNC251 - the loop turns no more


class Crashes(Worker):
    async def begin(self) -> None:
        raise RuntimeError(f"no reply from {DSN}")


class CrashesAndClings(Worker):
    async def begin(self) -> None:
        self.left = asyncio.create_task(self.cling())
        await asyncio.sleep(0)
        raise RuntimeError("no reply")

    async def cling(self) -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()


class CrashesAtTheEnd(Worker):
    async def finish(self) -> None:
        raise RuntimeError("no commit")


class Returns(Worker):
    async def run(self) -> None:
        await self.begin()


class CannotBeMade(Worker):
    def __init__(self, metrics: Metrics, health: Health) -> None:
        raise LookupError("no settings")


WAYS: dict[str, type[Worker]] = {
    "works": Worker,
    "fails": Fails,
    "waits": Waits,
    "slow": Slow,
    "never ends": NeverEnds,
    "blocks": Blocks,
    "crashes": Crashes,
    "crashes and clings": CrashesAndClings,
    "crashes at the end": CrashesAtTheEnd,
    "returns": Returns,
    "cannot be made": CannotBeMade,
}


def main(text: str) -> int:
    way, _, hurry = text.partition(", ")
    if hurry:
        app.STOP_SECONDS, app.KILL_SECONDS, app.CLOSE_SECONDS = 1, 2, 1  # type: ignore[misc]
    log.set_up("some", "1")
    none = cast(Any, None)
    service = Service("some", Registry([Ask]), {}, aggregates=(), snapshots={}, store=none, migrations=Path())
    return app.serve(service, WAYS[way], app.listen())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
