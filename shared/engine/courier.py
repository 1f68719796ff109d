"""Brings what the outbox holds to its topics. A bundle is published by whoever holds its row's lock, and the lock is
let go only with the bundle's deletion: two workers never publish the same bundle at once, nor one key's out of order.

A process may stand still for so long that the database takes its claim away, and then send what others have sent long
since. A receiver knows the ids; a compacted topic does not, so the keys' snapshots are said again (docs/decisions/0005).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic, perf_counter
from typing import Final

import asyncpg

from shared.contracts import topics
from shared.engine import outbox
from shared.engine.faultpoints import FaultPoint, reach
from shared.engine.metrics import Metrics
from shared.engine.outbox import QUERIES, Bundle, Claimed, Outgoing
from shared.engine.publisher import Publisher
from shared.engine.restate import restate
from shared.engine.service import Connection, Service

# A claim is used within this of the last sign that it holds, or asked after: less than the database lets it idle.
_SURE_S: Final = 1.0

# A living owner publishes within milliseconds of its commit; what is older was left by one that died.
STALE_S: Final = 10.0

Claim = Callable[[Connection], Awaitable[Sequence[Claimed]]]


class Courier:
    """Publishes bundles, one claim at a time."""

    def __init__(self, service: Service, pool: asyncpg.Pool, publisher: Publisher, metrics: Metrics) -> None:
        self._service = service
        self._pool = pool
        self._publisher = publisher
        self._metrics = metrics
        self._one_at_a_time = asyncio.Lock()
        # Their snapshots may have been sent under a claim that was lost meanwhile.
        self._doubtful: set[tuple[str, str]] = set()

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

    async def make_sure(self) -> None:
        """Says the snapshots again of which it is not sure that they are the last."""
        async with self._one_at_a_time:
            await self._restate()

    async def _deliver(self, claim: Claim) -> list[int]:
        async with self._one_at_a_time:
            await self._restate()
            return await self._publish(claim)

    async def _restate(self) -> None:
        if self._doubtful:
            async with self._pool.acquire() as conn, conn.transaction():
                bundles = await outbox.add(conn, await restate(conn, self._service, self._doubtful))
            # Stored, so whoever is next publishes them.
            self._doubtful = set()
            if bundles:
                await self._publish(lambda conn: outbox.claim(conn, bundles))

    async def _publish(self, claim: Claim) -> list[int]:
        async with self._pool.acquire() as conn, conn.transaction():
            claimed_at = monotonic()
            claimed = await claim(conn)
            positions = [position for position, _ in claimed]
            if claimed:
                reach(FaultPoint.AFTER_CLAIM)
                await _sure(conn, claimed_at)
                await self._send([message for _, messages in claimed for message in messages])
                reach(FaultPoint.AFTER_PUBLISH)
                await outbox.drop(conn, positions)
        self._doubtful = set()
        return positions

    async def _send(self, messages: Sequence[Outgoing]) -> None:
        snapshots = topics.state(self._service.name).name
        self._doubtful = {
            (envelope.type, envelope.key) for topic, envelope, _ in messages if topic == snapshots
        }
        started = perf_counter()
        counts = await self._publisher.publish(messages)
        self._metrics.publish_seconds.observe(perf_counter() - started)
        for topic, count in counts.items():
            self._metrics.published[topic].inc(count)


async def _sure(conn: Connection, since: float) -> None:
    """Raises where a claim of that time may be lost."""
    while monotonic() - since > _SURE_S:
        since = monotonic()
        await conn.fetchval(QUERIES["look"])
