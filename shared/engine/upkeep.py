"""What a worker does beside its batches: makes due work, publishes what a crash left, forgets what is old, measures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import asyncpg

from shared.engine import faults, schedule
from shared.engine.behind import standings
from shared.engine.courier import Courier
from shared.engine.faultpoints import FaultPoint, reach
from shared.engine.faults import Verdict
from shared.engine.metrics import Metrics
from shared.engine.outbox import OPERATOR_LANE, QUERIES
from shared.engine.service import Service
from shared.engine.waits import heed_cancellation

log = logging.getLogger(__name__)

_JOBS_EVERY_S: Final = 1.0
_RELAY_EVERY_S: Final = 5.0
_FORGET_EVERY_S: Final = 60.0
_FORGET_SLICE: Final = 10_000


class Upkeep:
    """Three small loops. A failure of the world is waited out; the next turn does what this one could not."""

    def __init__(
        self,
        service: Service,
        pool: asyncpg.Pool,
        courier: Courier,
        metrics: Metrics,
        now: Callable[[], datetime],
    ) -> None:
        self._service = service
        self._pool = pool
        self._courier = courier
        self._metrics = metrics
        self._now = now

    async def run(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(_RELAY_EVERY_S, self._relay))
            tasks.create_task(self._every(_FORGET_EVERY_S, self._forget))
            if self._service.jobs:
                tasks.create_task(self._every(_JOBS_EVERY_S, self._make_due))

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception as error:
                heed_cancellation(error)
                if faults.sort(error) is not Verdict.RETRY:
                    raise
                log.warning("upkeep waits: %r", error)
            await asyncio.sleep(seconds)

    async def _relay(self) -> None:
        await self._courier.deliver_lanes([OPERATOR_LANE])
        if left := await self._courier.deliver_stale():
            log.info("published what was left behind", extra={"count": left})
        async with self._pool.acquire() as conn:
            row = await conn.fetchrow(QUERIES["measure"])
            behind = await standings(conn, self._service, self._now()) if self._service.jobs else ()
        self._metrics.outbox_rows.set(row["bundles"])
        self._metrics.parked_keys.set(row["parked_keys"])
        for one in behind:
            self._metrics.job_behind[one.job].set(one.behind(self._now()).total_seconds())

    async def _forget(self) -> None:
        async with self._pool.acquire() as conn:
            while True:
                tag = await conn.execute(
                    QUERIES["forget_messages"], self._service.inbox_retention, _FORGET_SLICE
                )
                if int(tag.split()[-1]) < _FORGET_SLICE:
                    return

    async def _make_due(self) -> None:
        made = True
        while made:
            async with self._pool.acquire() as conn, conn.transaction():
                made = bool(due := await schedule.make_due(conn, self._service, self._now()))
            reach(FaultPoint.AFTER_JOB_COMMIT)
            self._metrics.job_periods.inc(len(due))
            await self._courier.deliver_lanes([schedule.LANE])
