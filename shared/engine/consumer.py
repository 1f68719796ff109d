"""One membership in the consumer group. It is used until the first error the client cannot get over, then made anew:
a client that has met a fatal error goes on answering pings but never delivers again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.engine.fetching import Sessions
from shared.engine.leniently import LENIENCY
from shared.engine.outbox import lane_of
from shared.engine.service import Service
from shared.engine.settings import Settings
from shared.engine.waits import ended, unless

log = logging.getLogger(__name__)

Records = Mapping[TopicPartition, Sequence[ConsumerRecord]]

# A batch takes far less; a partition is given up once the batch in hand is done, or after this long.
_REVOKE_LIMIT_S: Final = 20.0
_STOP_LIMIT_S: Final = 5.0
# With the broker away the client commits, or joins, for ever. Who joins waits for the others' batches, and no longer than
# health takes a loop for alive.
_COMMIT_LIMIT_S: Final = 8.0
_JOIN_LIMIT_S: Final = 45.0
_POLL_MS: Final = 500
_PAUSE_S: Final = 0.01
# A commit costs the broker as much as a batch of messages. What is done is committed this long after it at the latest,
# and as soon as there is nothing to do for a moment: until then a crash has it read again, which the inbox sees to.
_PUT_OFF_S: Final = 0.25
_MOMENT_MS: Final = 50


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """What this worker reads, from joining the group to leaving it."""

    def __init__(
        self, consumer: AIOKafkaConsumer, batch_messages: int, gathers_s: float, stopping: asyncio.Event
    ) -> None:
        self._consumer = consumer
        self._gathers_s = gathers_s
        self._stopping = stopping
        self._batch_messages = batch_messages
        self._in_hand = 0
        self._giving_up = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._next: dict[TopicPartition, int] = {}
        self._done: dict[TopicPartition, int] = {}
        self._done_since = 0.0
        self._new_lanes: set[str] = set()

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Lets what is in hand end first, and nothing new begin; later would be safe too, the inbox sees to it."""
        if revoked:
            self._giving_up = True
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._idle.wait(), _REVOKE_LIMIT_S)
                with contextlib.suppress(KafkaError, TimeoutError):
                    await self.commit()
            finally:
                self._giving_up = False

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """What their last owner said but did not publish goes out before anything new."""
        self._next.clear()
        self._new_lanes = {lane_of(place.topic, place.partition) for place in assigned}
        log.info("partitions assigned", extra={"count": len(assigned)})

    @property
    def lanes(self) -> list[str]:
        """The lanes that are ours."""
        return [lane_of(place.topic, place.partition) for place in self._consumer.assignment()]

    def take_new_lanes(self) -> set[str]:
        """The lanes that became ours since this was last asked."""
        lanes, self._new_lanes = self._new_lanes, set()
        return lanes

    def lag(self) -> dict[str, int]:
        """Messages not yet read, by topic, as far as the last fetches told."""
        lag: dict[str, int] = {}
        for place in self._consumer.assignment():
            behind = (self._consumer.highwater(place) or 0) - self._next.get(place, 0)
            lag[place.topic] = lag.get(place.topic, 0) + (max(0, behind) if place in self._next else 0)
        return lag

    async def read(self) -> Records:
        """The next records, or none after a while, while partitions are being given up, or once we are to stop."""
        if self._gathers_s:
            await unless(self._stopping, asyncio.sleep(self._gathers_s))
        if self._giving_up:
            # Batches overlap: without a pause there would always be one in hand.
            await asyncio.sleep(_PAUSE_S)
            return {}
        LENIENCY.end_in_time()
        patience_ms = _MOMENT_MS if self._done else _POLL_MS
        fetching = self._consumer.getmany(timeout_ms=patience_ms, max_records=self._batch_messages)
        try:
            return await unless(self._stopping, fetching) or {}
        except UnicodeDecodeError as error:
            LENIENCY.begin()
            # What it had in hand of other partitions is lost with it, and its positions are past that: a new
            # membership begins where we committed.
            raise KafkaError("a header's name is not UTF-8: all is read again, leniently") from error

    async def look(self) -> None:
        """Asks the broker for something; raises where it does not answer."""
        await self._consumer.topics()

    def take_in_hand(self) -> None:
        """From here on, until `let_go`, partitions are not given up without need."""
        self._in_hand += 1
        self._idle.clear()

    def let_go(self) -> None:
        """One batch less in hand."""
        self._in_hand -= 1
        if not self._in_hand:
            self._idle.set()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While this lasts a batch is in hand."""
        self.take_in_hand()
        try:
            yield
        finally:
            self.let_go()

    async def done(self, records: Records) -> bool:
        """These need not be read again: the group's offsets move past them, now or a moment later; whether now."""
        if not self._done:
            self._done_since = monotonic()
        offsets = {place: batch[-1].offset + 1 for place, batch in records.items()}
        self._next |= offsets
        self._done |= offsets
        return monotonic() - self._done_since >= _PUT_OFF_S and await self.commit()

    async def commit(self) -> bool:
        """Moves the group's offsets past all that is done, if any. A lost partition's new owner reads it again, to no
        effect."""
        if not self._done:
            return False
        offsets = dict(self._done)
        try:
            async with asyncio.timeout(_COMMIT_LIMIT_S):
                await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            log.info("offsets not moved, the partitions are no longer ours: %r", error)
        self._done = {place: offset for place, offset in self._done.items() if offsets.get(place) != offset}
        return True

    def rewind(self, records: Records) -> None:
        """Has these read again."""
        for place, batch in records.items():
            with contextlib.suppress(IllegalStateError):
                self._consumer.seek(place, batch[0].offset)


@asynccontextmanager
async def member(service: Service, settings: Settings, stopping: asyncio.Event) -> AsyncIterator[Membership]:
    """Joins the group, and leaves it however the work ends."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        client_id=f"stoppoc-{service.name}-{settings.worker}",
        group_id=service.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.session_timeout_ms // 5,
        # The client takes the session's timeout for this one; a batch in hand may need longer.
        rebalance_timeout_ms=60_000,
        fetch_max_wait_ms=settings.fetch_wait_ms,
        # Topics of one partition count are dealt out alike, so a key of several topics stays with one worker.
        partition_assignment_strategy=(RangePartitionAssignor,),
    )
    consumer._client.send = Sessions(consumer._client.send).send
    membership = Membership(consumer, settings.batch_messages, service.gathers_ms / 1000, stopping)
    consumer.subscribe(list(service.reads), listener=membership)
    try:
        async with asyncio.timeout(_JOIN_LIMIT_S):
            await unless(stopping, consumer.start())
        yield membership
    finally:
        if (error := await ended(_STOP_LIMIT_S, consumer.stop())) is not None:
            log.warning("the consumer did not leave the group and is abandoned: %r", error)
            # It may have come no further than its fetches; its connections and tasks end here.
            await ended(_STOP_LIMIT_S, consumer._client.close())
