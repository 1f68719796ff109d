"""The scene of a murder: workers of `hold` as processes on a broker and a database that may be killed too.

The topics and the books are those of all tests before; each test sends a stream about accounts of its own, so what it
finds wrong is its own, and what must hold of everything is asked of everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.request import urlopen

import asyncpg
import psutil
from confluent_kafka import KafkaException

from deploy.local import guarded, ports
from deploy.local.guarded import Guarded
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from services.hold.service import HOLD
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.hold import TopUp
from shared.engine.metrics import Outcome
from tests.faults.stream import Asked, Stream
from tests.faults.topic import COMMANDS, EVENTS, LETTERS, STATE, Topics
from tests.support.seeds import SEED

WITHIN_S: Final = 120.0
_POLL_S: Final = 0.02
# How far a group is takes a dozen questions to the broker, and more of a worker than a look at the books: both have work to do.
_POLL_SERVERS_S: Final = 0.1
# The shortest the broker allows: after a murder, so long the group waits for the dead.
SESSION_MS: Final = 1000
# What is asked of a broker or a database that is away, or of a connection that was.
_AWAY: Final = (KafkaException, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass
class Ground:
    """What all tests share: the servers, and every stream that was sent."""

    kafka: Kafka
    postgres: Postgres
    directory: Path
    streams: list[Stream] = field(default_factory=list)
    workers: int = 0


class Culprit:
    """One worker's process."""

    def __init__(self, name: str, process: Guarded, port: int) -> None:
        self.name = name
        self.process = process
        self.port = port

    @property
    def alive(self) -> bool:
        return self.process.ended() is None

    @property
    def paused(self) -> bool:
        return self.alive and psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Gone at once, whatever it was doing."""
        os.kill(self.process.pid, signal.SIGKILL)

    async def stop(self, within: float = 25.0) -> int | None:
        """Asks it to end as an operator does; its exit status, or none where it would not."""
        os.kill(self.process.pid, signal.SIGTERM)
        return await self.process.wait(within)

    @property
    def partitions(self) -> int:
        """How many it works on, as it says."""
        return self._metric("stoppoc_assigned_partitions")

    @property
    def works(self) -> bool:
        """Whether it is alive and has partitions."""
        try:
            return self.alive and self.partitions > 0
        except OSError:
            return False

    def counted(self, outcome: Outcome) -> int:
        """How many messages it says became that."""
        return self._metric("stoppoc_messages_total", f'outcome="{outcome}"')

    def _metric(self, name: str, label: str = "") -> int:
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as page:
            lines = page.read().decode().splitlines()
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith(name) and label in line)


class Scene:
    """One test's stream, its workers, and where the topics stood before."""

    def __init__(self, ground: Ground, name: str) -> None:
        self.ground = ground
        self.name = name
        self.stream = Stream(SEED, name)
        self.random = Random(f"{SEED}/{name}/murder")
        self.topics = Topics(ground.kafka.bootstrap)
        self.since = {topic: self.topics.ends(topic) for topic in (COMMANDS, EVENTS, STATE, LETTERS)}
        self.culprits: list[Culprit] = []
        # The account that a job pays, where one does.
        self.wages = ""
        self._sql: asyncpg.Connection | None = None
        ground.streams.append(self.stream)

    def publish(self, asked: list[Asked]) -> None:
        self.topics.publish(asked)

    def publish_unreadable(self, some: Sequence[str]) -> None:
        """Records with these ids that are no messages, over many keys."""
        for id_ in some:
            envelope = Envelope(id_, TopUp.type, "/test", id_, id_)
            self.topics.send(id_, b"{", record_headers(envelope))
        self.topics.flush()

    def start(self, **settings: object) -> Culprit:
        """One more worker; settings are words of its environment without STOPPOC_, so fault="after_commit:3"."""
        self.ground.workers += 1
        name = f"{self.ground.workers}-{self.name}"
        [port] = ports.free(1)
        words = {
            "kafka": self.ground.kafka.bootstrap, "postgres": self.ground.postgres.dsn, "session_timeout_ms": SESSION_MS,
            "fetch_wait_ms": 50, "batch_messages": 300, "worker": name, "test_port": port,
        } | settings  # fmt: skip
        env = os.environ | {f"STOPPOC_{word.upper()}": str(value) for word, value in words.items()}
        process = guarded.start(
            [sys.executable, "-m", "tests.faults.worker"],
            log=self.ground.directory / f"{name}.log",
            env=env,
            cwd=Path(__file__).parents[2],
        )
        self.culprits.append(Culprit(name, process, port))
        return self.culprits[-1]

    async def death(self, culprit: Culprit, within: float = WITHIN_S) -> None:
        """Waits until it has died of SIGKILL."""
        code = await culprit.process.wait(within)
        assert code == -signal.SIGKILL, f"{culprit.name} ended with {code}\n{self.story()}"

    async def until(
        self, done: Callable[[], Awaitable[bool]], within: float = WITHIN_S, every: float = _POLL_S
    ) -> None:
        """Waits for it, over whatever is away; fails when it takes too long."""
        end = time.monotonic() + within
        while True:
            with contextlib.suppress(*_AWAY):
                if await done():
                    return
            assert time.monotonic() < end, f"not so within {within} s, {SEED=}\n{self.story()}"
            await asyncio.sleep(every)

    async def decided(self) -> int:
        """How many commands of all tests are."""
        return int(await self.value("select count(*) from hold.inbox"))

    async def progress(self, count: int) -> None:
        """Waits until so many are decided."""

        async def so_many() -> bool:
            return await self.decided() >= count

        await self.until(so_many)

    async def shared(self, *partitions: int) -> None:
        """Waits until the living workers have so many partitions each of every topic they read, as they say."""
        of_all = sorted(count * len(HOLD.reads) for count in partitions)

        async def so() -> bool:
            return sorted(one.partitions for one in self.culprits if one.alive) == of_all

        await self.until(so, every=_POLL_SERVERS_S)

    async def settled(self, within: float = WITHIN_S) -> None:
        """Waits until every command is read and committed, and all that was said is published."""

        async def done() -> bool:
            self.nobody_died_of_itself()
            return self.topics.lag() == 0 and await self.value("select count(*) from hold.outbox") == 0

        await self.until(done, within, _POLL_SERVERS_S)

    def nobody_died_of_itself(self) -> None:
        for culprit in self.culprits:
            code = culprit.process.ended()
            assert code in (None, 0, -signal.SIGKILL), f"{culprit.name} ended with {code}\n{self.story()}"

    async def rows(self, query: str, *args: object) -> list[Any]:
        """What the database says."""
        if self._sql is None or self._sql.is_closed():
            self._sql = await asyncpg.connect(self.ground.postgres.dsn, timeout=5)
        return list(await self._sql.fetch(query, *args))

    async def value(self, query: str, *args: object) -> Any:
        """The one value it says."""
        [[value]] = await self.rows(query, *args)
        return value

    async def books(self) -> tuple[list[Any], list[Any]]:
        """Every account and every line of the ledger."""
        accounts = "select * from hold.account order by account_id"
        lines = "select * from hold.ledger_entry order by account_id, sequence, line"
        return await self.rows(accounts), await self.rows(lines)

    def story(self) -> str:
        """The last that each worker said."""
        lines = [f"logs in {self.ground.directory}"]
        for culprit in self.culprits:
            log = self.ground.directory / f"{culprit.name}.log"
            lines += [f"-- {culprit.name}:", *log.read_text(errors="replace").splitlines()[-5:]]
        return "\n".join(lines)

    async def close(self) -> None:
        await asyncio.gather(*(culprit.process.end(signal.SIGKILL, 5) for culprit in self.culprits))
        self.topics.close()
        if self._sql is not None:
            self._sql.terminate()


@asynccontextmanager
async def scene_on(ground: Ground, name: str) -> AsyncIterator[Scene]:
    """A scene; none of its workers is left at the end."""
    scene = Scene(ground, name)
    try:
        yield scene
    finally:
        await scene.close()
