"""One message at a time on a system with nothing else to do: from the command's send to the event's arrival."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.bench.ground import Ground
from deploy.bench.load import COMMANDS, EVENTS, Load, Record
from deploy.bench.trial import Consumer, Course, course
from shared.contracts.topics import PARTITIONS

_ANSWER_S: Final = 30.0
_WARM: Final = 50
_SHORTEST_GAP_S: Final = 0.005
_LONGEST_GAP_S: Final = 0.05


class Portal:
    """Asks, and listens to the events for its answer."""

    def __init__(self, producer: AIOKafkaProducer, listener: AIOKafkaConsumer) -> None:
        self._producer = producer
        self._listener = listener

    async def ask(self, record: Record) -> float:
        """Milliseconds until the answer was here."""
        started = time.perf_counter()
        await self._producer.send(COMMANDS, record.value, key=record.key.encode(), headers=record.headers)
        async with asyncio.timeout(_ANSWER_S):
            while not await self._heard(record.message_id.encode()):
                pass
        return (time.perf_counter() - started) * 1000

    async def _heard(self, cause: bytes) -> bool:
        batches = await self._listener.getmany(timeout_ms=1000)
        return any(("ce_causationid", cause) in one.headers for batch in batches.values() for one in batch)


@asynccontextmanager
async def portal(kafka: str) -> AsyncIterator[Portal]:
    """A portal that hears what is said from now on."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    listener = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=None, enable_auto_commit=False)
    await producer.start()
    try:
        await listener.start()
        try:
            listener.assign([TopicPartition(EVENTS, number) for number in range(PARTITIONS)])
            await listener.seek_to_end()
            yield Portal(producer, listener)
        finally:
            await listener.stop()
    finally:
        await producer.stop()


async def latencies(
    ground: Ground, consumer: Consumer, load: Load, count: int, logs: Path
) -> dict[str, float]:
    """Median, 99th percentile and worst, in milliseconds."""
    dsn = await ground.database(load.accounts)
    async with course(ground, consumer, dsn, logs) as run:
        records = load.records()
        await run.warm(records, _WARM)
        taken = await _asked(ground.kafka, run, records, count, random.Random(load.seed))  # noqa: S311 - gaps that can be had again
    await ground.drop(dsn)
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return {
        "messages": count,
        "median_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "worst_ms": round(max(taken), 2),
    }


async def _asked(
    kafka: str, run: Course, records: Iterator[Record], count: int, gaps: random.Random
) -> list[float]:
    taken: list[float] = []
    async with portal(kafka) as asking:
        for record, number in zip(records, range(_WARM + count), strict=False):
            await asyncio.sleep(gaps.uniform(_SHORTEST_GAP_S, _LONGEST_GAP_S))
            milliseconds = await asking.ask(record)
            if number >= _WARM:
                taken.append(milliseconds)
    return taken
