"""Publishes bundles: an idempotent producer, acks from all, one record batch per partition at a time.

A batch of a partition is sent only after the one before it is on the topic, so a failure leaves no hole in a
key's order. Every wait has a limit: with the broker away an idempotent producer would wait for ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import zip_longest
from time import monotonic
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.contracts.cloudevents import record_headers
from shared.contracts.topics import MOST_RECORD_BYTES
from shared.engine.faultpoints import FaultPoint, reach
from shared.engine.outbox import Outgoing
from shared.engine.waits import ended

# One produce request per partition and batch in nearly all cases; well under what the topics accept.
_BATCH_BYTES: Final = 1024 * 1024
# A dead letter carries a record as large as a topic takes, and its reason.
_REQUEST_BYTES: Final = MOST_RECORD_BYTES + 1024 * 1024
# Shorter than the database lets a claim idle: when the claim is lost, nothing of it is still waiting to be sent.
PUBLISH_LIMIT_S: Final = 8.0
_STOP_LIMIT_S: Final = 5.0


class Publisher:
    """The producer of one worker. After a failure it is made anew; what was not published is still in the outbox."""

    def __init__(self, kafka: str, client: str, failed: Callable[[], None] = lambda: None) -> None:
        self._kafka = kafka
        self._failed = failed
        self._client = client
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, Sequence[int]] = {}

    async def publish(self, messages: Iterable[Outgoing]) -> Counter[str]:
        """Returns when all messages are on their topics, those of each partition in the order given: how many on each."""
        until = monotonic() + PUBLISH_LIMIT_S
        async with self._limited():
            return await self._publish(messages, until)

    async def send(
        self, topic: str, value: bytes | None, key: bytes | None, headers: Sequence[tuple[str, bytes | None]]
    ) -> None:
        """One record, as it is: for dead letters."""
        async with self._limited():
            producer = await self._started()
            if key is None and value is None:
                # The producer's own send refuses it; anyone else's may have written it, and it must not stop us.
                batch = producer.create_batch()
                batch.append(key=None, value=None, timestamp=None, headers=list(headers))
                await (await producer.send_batch(batch, topic, partition=0))
            else:
                await producer.send_and_wait(topic, value, key=key, headers=list(headers))

    async def stop(self) -> None:
        """Ends the producer. It has nothing left to send: every call above waits for what it sent."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _abandon(producer)

    @asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PUBLISH_LIMIT_S):
                yield
        except (KafkaError, TimeoutError, asyncio.CancelledError):
            self._failed()
            await self.stop()
            raise

    async def _publish(self, messages: Iterable[Outgoing], until: float) -> Counter[str]:
        producer = await self._started()
        counts: Counter[str] = Counter()
        batches: defaultdict[tuple[str, int], list[BatchBuilder]] = defaultdict(list)
        for message in messages:
            partitions = self._partitions.get(message.topic) or await self._look_up(message.topic)
            key = message.envelope.key
            place = (message.topic, partitions[_hash(key) % len(partitions)])
            self._append(producer, batches[place], message)
            counts[message.topic] += 1
        for turn in zip_longest(*([(place, chunk) for chunk in chunks] for place, chunks in batches.items())):
            due = [one for one in turn if one is not None]
            if monotonic() > until:
                # The process stood still, and the loop has not yet come to the limit's own timer.
                raise TimeoutError("stood still for too long to publish")
            reach(FaultPoint.BEFORE_SEND)
            sent = [
                await producer.send_batch(chunk, topic, partition=number) for (topic, number), chunk in due
            ]
            await asyncio.gather(*sent)
        return counts

    def _append(self, producer: AIOKafkaProducer, chunks: list[BatchBuilder], message: Outgoing) -> None:
        _, envelope, body = message
        key, value, headers = envelope.key.encode(), body.encode(), record_headers(envelope)
        if not chunks or chunks[-1].append(timestamp=None, key=key, value=value, headers=headers) is None:
            chunks.append(producer.create_batch())
            chunks[-1].append(timestamp=None, key=key, value=value, headers=headers)

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._kafka,
                client_id=self._client,
                acks="all",
                enable_idempotence=True,
                max_batch_size=_BATCH_BYTES,
                max_request_size=_REQUEST_BYTES,
            )
            try:
                await producer.start()
            except BaseException:
                await _abandon(producer)
                raise
            self._producer = producer
        return self._producer

    async def _look_up(self, topic: str) -> Sequence[int]:
        assert self._producer is not None
        self._partitions[topic] = sorted(await self._producer.partitions_for(topic))
        return self._partitions[topic]


# The hash is pure Python, and a key is said something about again and again.
@lru_cache(maxsize=65_536)
def _hash(key: str) -> int:
    """Kafka's own: clients in any language find a key on the partition we do."""
    return int(murmur2(key.encode())) & 0x7FFFFFFF


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Lets go of a producer without flushing it: what it still holds is in the outbox, and a new one sends it again.
    (Its own stop() flushes first, and with the broker away waits for ever.)"""
    producer._closed = True
    sender = producer._sender.sender_task
    if sender is not None:
        sender.cancel()
        await asyncio.wait({sender}, timeout=_STOP_LIMIT_S)
    await ended(_STOP_LIMIT_S, producer.client.close())
