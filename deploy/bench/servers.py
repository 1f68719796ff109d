"""The servers trials are made on: one broker and one database server for all, databases and empty topics for each."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from deploy.local.kafka import Kafka
from deploy.local.place import Place, Say, place, to_stderr
from deploy.topics import admin_of, apply, wanted
from shared.contracts.topics import PARTITIONS
from shared.engine.service import Service

ANSWER_S: Final = 60.0
# Hundreds of partitions, on a machine that may be busy with something else.
_LED_S: Final = 120.0
_POLL_S: Final = 0.05


class Unfit(Exception):
    """Nothing can be measured here; the text says why."""


class Servers:
    """The servers, and what of ours is on them: the topics of these services, and databases of a name of ours."""

    def __init__(self, where: Place, services: Sequence[Service], groups: Collection[str]) -> None:
        self.kafka: Final = where.kafka
        self.broker_kind: Final = where.broker_kind
        self._postgres = where.postgres
        self._groups = groups
        # Those for dead letters, which are most, are left out: a trial that has one is none.
        self._wanted = [topic for topic in wanted(services) if not topic.name.endswith(".dlq")]
        self._topics = [topic.name for topic in self._wanted]
        self._admin: AdminClient = admin_of(where.kafka)
        self._databases: list[str] = []
        self.servers: dict[str, int] = {}
        if where.postgres_server is not None:
            self.servers["postgres"] = where.postgres_server.pid
        if isinstance(where.kafka_server, Kafka):
            self.servers["broker"] = where.kafka_server.pid

    async def new_database(self, like: str | None = None) -> str:
        """The address of a new database: an empty one, or a copy of another one of ours."""
        name = f"bench_{secrets.token_hex(4)}"
        # Copied file by file: writing millions of rows to the log as well would take minutes.
        copied = "" if like is None else f' template "{_database(like)}" strategy file_copy'
        await execute(self._postgres, f'create database "{name}"{copied}')
        self._databases.append(name)
        return _with_database(self._postgres, name)

    async def drop(self, dsn: str) -> None:
        """Removes a database of `new_database`."""
        name = _database(dsn)
        await execute(self._postgres, f'drop database "{name}" with (force)')
        self._databases.remove(name)

    async def fresh_topics(self) -> None:
        """Empty topics, and no memory of what was read on those before."""
        await self.remove_topics()
        await asyncio.to_thread(apply, self.kafka, self._wanted)
        await asyncio.to_thread(self._wait_for_leaders)

    async def remove_topics(self) -> None:
        """Takes away the topics, which are ours: `prepared` has seen to that."""
        await asyncio.to_thread(self._remove)

    async def size(self, topic: str) -> int:
        """How many records are on the topic."""
        return sum(await asyncio.to_thread(self.ends, topic))

    async def close(self) -> None:
        """Leaves nothing of ours behind."""
        for name in list(self._databases):
            await self.drop(_with_database(self._postgres, name))

    def topics_there(self) -> list[str]:
        """Somebody's topics of the names we use."""
        there = self._admin.list_topics(timeout=ANSWER_S).topics
        return [name for name in self._topics if name in there]

    def ends(self, topic: str) -> list[int]:
        """Where its partitions end."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = self._admin.list_offsets(dict.fromkeys(places(topic), latest))
        return [future.result(ANSWER_S).offset for future in asked.values()]

    def _wait_for_leaders(self) -> None:
        until = time.monotonic() + _LED_S
        while not self._are_led():
            if time.monotonic() > until:
                raise Unfit(f"the broker's new topics have no leaders after {_LED_S:g} s")
            time.sleep(_POLL_S)

    def _are_led(self) -> bool:
        """Whether each partition has a leader that answers: a topic is made a moment before that."""
        try:
            return all(self.ends(topic) for topic in self._topics)
        except KafkaException:
            return False

    def _remove(self) -> None:
        if present := self.topics_there():
            for future in self._admin.delete_topics(present).values():
                future.result(ANSWER_S)
        for future in self._admin.delete_consumer_groups(list(self._groups)).values():
            try:
                future.result(ANSWER_S)
            except KafkaException:
                continue  # it never was, or its offsets went with the topics


S = TypeVar("S", bound=Servers)


def places(topic: str) -> list[TopicPartition]:
    """The topic's partitions."""
    return [TopicPartition(topic, number) for number in range(PARTITIONS)]


async def execute(dsn: str, statement: str) -> None:
    """Has the database do one thing."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


def _database(dsn: str) -> str:
    return urlsplit(dsn).path.lstrip("/")


def _with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


@asynccontextmanager
async def prepared(directory: Path, make: Callable[[Place], S], say: Say = to_stderr) -> AsyncIterator[S]:
    """The servers, running. On a broker that was named, topics of the same name that are there are not touched."""
    async with place(directory, say=say) as where:
        if where.broker_kind == "memory":
            raise Unfit(
                "the in-memory stand-in for Kafka says nothing about speed: put a JDK 17+ and Maven on PATH, or name a broker"
            )
        servers = make(where)
        if there := await asyncio.to_thread(servers.topics_there):
            raise Unfit(
                f"{there[0]} is on this broker already: the bench takes away the topics it uses, so it needs a broker without them"
            )
        try:
            yield servers
        finally:
            await servers.close()
            await servers.remove_topics()
