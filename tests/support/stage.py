"""A toy service on a real broker and a real database: topics made, schema migrated, workers started and stopped.

What a test wants to see it reads after `settled()`: then every record is read, decided, published and committed, so
that a test may list everything there is on a topic, and fails on one record more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared import ids
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.message import Message
from shared.engine.health import Health
from shared.engine.metrics import Metrics
from shared.engine.migrate import migrate
from shared.engine.settings import Settings
from shared.engine.worker import Worker
from tests.support.toy import Toy

WITHIN_S: Final = 60.0
PARTITIONS: Final = 3
_LARGEST: Final = 9 * 1024 * 1024

Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Heard:
    """One record as a reader of the topic finds it."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]

    def __getitem__(self, header: str) -> str:
        return dict(self.headers)[header].decode()

    @property
    def body(self) -> dict[str, Any]:
        """The value, as JSON."""
        loaded: dict[str, Any] = json.loads(self.value or b"")
        return loaded


class Running:
    """A worker at work in a task of this loop."""

    def __init__(self, toy: Toy, settings: Settings, **options: Any) -> None:
        self.metrics = Metrics(toy.name)
        self.health = Health()
        self.worker = Worker(toy.service, settings, self.metrics, self.health, **options)
        self.task = asyncio.create_task(self.worker.run())

    async def stop(self, within: float = WITHIN_S) -> None:
        """Stops as an operator does, and lets no failure pass."""
        self.worker.stop()
        async with asyncio.timeout(within):
            await self.task

    async def stop_after(self, wait: Awaitable[None]) -> None:
        """Works until that is so."""
        await wait
        await self.stop()

    async def abandon(self) -> None:
        """Ends it whatever became of it, at the end of a test."""
        self.worker.stop()
        await asyncio.wait([self.task], timeout=WITHIN_S)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Stage:
    """One toy, its topics, its schema, and the test's own clients."""

    def __init__(self, toy: Toy, kafka: str, database: str) -> None:
        self.toy = toy
        self.kafka = kafka
        self.database = database
        self.workers: list[Running] = []
        self.commands, self.events, self.state = (topic.name for topic in topics.of(toy.name))
        self.letters = topics.dead_letters(self.commands, toy.service.group).name
        self.partitions = PARTITIONS
        self.producer: AIOKafkaProducer
        self.reader: AIOKafkaConsumer
        self.ear: AIOKafkaConsumer
        self.sql: asyncpg.Connection

    def settings(self, **changes: Any) -> Settings:
        """Settings with short waits."""
        worker = f"worker-{len(self.workers) + 1}"
        short = Settings(self.kafka, self.database, session_timeout_ms=3000, fetch_wait_ms=50, worker=worker)
        return replace(short, **changes)

    def start_worker(
        self, *, toy: Toy | None = None, now: Callable[[], Any] | None = None, **settings: Any
    ) -> Running:
        """One more worker of the toy; of another build of it, where one is given."""
        options = {} if now is None else {"now": now}
        running = Running(toy or self.toy, self.settings(**settings), **options)
        self.workers.append(running)
        return running

    async def reconnect(self) -> None:
        """Connects to the database, again where it was away."""
        self.sql = await asyncpg.connect(self.database, server_settings={"search_path": self.toy.name})

    async def disconnect(self) -> None:
        """Lets go of the database."""
        await self.sql.close()

    async def send(
        self, message: Message, *, id_: str | None = None, key: bytes | None = None, **rest: Any
    ) -> str:
        """Sends a message as a portal would; returns its id."""
        id_ = id_ or ids.new_id()
        await self.send_raw(
            message.model_dump_json().encode(),
            key or message.key.encode(),
            self.headers(message, id_),
            **rest,
        )
        return id_

    def headers(self, message: Message, id_: str, **changes: bytes | None) -> Headers:
        """The message's headers; a change adds one, replaces one, or with None takes one away."""
        envelope = Envelope(id_, message.type, "/test", message.key, id_)
        headers = dict(record_headers(envelope)) | changes
        return [(name, value) for name, value in headers.items() if value is not None]

    async def send_raw(
        self, value: bytes | None, key: bytes | None, headers: Headers, *, topic: str = "", **rest: Any
    ) -> Any:
        """Sends a record as it is."""
        return await self.producer.send_and_wait(
            topic or self.commands, value, key=key, headers=headers, **rest
        )

    async def settled(self, within: float = WITHIN_S) -> None:
        """Returns once all commands are read and committed, and the outbox is empty."""

        async def done() -> bool:
            if await self.uncommitted():
                return False
            return not await self.count("outbox")

        await eventually(done, within, self.alive)

    def alive(self) -> None:
        """Raises what a worker died of."""
        for running in self.workers:
            if running.task.done() and not running.task.cancelled() and (error := running.task.exception()):
                raise AssertionError("a worker died") from error

    async def uncommitted(self) -> int:
        """How many commands the group has not committed."""
        places = [TopicPartition(self.commands, number) for number in range(self.partitions)]
        ends = await self.reader.end_offsets(places)
        return sum([ends[place] - (await self.reader.committed(place) or 0) for place in places])

    async def hear(self, topic: str) -> list[Heard]:
        """All that is on the topic now, by partition and offset."""
        places = [TopicPartition(topic, number) for number in range(self.partitions)]
        ends = await self.ear.end_offsets(places)
        heard: list[Heard] = []
        self.ear.assign([place for place in places if ends[place]])
        for place in self.ear.assignment():
            self.ear.seek(place, 0)
        while len(heard) < sum(ends.values()):
            for place, records in (await self.ear.getmany(timeout_ms=100)).items():
                heard += [
                    Heard(place.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
                    for r in records
                ]
        return sorted(heard, key=lambda one: (one.partition, one.offset))

    async def count(self, table: str) -> int:
        """How many rows the table has."""
        return int(await self.sql.fetchval(f"select count(*) from {table}"))

    async def totals(self) -> dict[str, int]:
        """How the counters stand."""
        return {row["counter"]: row["total"] for row in await self.sql.fetch("select * from counter")}


async def eventually(
    done: Callable[[], Awaitable[bool]], within: float = WITHIN_S, check: Callable[[], None] = lambda: None
) -> None:
    """Waits for it; fails when it takes too long."""
    until = time.monotonic() + within
    while not await done():
        check()
        assert time.monotonic() < until, f"not so within {within} s"
        await asyncio.sleep(0.05)


async def make_topics(kafka: str, names: Mapping[str, Mapping[str, str]], partitions: int) -> None:
    """Makes the topics, each with its settings."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        made = [NewTopic(name, partitions, 1, topic_configs=dict(with_)) for name, with_ in names.items()]
        await admin.create_topics(made)
    finally:
        await admin.close()


MakeTopics = Callable[[str, Mapping[str, Mapping[str, str]], int], Awaitable[None]]


def toy_name() -> str:
    """A name no other test has."""
    return f"toy{secrets.token_hex(4)}"


@asynccontextmanager
async def staged(
    kafka: str, database: str, toy: Toy | None = None, make: MakeTopics = make_topics
) -> AsyncIterator[Stage]:
    """The stage, set; all that was started on it is stopped at the end."""
    stage = Stage(toy or Toy(toy_name()), kafka, database)
    of_toy = topics.of(stage.toy.name)
    letters = [topics.dead_letters(topic.name, stage.toy.service.group) for topic in of_toy]
    async with contextlib.AsyncExitStack() as stack:
        await make(kafka, {topic.name: topic.settings for topic in (*of_toy, *letters)}, stage.partitions)
        await migrate(database, [stage.toy.service])
        await stage.reconnect()
        stack.push_async_callback(stage.disconnect)
        stage.producer = AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=_LARGEST, acks="all")
        await stage.producer.start()
        stack.push_async_callback(stage.producer.stop)
        stage.reader = AIOKafkaConsumer(
            bootstrap_servers=kafka, group_id=stage.toy.service.group, enable_auto_commit=False
        )
        # Without a group: given other partitions at the wrong moment, a member's coordination dies.
        stage.ear = AIOKafkaConsumer(bootstrap_servers=kafka, fetch_max_wait_ms=50)
        for client in (stage.reader, stage.ear):
            await client.start()
            stack.push_async_callback(client.stop)
        stack.push_async_callback(_end, stage)
        yield stage


async def _end(stage: Stage) -> None:
    await asyncio.gather(*(running.abandon() for running in stage.workers))
