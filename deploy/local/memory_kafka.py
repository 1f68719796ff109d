"""The last resort where Apache Kafka cannot be had: librdkafka's in-memory cluster, in a process of its own.

It speaks Kafka's protocol over TCP and is good for a look around, no more; `LIMITS` says so and is told on start.
Its topics must be named when it starts, because it does not understand the requests that make them.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import importlib.util
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from deploy.local import guarded
from deploy.local.guarded import Guarded, StartError

LIMITS: Final = (
    "one member per consumer group, nothing kept when it ends, at most 5 MiB per partition, "
    "no topics made or changed while it runs"
)
PARTITIONS: Final = 12

# The cluster's thread may miss that a topic is asked for, most of all right after another one, and then looks a
# second later.
_BETWEEN_TOPICS_S: Final = 0.002
_START_S: Final = 90.0  # all of them missed, and a slow machine
_STOP_S: Final = 5.0
_POLL_S: Final = 0.01
_JOIN_DELAY_MS: Final = 100  # three seconds by default
_PRODUCER: Final = 0  # rd_kafka_type_t: the cluster hangs on a client that is otherwise unused
_PATTERNS: Final = ("confluent_kafka.libs/librdkafka*.so*", "confluent_kafka/.dylibs/librdkafka*.dylib")


def _library() -> ctypes.CDLL:
    found = importlib.util.find_spec("confluent_kafka")
    if found is None or found.origin is None:
        raise StartError("the package confluent-kafka, which carries librdkafka, is not installed")
    packages = Path(found.origin).parent.parent
    paths = [path for pattern in _PATTERNS for path in packages.glob(pattern)]
    if not paths:
        raise StartError("there is no librdkafka inside the installed confluent-kafka")
    library = ctypes.CDLL(str(paths[0]))
    _declare(library)
    return library


def _declare(library: ctypes.CDLL) -> None:
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    library.rd_kafka_conf_new.restype = pointer
    library.rd_kafka_new.restype = pointer
    library.rd_kafka_new.argtypes = (number, pointer, text, ctypes.c_size_t)
    library.rd_kafka_mock_cluster_new.restype = pointer
    library.rd_kafka_mock_cluster_new.argtypes = (pointer, number)
    library.rd_kafka_mock_cluster_bootstraps.restype = text
    library.rd_kafka_mock_cluster_bootstraps.argtypes = (pointer,)
    library.rd_kafka_mock_topic_create.argtypes = (pointer, text, number, number)
    library.rd_kafka_mock_group_initial_rebalance_delay_ms.argtypes = (pointer, ctypes.c_int32)


def _open_cluster(topics: Sequence[str]) -> str:
    """The cluster lives on threads of this process, until it ends."""
    library = _library()
    error = ctypes.create_string_buffer(512)
    client = library.rd_kafka_new(_PRODUCER, library.rd_kafka_conf_new(), error, len(error))
    if not client:
        raise StartError(f"librdkafka: {error.value.decode()}")
    cluster = library.rd_kafka_mock_cluster_new(client, 1)
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, _JOIN_DELAY_MS)
    for topic in topics:
        time.sleep(_BETWEEN_TOPICS_S)
        if code := library.rd_kafka_mock_topic_create(cluster, topic.encode(), PARTITIONS, 1):
            raise StartError(f"librdkafka made no topic {topic}: error {code}")
    return str(library.rd_kafka_mock_cluster_bootstraps(cluster).decode())


class MemoryKafka:
    """One in-memory cluster; gone with everything in it when it stops."""

    def __init__(self, directory: Path, topics: Sequence[str]) -> None:
        self._directory: Final = directory.absolute()
        self._topics: Final = tuple(topics)
        self._process: Guarded | None = None
        self._bootstrap = ""

    @property
    def bootstrap(self) -> str:
        """Where clients begin; another one after each start."""
        return self._bootstrap

    @property
    def pid(self) -> int:
        """The cluster's process."""
        if self._process is None:
            raise StartError("the in-memory cluster is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start with its topics, all empty."""
        self._directory.mkdir(parents=True, exist_ok=True)
        told = self._directory / "memory-kafka.bootstrap"
        told.unlink(missing_ok=True)
        log = self._directory / "memory-kafka.log"
        program = [sys.executable, "-m", "deploy.local.memory_kafka", str(told), *self._topics]
        self._process = guarded.start(program, log=log)
        until = time.monotonic() + _START_S
        while not told.exists():
            if self._process.ended() is not None or time.monotonic() > until:
                await self.stop()
                raise StartError(f"the in-memory cluster did not start:\n{log.read_text()[-2000:]}")
            await asyncio.sleep(_POLL_S)
        self._bootstrap = told.read_text()

    async def stop(self) -> None:
        """End it; what it held is gone."""
        if self._process is not None:
            await self._process.end(signal.SIGTERM, _STOP_S)
            self._process = None


@asynccontextmanager
async def memory_kafka(directory: Path, topics: Sequence[str]) -> AsyncIterator[MemoryKafka]:
    """A running in-memory cluster with these topics of twelve partitions."""
    server = MemoryKafka(directory, topics)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


def main() -> None:
    """The cluster's own process: opens it, says where it is, and waits to be ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("told", type=Path, help="file to write the bootstrap address to")
    parser.add_argument("topics", nargs="*")
    options = parser.parse_args()
    bootstrap = _open_cluster(options.topics)
    unfinished = options.told.with_suffix(".unfinished")
    unfinished.write_text(bootstrap)
    unfinished.rename(options.told)
    signal.pause()


if __name__ == "__main__":
    main()
