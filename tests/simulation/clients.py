"""The broker's clients as the engine knows them, put in place of aiokafka's: so much of them as it uses.

What a producer has on its way when it is given up lands then or never: afterwards nothing of it is in the network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaConnectionError, KafkaTimeoutError, RequestTimedOutError

from tests.simulation.broker import PARTITIONS, Headers, Record, partition_of
from tests.simulation.chance import LIFE, Fault

# So few that a bundle needs several for one partition.
_MOST_IN_ONE_CHUNK: Final = 5


class Consumer:
    """One worker's consumer. It finds out about a rebalance when it reads, or when `rejoin` is called on it."""

    def __init__(self, **_settings: object) -> None:
        # Nothing is asked over a wire here.
        self._client = SimpleNamespace(send=None)
        self._life = LIFE.get()
        self._broker = self._life.broker
        self._dice = self._life.chance.dice(f"{self._life.name}/reads")
        self._generation = -1
        self._stopped = False
        self._positions: dict[TopicPartition, int] = {}
        self._listener: Any = None

    def subscribe(self, _topics: Sequence[str], listener: object) -> None:
        self._listener = listener

    async def start(self) -> None:
        await self._life.take_time()
        self._broker.join(self)

    async def stop(self) -> None:
        self._stopped = True
        if self._life.dead:
            # Nobody said so: the group waits before it gives the dead up.
            asyncio.get_running_loop().call_later(self._dice.uniform(0, 0.2), self._broker.leave, self)
        else:
            self._broker.leave(self)

    async def topics(self) -> set[str]:
        await self._life.take_time()
        return set()

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    async def getmany(self, timeout_ms: int, max_records: int) -> Mapping[TopicPartition, Sequence[Record]]:
        await self._life.take_time()
        self._life.may_fail(Fault.UNREAD, KafkaConnectionError)
        if self._generation != self._broker.generation:
            await self.rejoin()
        found = self._take(max_records)
        if not found:
            await asyncio.sleep(timeout_ms / 1000)
        return found

    async def rejoin(self) -> None:
        """Gives up what it has, once the batch in hand is done or that took too long, and takes what it gets."""
        await self._listener.on_partitions_revoked(list(self._positions))
        if self._stopped:
            return
        share = self._broker.share(self)
        self._generation = self._broker.generation
        self._positions = {place: self._broker.committed.get(place, 0) for place in share}
        await self._listener.on_partitions_assigned(list(share))

    def _take(self, most: int) -> dict[TopicPartition, Sequence[Record]]:
        """Some of what there is, from partitions in any order, each in its own order."""
        found: dict[TopicPartition, Sequence[Record]] = {}
        places = sorted(self._positions)
        for place in self._dice.sample(places, len(places)):
            at = self._positions[place]
            records = self._broker.log(place)[at : at + self._dice.randint(0, most)]
            if records:
                found[place] = records
                self._positions[place] = records[-1].offset + 1
                most -= len(records)
        return found

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        await self._life.take_time()
        if not offsets.keys() <= self._positions.keys():
            raise IllegalStateError("a partition is not assigned")
        self._life.may_fail(Fault.UNCOMMITTED, RequestTimedOutError)
        self._broker.commit(self, self._generation, offsets)
        self._life.may_fail(Fault.COMMIT_UNANSWERED, RequestTimedOutError)

    def seek(self, place: TopicPartition, offset: int) -> None:
        if place not in self._positions:
            raise IllegalStateError("the partition is not assigned")
        self._positions[place] = offset

    def highwater(self, place: TopicPartition) -> int:
        return len(self._broker.log(place))


class Chunk:
    """Records for one partition, sent as one."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes | None, Headers]] = []

    def append(
        self, key: bytes | None, value: bytes | None, timestamp: int | None, headers: Headers
    ) -> object | None:
        if len(self.records) == _MOST_IN_ONE_CHUNK:
            return None
        self.records.append((key, value, headers))
        return self


class Producer:
    """One producer. Each chunk is refused, stands, or stands without an answer."""

    def __init__(self, **_settings: object) -> None:
        self._life = LIFE.get()
        self._broker = self._life.broker
        self._dice = self._life.chance.dice(f"{self._life.name}/wire")
        self._on_the_way: dict[asyncio.Task[None], tuple[Chunk, str, int]] = {}
        # What the engine takes hold of when it gives a producer up.
        self._closed = False
        self._sender = SimpleNamespace(sender_task=None)
        self.client = self

    async def start(self) -> None:
        await self._life.take_time()
        self._life.may_fail(Fault.REFUSED, KafkaConnectionError)

    async def close(self) -> None:
        for task, sent in list(self._on_the_way.items()):
            task.cancel()
            if self._dice.random() < 0.5:
                self._append(*sent)
        self._on_the_way.clear()

    async def partitions_for(self, _topic: str) -> set[int]:
        await self._life.take_time()
        return set(range(PARTITIONS))

    def create_batch(self) -> Chunk:
        return Chunk()

    async def send_batch(self, chunk: Chunk, topic: str, *, partition: int) -> asyncio.Future[None]:
        self._life.check()
        task = asyncio.create_task(self._send(chunk, topic, partition))
        self._on_the_way[task] = (chunk, topic, partition)
        task.add_done_callback(self._landed)
        return task

    async def send_and_wait(
        self, topic: str, value: bytes | None, key: bytes | None, headers: Headers
    ) -> None:
        chunk = self.create_batch()
        chunk.append(key, value, None, headers)
        await (await self.send_batch(chunk, topic, partition=partition_of((key or b"").decode())))

    async def _send(self, chunk: Chunk, topic: str, partition: int) -> None:
        await self._life.take_time()
        self._life.may_fail(Fault.REFUSED, KafkaConnectionError)
        self._append(chunk, topic, partition)
        self._landed(asyncio.current_task())
        self._life.may_fail(Fault.UNANSWERED, KafkaTimeoutError)

    def _append(self, chunk: Chunk, topic: str, partition: int) -> None:
        for record in chunk.records:
            self._broker.append(topic, partition, *record)

    def _landed(self, task: asyncio.Task[None] | None) -> None:
        if task is not None:
            self._on_the_way.pop(task, None)
