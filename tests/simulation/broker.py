"""A broker in memory: topics of partitions, and one consumer group with its assignment, generation and offsets.

It keeps to what Kafka promises and no more: who is not of the present generation commits nothing, and a rebalance
comes at any moment, whatever its members have in hand.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError
from aiokafka.partitioner import murmur2

PARTITIONS: Final = 4

Headers = Sequence[tuple[str, bytes]]


class Record(NamedTuple):
    """What is kept of a record."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Broker:
    """Members are any objects, known by their identity."""

    def __init__(self, reads: Iterable[str], random: Random) -> None:
        self.generation = 0
        self.committed: dict[TopicPartition, int] = {}
        self._random = random
        self._places = [TopicPartition(topic, number) for topic in reads for number in range(PARTITIONS)]
        self._logs: defaultdict[TopicPartition, list[Record]] = defaultdict(list)
        self._shares: dict[object, set[TopicPartition]] = {}

    def append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> None:
        """Puts a record at the end of its partition, and stamps it."""
        log = self._logs[TopicPartition(topic, partition)]
        now = time.time_ns() // 1_000_000
        log.append(Record(topic, partition, len(log), now, key, value, tuple(headers)))

    def log(self, place: TopicPartition) -> Sequence[Record]:
        """All that is on a partition."""
        return self._logs[place]

    def topic(self, topic: str) -> list[Record]:
        """All that is on a topic, partition by partition."""
        return [record for number in range(PARTITIONS) for record in self.log(TopicPartition(topic, number))]

    def lag(self) -> int:
        """How many records the group has not committed."""
        return sum(len(self.log(place)) - self.committed.get(place, 0) for place in self._places)

    @property
    def members(self) -> list[object]:
        """Whoever is in the group."""
        return list(self._shares)

    def join(self, member: object) -> None:
        """One more member: everything is dealt out anew."""
        self._shares[member] = set()
        self.rebalance()

    def leave(self, member: object) -> None:
        """It left, or it was not heard of for too long: it may not know."""
        if self._shares.pop(member, None) is not None:
            self.rebalance()

    def rebalance(self) -> None:
        """Deals the partitions out as chance has it; members find out when they ask."""
        self.generation += 1
        for share in self._shares.values():
            share.clear()
        members = self.members
        self._random.shuffle(members)
        for number, place in enumerate(self._random.sample(self._places, len(self._places))):
            if members:
                self._shares[members[number % len(members)]].add(place)

    def share(self, member: object) -> set[TopicPartition]:
        """What a member has now; one that was not heard of joins again."""
        if member not in self._shares:
            self.join(member)
        return set(self._shares[member])

    def commit(self, member: object, generation: int, offsets: Mapping[TopicPartition, int]) -> None:
        """Whoever is of this generation may commit anything, also backwards."""
        if member not in self._shares or generation != self.generation:
            raise CommitFailedError("the generation is over")
        self.committed |= offsets


def partition_of(key: str) -> int:
    """Where every client finds a key."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS
