"""Fetch sessions with Apache Kafka: little is told, nothing is missed, and a broker that forgets is told again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.protocol.fetch import FetchRequest

from deploy.local.kafka import Kafka
from shared.engine.fetching import Sessions
from tests.support.stage import make_topics

pytestmark = [pytest.mark.kafka]

PARTITIONS = 12
MESSAGES = 40


class Listening:
    """A consumer with sessions, whose fetches are seen on their way."""

    def __init__(self, kafka: str, topics: list[str]) -> None:
        self.consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka, auto_offset_reset="earliest")
        self._client_send = self.consumer._client.send
        self.consumer._client.send = Sessions(self._seen).send
        self.told: list[int] = []
        self.answered: list[int] = []
        self.session = 0

    async def _seen(self, node: int, request: Any, **options: Any) -> Any:
        answer = await self._client_send(node, request, **options)
        if isinstance(request, FetchRequest):
            self.told.append(sum(len(partitions) for _, partitions in request.topics))
            self.answered.append(sum(len(partitions) for _, partitions in answer.topics))
            self.session = answer.session_id
        return answer

    async def hear(self, count: int) -> list[bytes]:
        heard: list[bytes] = []
        while len(heard) < count:
            batches = await self.consumer.getmany(timeout_ms=5000)
            assert batches, heard
            heard += [record.value for batch in batches.values() for record in batch]
        return heard

    async def have_it_forgotten(self) -> None:
        """Ends the session at the broker, behind the back of whoever keeps it."""
        ending = FetchRequest(0, 0, 1, 0, [])
        built = ending.build

        def ended(version: type[Any]) -> Any:
            request = built(version)
            request.session_id, request.session_epoch = self.session, -1
            return request

        ending.build = ended  # type: ignore[method-assign]
        [node] = {one.nodeId for one in self.consumer._client.cluster.brokers()}
        await self._client_send(node, ending)


@pytest.fixture
async def topics(broker: Kafka) -> list[str]:
    names = [f"fetching.{uuid4()}" for _ in range(3)]
    await make_topics(broker.bootstrap, {name: {} for name in names}, PARTITIONS)
    return names


@pytest.fixture
async def producer(broker: Kafka) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as running:
        yield running


async def test_all_is_heard_in_order_and_few_partitions_are_named(
    broker: Kafka, topics: list[str], producer: AIOKafkaProducer
) -> None:
    listening = Listening(broker.bootstrap, topics)
    async with listening.consumer:
        for number in range(MESSAGES):
            value = str(number).encode()
            await producer.send_and_wait(topics[number % 3], value, partition=number % PARTITIONS)
            assert await listening.hear(1) == [value]
    assert listening.told[0] == 3 * PARTITIONS
    # One message has been heard since the fetch before: its partition is told, and nothing else is answered.
    assert max(listening.told[3:]) <= 2
    assert max(listening.answered[3:]) <= 2


async def test_a_session_that_the_broker_has_forgotten_is_begun_anew_and_nothing_is_missed(
    broker: Kafka, topics: list[str], producer: AIOKafkaProducer
) -> None:
    listening = Listening(broker.bootstrap, topics)
    async with listening.consumer:
        for number in range(3):
            value = str(number).encode()
            await producer.send_and_wait(topics[0], value, partition=number)
            assert await listening.hear(1) == [value]
            before = listening.session
            await listening.have_it_forgotten()
            await producer.send_and_wait(topics[1], value, partition=number)
            assert await listening.hear(1) == [value]
            assert listening.session not in (0, before)
    assert listening.told.count(3 * PARTITIONS) >= 3
