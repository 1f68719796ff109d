"""librdkafka's in-memory cluster in this process, which answers with errors when told to. One member a group."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from deploy.local.memory_kafka import _library

HEARTBEAT: Final = 12
OFFSET_COMMIT: Final = 8
OFFSET_FETCH: Final = 9

COORDINATOR_NOT_AVAILABLE: Final = 15


class FaultyBroker:
    """A broker for one test."""

    def __init__(self, library: ctypes.CDLL, cluster: int) -> None:
        self._library = library
        self._cluster = cluster
        self.bootstrap = str(library.rd_kafka_mock_cluster_bootstraps(cluster).decode())

    async def make_topics(self, _kafka: str, names: Mapping[str, Any], partitions: int) -> None:
        """In the place of an admin client, which it does not understand."""
        for name in names:
            self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    def answer(self, request: int, *errors: int) -> None:
        """The next requests of that kind are answered with these errors."""
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, request, len(errors), (ctypes.c_int * len(errors))(*errors)
        )


@contextmanager
def faulty_broker() -> Iterator[FaultyBroker]:
    """The cluster, running until it is let go."""
    library = _library()
    pointer, number = ctypes.c_void_p, ctypes.c_int
    library.rd_kafka_mock_push_request_errors_array.argtypes = (
        pointer, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(number),
    )  # fmt: skip
    library.rd_kafka_mock_cluster_destroy.argtypes = (pointer,)
    library.rd_kafka_destroy.argtypes = (pointer,)
    error = ctypes.create_string_buffer(512)
    client = library.rd_kafka_new(0, library.rd_kafka_conf_new(), error, len(error))
    cluster = library.rd_kafka_mock_cluster_new(client, 1)
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 100)
    try:
        yield FaultyBroker(library, cluster)
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)
        library.rd_kafka_destroy(client)
