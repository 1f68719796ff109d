"""Reading topics as they are, without a group: a partition from where one asks to where it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.partitioner import murmur2

from deploy.cli.say import SILENT, Trouble

# Each wait for the broker; a topic of any size may be read, so the whole has none.
ANSWER_S: Final = 15.0
_STOP_S: Final = 2.0
_POLL_MS: Final = 500


class Reader:
    """Reads what is on topics now."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def places(self, *topics: str) -> list[TopicPartition]:
        """The partitions of these topics; `Trouble` where there is no such topic."""
        async with asyncio.timeout(ANSWER_S):
            # What `topics()` asks for; the partitions in the answer it keeps to itself.
            there = await self._consumer._client.fetch_all_metadata()
        numbers = {topic: there.partitions_for_topic(topic) for topic in topics}
        if missing := [topic for topic in topics if not numbers[topic]]:
            raise Trouble(f"there is no topic {missing[0]}: make it with `stoppoc topics apply`")
        async with asyncio.timeout(ANSWER_S):
            # Else it asks for each of them by itself, a tenth of a second each.
            await asyncio.gather(*map(self._consumer._client.add_topic, topics))
        return [TopicPartition(topic, number) for topic in topics for number in sorted(numbers[topic])]

    async def place_of(self, topic: str, key: str) -> TopicPartition:
        """The partition on which everything about this key is."""
        places = await self.places(topic)
        return places[(murmur2(key.encode()) & 0x7FFFFFFF) % len(places)]

    async def ends(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the partitions end now."""
        async with asyncio.timeout(ANSWER_S):
            found: dict[TopicPartition, int] = await self._consumer.end_offsets(list(places))
        return found

    async def since(self, places: Iterable[TopicPartition], at_ms: int) -> dict[TopicPartition, int]:
        """The first offset of that instant or later, of each partition that has one."""
        async with asyncio.timeout(ANSWER_S):
            found = await self._consumer.offsets_for_times(dict.fromkeys(places, at_ms))
        return {place: int(first.offset) for place, first in found.items() if first is not None}

    async def beginnings(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the partitions begin now."""
        async with asyncio.timeout(ANSWER_S):
            found: dict[TopicPartition, int] = await self._consumer.beginning_offsets(list(places))
        return found

    async def whole(self, places: Sequence[TopicPartition]) -> AsyncIterator[ConsumerRecord]:
        """Every record of the partitions, up to where they ended when this began; in order within each."""
        async for record in self.between(await self.beginnings(places), await self.ends(places)):
            yield record

    async def between(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncIterator[ConsumerRecord]:
        """Every record of the partitions from one offset to another; in order within each."""
        left = {place for place in starts if starts[place] < ends[place]}
        self._consumer.assign(sorted(left))
        for place in left:
            self._consumer.seek(place, starts[place])
        while left:
            for place, batch in (await self._some()).items():
                for record in batch:
                    if record.offset < ends[place]:
                        yield record
            left = {place for place in left if await self._consumer.position(place) < ends[place]}

    async def following(self, starts: Mapping[TopicPartition, int]) -> AsyncIterator[ConsumerRecord]:
        """The partitions from these offsets on, for ever."""
        self._consumer.assign(list(starts))
        for place, offset in starts.items():
            self._consumer.seek(place, offset)
        while True:
            for batch in (await self._consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in batch:
                    yield record

    async def _some(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        async with asyncio.timeout(ANSWER_S):
            while not (batches := await self._consumer.getmany(timeout_ms=_POLL_MS)):
                pass
        return dict(batches)


@asynccontextmanager
async def reading(kafka: str, *, fetch_wait_ms: int = 100) -> AsyncIterator[Reader]:
    """A reader, for as long as it is needed."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        client_id="stoppoc-cli",
        group_id=None,
        enable_auto_commit=False,
        fetch_max_wait_ms=fetch_wait_ms,
        request_timeout_ms=int(ANSWER_S * 1000),
    )
    try:
        async with asyncio.timeout(ANSWER_S):
            await consumer.start()
        yield Reader(consumer)
    except (KafkaConnectionError, TimeoutError) as error:
        raise Trouble(f"the broker at {kafka} does not answer", SILENT) from error
    except KafkaError as error:
        raise Trouble(f"the broker at {kafka}: {error}", SILENT) from error
    finally:
        try:
            async with asyncio.timeout(_STOP_S):
                await consumer.stop()
        except (KafkaError, TimeoutError, OSError):
            pass
