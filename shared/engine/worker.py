"""One worker of one service: read, begin, inbox, load, decide, save, outbox, commit, publish, move offsets; for ever.

Whatever fails is sorted in `faults`: the world was not ready (wait, and do it again), this message can never work
(park it), or the engine is wrong (end the process). Nothing is lost either way: offsets move last.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Final

from shared.contracts.cloudevents import Unreadable
from shared.engine import deadletters, faults, intake, parking
from shared.engine.batch import Result, transact
from shared.engine.consumer import Membership, Records, member
from shared.engine.courier import Courier
from shared.engine.database import pool_for
from shared.engine.faultpoints import FaultPoint, reach
from shared.engine.faults import Verdict
from shared.engine.health import Health
from shared.engine.intake import Read
from shared.engine.metrics import Metrics, Outcome
from shared.engine.outbox import QUERIES, Bundle
from shared.engine.parking import Parked
from shared.engine.publisher import Publisher
from shared.engine.service import Service
from shared.engine.settings import Settings
from shared.engine.streams import parted
from shared.engine.upkeep import Upkeep
from shared.engine.waits import heed_cancellation

log = logging.getLogger(__name__)

# Health takes them for away when they have not answered for a minute.
_LOOK_EVERY_S: Final = 10.0
_LOOK_LIMIT_S: Final = 10.0

_LEAVE_LIMIT_S: Final = 5.0
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0
# Alone and refused twice, a message has not just met another worker making the same new thing.
_TRIES_ALONE: Final = 2


def _now() -> datetime:
    return datetime.now(UTC)


class Worker:
    """Runs until it is stopped, or until the engine itself fails."""

    def __init__(
        self,
        service: Service,
        settings: Settings,
        metrics: Metrics,
        health: Health,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._service = service
        self._settings = settings
        self._metrics = metrics
        self._health = health
        self._now = now
        client = f"stoppoc-{service.name}-{settings.worker}"
        self._publisher = Publisher(settings.kafka, client, metrics.producer_rebuilds.inc)
        # A producer of its own: a failure ends the producer, and the courier may be using the other one.
        self._letters = Publisher(settings.kafka, f"{client}-letters", metrics.producer_rebuilds.inc)
        self._stopping = asyncio.Event()
        self._wait_s = _FIRST_WAIT_S
        self._look_at = 0.0
        # Something may be stored and not published: our lanes are looked through before anything new is decided.
        self._behind = False
        # The batches that were read and whose offsets have not moved, oldest first: the one that is being decided,
        # and the one before it, which is on its way out meanwhile.
        self._in_hand: list[Records] = []
        self._delivery: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Ends the work once the batch in hand is done."""
        self._health.stopping()
        self._stopping.set()

    async def run(self) -> None:
        """Works until `stop`; raises what it cannot get over."""
        async with pool_for(self._service, self._settings.postgres, self._settings.worker) as self._pool:
            self._courier = Courier(self._service, self._pool, self._publisher, self._metrics)
            upkeep = Upkeep(self._service, self._pool, self._courier, self._metrics, self._now)
            try:
                async with asyncio.TaskGroup() as tasks:
                    beside = tasks.create_task(upkeep.run())
                    await self._consume()
                    await self._leave_sure()
                    beside.cancel()
            finally:
                await self._publisher.stop()
                await self._letters.stop()

    async def _leave_sure(self) -> None:
        try:
            async with asyncio.timeout(_LEAVE_LIMIT_S):
                await self._courier.make_sure()
        except Exception as error:
            if faults.sort(error) is not Verdict.RETRY:
                raise
            log.warning("left without saying again what may be out of date: %r", error)

    async def _consume(self) -> None:
        while not self._stopping.is_set():
            try:
                async with member(self._service, self._settings, self._stopping) as membership:
                    await self._work(membership)
            except Exception as error:  # noqa: BLE001 - sorted
                await self._weather(error)
                self._health.left()
                self._metrics.consumer_rebuilds.inc()

    async def _work(self, membership: Membership) -> None:
        self._in_hand.clear()
        try:
            while not self._stopping.is_set():
                records = await membership.read()
                self._health.beat()
                self._note_assignment(len(membership.lanes))
                await self._try(membership, self._turn(membership, records))
            await self._try(membership, self._delivered())
            await self._try(membership, self._commit(membership))
        finally:
            await self._give_up_delivery()

    async def _try(self, membership: Membership, work: Coroutine[None, None, None]) -> None:
        try:
            with membership.busy():
                await work
        except Exception as error:
            if faults.sort(error) is not Verdict.RETRY:
                raise
            # From its commit on a batch stands: what it said may be stored and not published yet.
            self._behind = True
            self._look_at = 0.0
            await self._give_up_delivery()
            for records in reversed(self._in_hand):
                membership.rewind(records)
            self._in_hand.clear()
            await self._weather(error)
        else:
            self._wait_s = _FIRST_WAIT_S

    async def _delivered(self) -> None:
        """Returns once the batch before is on its topics and its offsets have moved; raises what kept it from that."""
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            await delivery

    async def _give_up_delivery(self) -> None:
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)

    def _note_assignment(self, partitions: int) -> None:
        self._health.assigned(partitions)
        self._metrics.assigned_partitions.set(partitions)

    async def _turn(self, membership: Membership, records: Records) -> None:
        if records:
            self._in_hand.append(records)
        lanes = membership.take_new_lanes()
        if lanes or self._behind:
            await self._delivered()
            await self._courier.deliver_lanes(membership.lanes if self._behind else list(lanes))
            self._behind = False
        if not records:
            await self._delivered()
            await self._commit(membership)
            return await self._look(membership)
        started = perf_counter()
        reach(FaultPoint.AFTER_READ)
        reads = await self._read(records)
        bundles = await self._settle_streams(reads)
        # One batch goes out while the next is decided, and never two at once: a key keeps its order.
        await self._delivered()
        membership.take_in_hand()
        self._delivery = asyncio.create_task(self._deliver(membership, records, bundles))
        self._delivery.add_done_callback(lambda _: membership.let_go())
        self._metrics.batch_seconds.observe(perf_counter() - started)
        self._metrics.batch_messages.observe(len(reads))
        return None

    async def _deliver(self, membership: Membership, records: Records, bundles: Sequence[Bundle]) -> None:
        await self._courier.deliver(bundles)
        reach(FaultPoint.BEFORE_OFFSETS)
        if await membership.done(records):
            reach(FaultPoint.AFTER_OFFSETS)
        self._in_hand.remove(records)
        self._health.well()
        for topic, behind in membership.lag().items():
            self._metrics.lag[topic].set(behind)

    async def _commit(self, membership: Membership) -> None:
        if await membership.commit():
            reach(FaultPoint.AFTER_OFFSETS)

    async def _look(self, membership: Membership) -> None:
        """With nothing to do, asks now and then whether broker and database are there: a client is silent about that."""
        if time.monotonic() < self._look_at:
            return
        async with asyncio.timeout(_LOOK_LIMIT_S):
            await membership.look()
            async with self._pool.acquire() as conn:
                await conn.fetchval(QUERIES["look"])
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        self._health.well()

    async def _read(self, records: Records) -> list[Read]:
        """The messages in the records; a record that holds none of ours becomes a dead letter, the others go on."""
        reads: list[Read] = []
        for batch in records.values():
            for record in batch:
                try:
                    read = intake.read(record, self._service)
                except Unreadable as reason:
                    await deadletters.send(self._letters, self._service.group, record, str(reason))
                    reach(FaultPoint.AFTER_DEAD_LETTER)
                    self._metrics.messages[Outcome.DEAD_LETTERED].inc()
                    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                    log.warning("dead letter: %s", reason, extra=place)
                else:
                    if read is None:
                        self._metrics.messages[Outcome.PASSED_OVER].inc()
                    else:
                        reads.append(read)
        return reads

    async def _settle_streams(self, reads: Sequence[Read]) -> list[Bundle]:
        """Settles a large batch as several at once: while the database works for some, the rules run for another. All
        end before anything goes on, however they end."""
        ends = await asyncio.gather(*map(self._settle, parted(reads)), return_exceptions=True)
        bundles: list[Bundle] = []
        for end in ends:
            if isinstance(end, BaseException):
                raise end
            bundles += end
        return bundles

    async def _settle(self, reads: Sequence[Read]) -> Sequence[Bundle]:
        """Decides the batch and returns what it said; where the database refuses it, message by message."""
        try:
            return await self._decide(reads)
        except Exception as error:
            if faults.sort(error) is not Verdict.PARK:
                raise
            log.warning(
                "the database refused a batch, its messages are tried one by one: %s", type(error).__name__
            )
            return [bundle for read in reads for bundle in await self._settle_alone(read)]

    async def _settle_alone(self, read: Read) -> Sequence[Bundle]:
        for left in reversed(range(_TRIES_ALONE)):
            try:
                return await self._decide([read])
            except Exception as error:
                if faults.sort(error) is not Verdict.PARK:
                    raise
                if not left:
                    await self._park(read, error)
        return ()

    async def _decide(self, reads: Sequence[Read]) -> Sequence[Bundle]:
        started = perf_counter()
        async with self._pool.acquire() as conn, conn.transaction():
            result = await transact(conn, self._service, reads)
            reach(FaultPoint.BEFORE_COMMIT)
        reach(FaultPoint.AFTER_COMMIT)
        self._count(result, perf_counter() - started)
        now = time.time()
        self._metrics.ages.observe([now - read.record.timestamp / 1000 for read in reads])
        return result.bundles

    async def _park(self, read: Read, error: BaseException) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            await parking.park_alone(conn, Parked(read, faults.described(error)))
        self._metrics.messages[Outcome.PARKED].inc()

    def _count(self, result: Result, seconds: float) -> None:
        self._metrics.transaction_seconds.observe(seconds)
        self._metrics.messages[Outcome.DECIDED].inc(result.decided)
        self._metrics.messages[Outcome.DUPLICATE].inc(result.duplicates)
        for parked in result.parked:
            outcome = Outcome.QUEUED if parked.error is None else Outcome.PARKED
            self._metrics.messages[outcome].inc()
            ask = parked.read.ask
            about = {"key": ask.key, "message_id": ask.envelope.id, "message_type": ask.envelope.type}
            # The error's text may quote the message: it is kept with the parked message, not in the log.
            log.error("%s: %s", outcome, (parked.error or "its key is parked").partition(":")[0], extra=about)

    async def _weather(self, error: Exception) -> None:
        """Waits, longer each time, when the world was not ready; ends the worker when the engine is wrong."""
        heed_cancellation(error)
        verdict = faults.sort(error)
        self._metrics.faults[verdict].inc()
        if verdict is not Verdict.RETRY:
            raise error
        log.warning("not ready, waiting %.1f s: %r", self._wait_s, error)
        self._health.beat()
        self._health.failing(repr(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), self._wait_s)
        self._wait_s = min(self._wait_s * 2, _LONGEST_WAIT_S)
