"""What was on the topics: every record of a trial with its bytes, in the order in which the broker took them."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, TopicPartition

from deploy.bench.servers import Servers, Unfit, places
from deploy.services import SERVICES
from shared.contracts import topics

TOPICS: Final = tuple(
    topic.name
    for service in SERVICES
    for topic in (topics.commands(service), topics.events(service), topics.state(service))
)
_WAIT_S: Final = 10.0
_AT_ONCE: Final = 5_000


class Record(NamedTuple):
    """One record."""

    at_ms: int
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def record(servers: Servers, path: Path) -> int:
    """Writes all that is on the topics into a file; how many records that were."""
    there = set(servers.topics_there())
    left = {topic: servers.ends(topic) for topic in TOPICS if topic in there}
    wanted = sum(map(sum, left.values()))
    consumer = Consumer({"bootstrap.servers": servers.kafka, "group.id": "bench-tape", "log_level": 0})
    try:
        consumer.assign(
            [TopicPartition(one.topic, one.partition, 0) for topic in left for one in places(topic)]
        )
        records: list[Record] = []
        while len(records) < wanted:
            found = consumer.consume(min(_AT_ONCE, wanted - len(records)), _WAIT_S)
            if not found:
                raise Unfit(f"of {wanted} records only {len(records)} can be read")
            records += map(_record, found)
    finally:
        consumer.close()
    # Sorting keeps the order of each partition: its records' instants do not fall.
    path.write_bytes(pickle.dumps([tuple(one) for one in sorted(records, key=attrgetter("at_ms"))]))
    return len(records)


def _record(found: Any) -> Record:
    return Record(
        found.timestamp()[1],
        *(found.topic(), found.partition(), found.key(), found.value(), found.headers() or ()),
    )


def load(path: Path) -> list[Record]:
    """The records in a file of `record`."""
    return [Record(*fields) for fields in pickle.loads(path.read_bytes())]  # noqa: S301 - written by ourselves
