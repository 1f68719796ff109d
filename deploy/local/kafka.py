"""Apache Kafka of our own: one node (KRaft, broker and controller in one) on the loopback, on a Java that is here.

Ready in about a second. What it acknowledged survives a stop and a kill; it comes back on the same port.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import signal
import struct
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from deploy.local import guarded, java, kafka_jars, ports
from deploy.local.guarded import Guarded, StartError
from deploy.local.java import Java
from deploy.local.ports import LOOPBACK

_NODE: Final = 1
_START_S: Final = 60.0
_STOP_S: Final = 20.0
_ANSWER_S: Final = 1.0
_POLL_S: Final = 0.02
_PORT_TRIES: Final = 3
_MAX_RECORD: Final = 8 * 1024 * 1024
_LOG4J: Final = Path(__file__).parent / "kafka.log4j2.properties"

# The first compiler only and one collector thread: at our sizes faster to start and faster to run, because the
# broker shares its cores with its clients (docs/decisions/0102 has the numbers).
_JVM: Final = (
    *("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *("-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Djava.awt.headless=true"),
    *(f"-Dlog4j2.configurationFile={_LOG4J}", "-Xlog:disable", "-Xlog:all=error:stderr"),
)


def settings(broker: int, controller: int, log: Path) -> dict[str, str | int]:
    """server.properties; what is not here is Kafka's default."""
    return {
        "process.roles": "broker,controller",
        "node.id": _NODE,
        "controller.quorum.voters": f"{_NODE}@{LOOPBACK}:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{broker},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{broker}",
        "log.dirs": str(log),
        "auto.create.topics.enable": "false",
        # Each segment has two, laid out as files of this size, 10 MB by default: where files are written to disk, first writes
        # to hundreds of such cost a broker more than all else it does. What fits is the index of some 40 MB of messages.
        "log.index.size.max.bytes": 128 * 1024,
        "message.max.bytes": _MAX_RECORD,
        "replica.fetch.max.bytes": _MAX_RECORD,
        "offsets.topic.num.partitions": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        # After a kill the controller waits for the old broker's session to end before it takes the new one: nine
        # seconds by default.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        # Its default of 128 MB would be a quarter of the heap.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    }


class Kafka:
    """One broker on one directory: `log/`, `ports` and `kafka.log` in it."""

    def __init__(self, directory: Path, jars: Path, runtime: Java, *jvm: str) -> None:
        self.directory: Final = directory.absolute()
        self._argv: Final = [str(runtime.program), *_JVM, *jvm, "-cp", _classpath(jars), "kafka.Kafka"]
        self._log: Final = self.directory / "kafka.log"
        self._broker = 0
        self._controller = 0
        self._process: Guarded | None = None

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return f"{LOOPBACK}:{self._broker}"

    @property
    def pid(self) -> int:
        """The broker's process."""
        if self._process is None:
            raise StartError("Kafka is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start, on a new directory or on what an earlier run left; returns when it answers."""
        if self._process is not None and self._process.ended() is None:
            return
        self._format()
        for _ in range(_PORT_TRIES):
            self._choose_ports()
            if await self._started():
                return
            # Someone took a port between our choosing and our listening.
            self._broker = 0
        raise StartError(f"Kafka found no free port for {self.directory}")

    async def stop(self) -> None:
        """Stop cleanly."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Stop as a crash would."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            await self._process.end(number, _STOP_S)
            self._process = None

    def _format(self) -> None:
        log = self.directory / "log"
        log.mkdir(parents=True, exist_ok=True)
        meta = log / "meta.properties"
        if not meta.exists():
            cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
            meta.write_text(f"version=1\ncluster.id={cluster}\nnode.id={_NODE}\n")

    def _choose_ports(self) -> None:
        """Those of the earlier run, where they are still free: clients may remember them."""
        remembered = self.directory / "ports"
        if not self._broker and remembered.exists():
            earlier = [int(port) for port in remembered.read_text().split()]
            if all(ports.is_free(port) for port in earlier):
                self._broker, self._controller = earlier
        if not self._broker:
            self._broker, self._controller = ports.free(2)
            remembered.write_text(f"{self._broker} {self._controller}\n")
        lines = settings(self._broker, self._controller, self.directory / "log")
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        (self.directory / "server.properties").write_text(text)

    async def _started(self) -> bool:
        """Whether it came up; not, where a port was taken; `StartError` for any other reason."""
        said_before = self._log.stat().st_size if self._log.exists() else 0
        argv = [*self._argv, str(self.directory / "server.properties")]
        process = self._process = guarded.start(argv, log=self._log, cwd=self.directory)
        until = time.monotonic() + _START_S
        while not await answers(LOOPBACK, self._broker):
            if process.ended() is not None or time.monotonic() > until:
                await self.kill()
                words = self._log.read_bytes()[said_before:].decode(errors="replace")
                if "BindException" in words:
                    return False
                raise StartError(f"Kafka did not start in {self.directory}:\n{words[-2000:]}")
            await asyncio.sleep(_POLL_S)
        return process.ended() is None


def _classpath(jars: Path) -> str:
    return ":".join(str(jars / name) for name in kafka_jars.checksums())


async def answers(host: str, port: int) -> bool:
    """Whether a broker there serves requests: asked for the versions it speaks, it replies."""
    request = struct.pack(">hhih4s", 18, 0, 1, 4, b"here")  # ApiVersions v0, correlation 1, client id
    try:
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(struct.pack(">i", len(request)) + request)
                await reader.readexactly(4)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
    return True


async def _class_archive(jars: Path, runtime: Java) -> Path:
    """Kafka's classes, loaded and laid out once for this Java: starts take half the time afterwards."""
    archive = jars / f"classes-{runtime.version}.jsa"
    if archive.exists():
        return archive
    async with kafka_jars.exclusively():
        if not archive.exists():
            with tempfile.TemporaryDirectory(prefix="stoppoc-") as work:
                unfinished = archive.with_suffix(".unfinished")
                trained = Kafka(Path(work), jars, runtime, f"-XX:ArchiveClassesAtExit={unfinished}")
                try:
                    await trained.start()
                finally:
                    await trained.stop()
                # Not every Java can; an empty one is passed over, and not tried for again.
                unfinished.touch()
                unfinished.rename(archive)
    return archive


async def kafka_on(directory: Path) -> Kafka:
    """A broker on this directory, not yet started; `UnavailableError` where this machine cannot have one."""
    runtime = await java.find_java()
    jars = await kafka_jars.jars()
    archive = await _class_archive(jars, runtime)
    return Kafka(directory, jars, runtime, f"-XX:SharedArchiveFile={archive}", "-Xshare:auto")


@asynccontextmanager
async def embedded_kafka(directory: Path) -> AsyncIterator[Kafka]:
    """A running broker on this directory; stopped at the end, its records kept."""
    server = await kafka_on(directory)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
