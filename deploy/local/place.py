"""Where stoppoc runs: on the Kafka and the PostgreSQL that the environment names, else on our own.

Our own Kafka is Apache's wherever this machine can have it, and an in-memory one, said aloud, where it cannot.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

from rich.console import Console

from deploy.local.java import UnavailableError
from deploy.local.kafka import Kafka, embedded_kafka
from deploy.local.kafka_jars import VERSION
from deploy.local.memory_kafka import LIMITS, MemoryKafka, memory_kafka
from deploy.local.postgres import Postgres, embedded_postgres

KAFKA: Final = "STOPPOC_KAFKA"
POSTGRES: Final = "STOPPOC_POSTGRES"

BrokerKind = Literal["named", "apache", "memory"]
Say = Callable[[str], None]
One = TypeVar("One")
Other = TypeVar("Other")


@dataclass(frozen=True, slots=True)
class Place:
    """A broker and a database that answer, and how they came to be."""

    kafka: str
    postgres: str
    broker_kind: BrokerKind
    sentence: str
    kafka_server: Kafka | MemoryKafka | None = None
    postgres_server: Postgres | None = None


@dataclass(frozen=True, slots=True)
class _Broker:
    bootstrap: str
    kind: BrokerKind
    words: str
    server: Kafka | MemoryKafka | None = None


def to_stderr(sentence: str) -> None:
    """Tell a person without mixing it into output."""
    Console(stderr=True, highlight=False).print(sentence, soft_wrap=True, markup=False)


@asynccontextmanager
async def place(directory: Path, *, topics: Sequence[str] = (), say: Say = to_stderr) -> AsyncIterator[Place]:
    """A place to run, told in one sentence; what of it is our own is stopped at the end, its data kept.

    The topics are for the in-memory cluster alone, which cannot be given any later.
    """
    async with AsyncExitStack() as stack:
        server, broker = await _both(
            _postgres(stack, directory / "postgres"), _broker(stack, directory, topics)
        )
        dsn = server.dsn if server else os.environ[POSTGRES]
        sentence = f"Runs on {broker.words} and {_words(server, dsn)}."
        say(sentence)
        yield Place(broker.bootstrap, dsn, broker.kind, sentence, broker.server, server)


async def _both(one: Coroutine[Any, Any, One], other: Coroutine[Any, Any, Other]) -> tuple[One, Other]:
    """Side by side; where one of them fails, the other is given up too."""
    beside = asyncio.create_task(one)
    try:
        there = await other
        return await beside, there
    finally:
        beside.cancel()
        await asyncio.wait([beside])


async def _postgres(stack: AsyncExitStack, directory: Path) -> Postgres | None:
    if os.environ.get(POSTGRES):
        return None
    return await stack.enter_async_context(embedded_postgres(directory))


def _words(server: Postgres | None, dsn: str) -> str:
    if server is not None:
        return f"its own PostgreSQL 18 in {server.directory}"
    # Not the whole of it: a DSN may hold a password.
    return f"the PostgreSQL named by {POSTGRES} (host {urlsplit(dsn).hostname or 'local'})"


async def _broker(stack: AsyncExitStack, directory: Path, topics: Sequence[str]) -> _Broker:
    if named := os.environ.get(KAFKA):
        return _Broker(named, "named", f"the Kafka named by {KAFKA} ({named})")
    try:
        apache = await stack.enter_async_context(embedded_kafka(directory / "kafka"))
    except UnavailableError as reason:
        memory = await stack.enter_async_context(memory_kafka(directory / "memory-kafka", topics))
        words = f"an IN-MEMORY stand-in for Kafka ({LIMITS}; because {reason})"
        return _Broker(memory.bootstrap, "memory", words, memory)
    words = f"its own Apache Kafka {VERSION} at {apache.bootstrap} in {apache.directory}"
    return _Broker(apache.bootstrap, "apache", words, apache)
