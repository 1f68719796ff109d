"""Brings what the outbox holds to its topics. A bundle is published by whoever holds its row's lock, and the lock is
let go only with the bundle's deletion: two workers never publish the same bundle at once, nor one key's out of order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from time import perf_counter
from typing import Final

import asyncpg

from shared.engine import outbox
from shared.engine.faultpoints import FaultPoint, reach
from shared.engine.metrics import Metrics
from shared.engine.outbox import Bundle, Claimed
from shared.engine.publisher import Publisher
from shared.engine.service import Connection

# A living owner publishes within milliseconds of its commit; what is older was left by one that died.
STALE_S: Final = 10.0


class Courier:
    """Publishes bundles, one claim at a time."""

    def __init__(self, pool: asyncpg.Pool, publisher: Publisher, metrics: Metrics) -> None:
        self._pool = pool
        self._publisher = publisher
        self._metrics = metrics
        self._one_at_a_time = asyncio.Lock()

    async def deliver(self, bundles: Sequence[Bundle]) -> None:
        """Publishes what was just stored, after what others said earlier about the same keys."""
        if bundles:
            claimed = await self._deliver(lambda conn: outbox.claim(conn, bundles))
            if missing := {bundle.position for bundle in bundles} - set(claimed):
                # The lanes went to another worker meanwhile, and it has published them already.
                self._metrics.stale_publishes.inc(len(missing))

    async def deliver_lanes(self, lanes: Sequence[str]) -> int:
        """Publishes what was left in these lanes; how many bundles that were."""
        return len(await self._deliver(lambda conn: outbox.claim_lanes(conn, lanes))) if lanes else 0

    async def deliver_stale(self) -> int:
        """Publishes what nobody came back for; how many bundles that were."""
        return len(await self._deliver(lambda conn: outbox.claim_stale(conn, STALE_S)))

    async def _deliver(self, claim: Callable[[Connection], Awaitable[Sequence[Claimed]]]) -> list[int]:
        async with self._one_at_a_time, self._pool.acquire() as conn, conn.transaction():
            claimed = await claim(conn)
            positions = [position for position, _ in claimed]
            if claimed:
                reach(FaultPoint.AFTER_CLAIM)
                started = perf_counter()
                counts = await self._publisher.publish(
                    chain.from_iterable(messages for _, messages in claimed)
                )
                reach(FaultPoint.AFTER_PUBLISH)
                await outbox.drop(conn, positions)
                self._metrics.publish_seconds.observe(perf_counter() - started)
                for topic, count in counts.items():
                    self._metrics.published[topic].inc(count)
        return positions
