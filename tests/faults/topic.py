"""What a stranger finds on the topics: read, written and asked with librdkafka, which shares nothing with the engine's
client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from services.hold.service import HOLD
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.topics import PARTITIONS
from tests.faults.stream import Asked

COMMANDS, EVENTS, STATE = (topic.name for topic in topics.of("hold"))
LETTERS: Final = topics.dead_letters(COMMANDS, HOLD.group).name

_WITHIN_S: Final = 120.0


@dataclass(frozen=True)
class Heard:
    """One record."""

    partition: int
    offset: int
    key: str
    headers: dict[str, str]
    value: bytes

    @property
    def id(self) -> str:
        return self.headers["ce_id"]

    @property
    def name(self) -> str:
        """Its type without the service and the version."""
        return self.headers["ce_type"].split(".")[2]

    @property
    def sequence(self) -> int | None:
        return int(self.headers["ce_sequence"]) if "ce_sequence" in self.headers else None

    @cached_property
    def body(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.value)
        return loaded


class Topics:
    """The broker as its clients see it. It may be away: what is asked then is asked again."""

    def __init__(self, kafka: str) -> None:
        common = {"bootstrap.servers": kafka, "log_level": 0}
        # Never subscribed, so no member of the group: it only asks and sets where the group stands.
        self._group = Consumer(common | {"group.id": HOLD.group, "enable.auto.commit": False})
        self._producer = Producer(
            common | {"enable.idempotence": True, "partitioner": "murmur2", "linger.ms": 5}
        )

    def close(self) -> None:
        self._group.close()

    def publish(self, asked: Iterable[Asked]) -> None:
        """Sends the commands in order, as a portal would, and returns when all are on their topic."""
        for id_, command in asked:
            envelope = Envelope(id_, command.type, "/test", command.key, id_)
            self.send(command.key, command.model_dump_json().encode(), record_headers(envelope))
        self.flush()

    def send(self, key: str, value: bytes, headers: Any) -> None:
        """Sends any record to the commands, right or wrong."""
        self._producer.produce(COMMANDS, value, key, headers=headers, on_delivery=_delivered)
        self._producer.poll(0)

    def flush(self) -> None:
        """Returns when all that was sent is there."""
        assert self._producer.flush(_WITHIN_S) == 0, "the broker did not take the commands"

    def ends(self, topic: str) -> list[int]:
        """Where each partition ends."""
        return [self._end(TopicPartition(topic, number)) for number in range(PARTITIONS)]

    def _end(self, place: TopicPartition) -> int:
        until = time.monotonic() + _WITHIN_S
        while True:
            try:
                return int(self._group.get_watermark_offsets(place, timeout=_WITHIN_S)[1])
            except KafkaException:
                # A topic just made, or a broker just back: its leader is not yet known.
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def lag(self) -> int:
        """How many commands the group has not committed."""
        places = [TopicPartition(COMMANDS, number) for number in range(PARTITIONS)]
        committed = [max(place.offset, 0) for place in self._group.committed(places, timeout=_WITHIN_S)]
        return sum(self.ends(COMMANDS)) - sum(committed)

    def rewind(self) -> None:
        """Sets the group back to the beginning; it must have no member."""
        places = [TopicPartition(COMMANDS, number, 0) for number in range(PARTITIONS)]
        self._group.commit(offsets=places, asynchronous=False)

    def read(self, topic: str, since: Sequence[int] = (0,) * PARTITIONS) -> list[Heard]:
        """All that is on the topic from those offsets to its present end, partition by partition."""
        left = {n: end for n, end in enumerate(self.ends(topic)) if end > since[n]}
        self._group.assign([TopicPartition(topic, number, since[number]) for number in left])
        heard: list[Heard] = []
        until = time.monotonic() + _WITHIN_S
        while left:
            assert time.monotonic() < until, f"{topic} could not be read to its end"
            for record in self._group.consume(2000, 0.2):
                assert not record.error(), record.error()
                heard.append(_heard(record))
                if heard[-1].offset + 1 >= left.get(heard[-1].partition, 0):
                    left.pop(heard[-1].partition, None)
        self._group.unassign()
        return sorted(heard, key=lambda one: (one.partition, one.offset))


def _delivered(error: object, _record: object) -> None:
    assert error is None, error


def _heard(record: Any) -> Heard:
    headers = {name: value.decode(errors="replace") for name, value in record.headers() or ()}
    key = (record.key() or b"").decode()
    return Heard(record.partition(), record.offset(), key, headers, record.value() or b"")
