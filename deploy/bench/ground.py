"""Where trials are made: one broker and one database server for all, a database and topics of its own for each."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from deploy.bench.load import COMMANDS, EVENTS, STATE
from deploy.local.kafka import Kafka
from deploy.local.place import Place, Say, place, to_stderr
from deploy.topics import admin_of, apply, wanted
from services.hold.service import HOLD
from shared.contracts.topics import PARTITIONS
from shared.engine.migrate import migrate
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("seeding.sql"))
# The engine's, and the plain consumer's.
NAIVE_GROUP: Final = "bench-naive"
GROUPS: Final = (HOLD.group, NAIVE_GROUP)

_SEED_SLICE: Final = 100_000
SEED_VND: Final = 1_000_000
_ANSWER_S: Final = 15.0
_LED_S: Final = 30.0
_POLL_S: Final = 0.05


class Unfit(Exception):
    """Nothing can be measured here; the text says why."""


@dataclass(frozen=True, slots=True)
class Books:
    """What a trial left behind: the sums that two ways of doing the same must agree on."""

    ledger_rows: int
    ledger_credit_vnd: int
    ledger_balance_vnd: int
    wallets_vnd: int
    events_said: int
    inbox_rows: int
    outbox_rows: int
    events: int
    snapshots: int


class Ground:
    """The servers."""

    def __init__(self, where: Place) -> None:
        self.kafka: Final = where.kafka
        self.broker_kind: Final = where.broker_kind
        self._postgres = where.postgres
        self._admin: AdminClient = admin_of(where.kafka)
        self._databases: list[str] = []
        self.servers: dict[str, int] = {}
        if where.postgres_server is not None:
            self.servers["postgres"] = where.postgres_server.pid
        if isinstance(where.kafka_server, Kafka):
            self.servers["broker"] = where.kafka_server.pid

    async def database(self, accounts: int) -> str:
        """The address of a new database with the schema and so many accounts, its pages written and its rows counted."""
        name = f"bench_{secrets.token_hex(4)}"
        await self._execute(self._postgres, f'create database "{name}"')
        self._databases.append(name)
        dsn = _with_database(self._postgres, name)
        await migrate(dsn, [HOLD])
        await self._seed(dsn, accounts)
        return dsn

    async def drop(self, dsn: str) -> None:
        """Removes a database of `database`."""
        name = urlsplit(dsn).path.lstrip("/")
        await self._execute(self._postgres, f'drop database "{name}" with (force)')
        self._databases.remove(name)

    async def fresh_topics(self) -> None:
        """Empty topics, and no memory of what was read on those before."""
        await self.remove_topics()
        await asyncio.to_thread(apply, self.kafka, wanted([HOLD]))
        await asyncio.to_thread(self._wait_for_leaders)

    async def remove_topics(self) -> None:
        """Takes away the topics, which are ours: `prepared` has seen to that."""
        await asyncio.to_thread(self._remove)

    async def books(self, dsn: str) -> Books:
        """What is in the database and on the topics now."""
        conn = await asyncpg.connect(dsn)
        try:
            row = dict(await conn.fetchrow(_SQL["read_books"]))
        finally:
            await conn.close()
        events, snapshots = await asyncio.gather(self.size(EVENTS), self.size(STATE))
        return Books(**row, events=events, snapshots=snapshots)

    async def size(self, topic: str) -> int:
        """How many records are on the topic."""
        return sum(await asyncio.to_thread(self.ends, topic))

    async def close(self) -> None:
        """Leaves nothing of ours behind."""
        for name in list(self._databases):
            await self.drop(_with_database(self._postgres, name))

    def has_topics(self) -> bool:
        """Whether somebody's topics of that name are here."""
        return COMMANDS in self._admin.list_topics(timeout=_ANSWER_S).topics

    def ends(self, topic: str) -> list[int]:
        """Where its partitions end."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = self._admin.list_offsets(dict.fromkeys(_places(topic), latest))
        return [future.result(_ANSWER_S).offset for future in asked.values()]

    def _wait_for_leaders(self) -> None:
        until = time.monotonic() + _LED_S
        while not self._are_led():
            if time.monotonic() > until:
                raise Unfit(f"the broker's new topics have no leaders after {_LED_S:g} s")
            time.sleep(_POLL_S)

    def _are_led(self) -> bool:
        """Whether each partition has a leader that answers: a topic is made a moment before that."""
        try:
            return all(self.ends(topic) for topic in (COMMANDS, EVENTS, STATE))
        except KafkaException:
            return False

    def _remove(self) -> None:
        names = [topic.name for topic in wanted([HOLD])]
        there = self._admin.list_topics(timeout=_ANSWER_S).topics
        if present := [name for name in names if name in there]:
            for future in self._admin.delete_topics(present).values():
                future.result(_ANSWER_S)
        for future in self._admin.delete_consumer_groups(list(GROUPS)).values():
            try:
                future.result(_ANSWER_S)
            except KafkaException:
                continue  # it never was, or its offsets went with the topics

    async def _seed(self, dsn: str, accounts: int) -> None:
        conn = await asyncpg.connect(dsn)
        try:
            for first in range(0, accounts, _SEED_SLICE):
                until = min(accounts, first + _SEED_SLICE)
                for name in ("seed_accounts", "seed_ledger"):
                    await conn.execute(_SQL[name], first, until, SEED_VND)
            await conn.execute("vacuum (freeze, analyze)")
            await conn.execute("checkpoint")
        finally:
            await conn.close()

    async def _execute(self, dsn: str, statement: str) -> None:
        conn = await asyncpg.connect(dsn)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()


class Progress:
    """How far a consumer has come, asked in one request that costs next to nothing."""

    def __init__(self, ground: Ground, group: str, *, commits: bool) -> None:
        self._ground = ground
        self._commits = commits
        self._consumer = Consumer({"bootstrap.servers": ground.kafka, "group.id": group, "log_level": 0})

    def done(self) -> int:
        """Commands whose offsets are committed; where that happens now and then, events on their topic."""
        if not self._commits:
            return sum(self._ground.ends(EVENTS))
        found = self._consumer.committed(_places(COMMANDS), timeout=_ANSWER_S)
        return sum(max(0, one.offset) for one in found)

    def close(self) -> None:
        """Asks no more."""
        self._consumer.close()


def _places(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in range(PARTITIONS)]


def expected(accounts: int, count: int, total_vnd: int) -> dict[str, int]:
    """What every way must leave after so many top-ups of that sum; how many snapshots is its own affair."""
    vnd = accounts * SEED_VND + total_vnd
    return {
        "ledger_rows": 2 * (accounts + count),
        "ledger_credit_vnd": vnd,
        "ledger_balance_vnd": 0,
        "wallets_vnd": vnd,
        "events_said": 2 * accounts + count,
        "inbox_rows": count,
        "outbox_rows": 0,
        "events": count,
    }


def check(books: Books, wanted_books: dict[str, int]) -> None:
    """`Unfit` where something was lost, done twice, or left undone: then its speed means nothing."""
    found: dict[str, Any] = asdict(books)
    if wrong := {name: (found[name], want) for name, want in wanted_books.items() if found[name] != want}:
        told = ", ".join(f"{name} is {is_} and not {want}" for name, (is_, want) in wrong.items())
        raise Unfit(f"the books do not add up: {told}")


def _with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


@asynccontextmanager
async def prepared(directory: Path, say: Say = to_stderr) -> AsyncIterator[Ground]:
    """The servers, running. On a broker that was named, topics of the same name that are there are not touched."""
    async with place(directory, say=say) as where:
        if where.broker_kind == "memory":
            raise Unfit(
                "the in-memory stand-in for Kafka says nothing about speed: put a JDK 17+ and Maven on PATH, or name a broker"
            )
        ground = Ground(where)
        if await asyncio.to_thread(ground.has_topics):
            raise Unfit(
                f"{COMMANDS} is on this broker already: the bench takes away the topics it uses, so it needs a broker without them"
            )
        try:
            yield ground
        finally:
            await ground.close()
            await ground.remove_topics()
