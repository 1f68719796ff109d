"""A portal: it has topics and nothing else, asks for things, and knows an order's end when it hears it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, Producer, TopicPartition

from shared import ids
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.message import Message
from shared.contracts.topics import PARTITIONS, topic_of

# After one of these nothing more follows from a command.
_ENDS: Final = {"PocStopped", "OrderCompleted", "OrderCancelled"}
_ON_THE_WAY: Final = {"OrderPlaced", "OrderPaid"}
_DELIVERED_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One event."""

    id: str
    name: str
    key: str
    correlation: str
    body: dict[str, Any]


class Portal:
    """Asks commands of all services, and hears the events of some."""

    def __init__(self, kafka: str, services: Iterable[str]) -> None:
        common = {"bootstrap.servers": kafka, "log_level": 0}
        self._producer = Producer(
            common | {"enable.idempotence": True, "partitioner": "murmur2", "linger.ms": 5}
        )
        self._consumer = Consumer(common | {"group.id": "portal", "enable.auto.commit": False})
        heard = [topics.events(service).name for service in services]
        self._consumer.assign(
            [TopicPartition(topic, number, 0) for topic in heard for number in range(PARTITIONS)]
        )
        self._ids: set[str] = set()
        self.events: list[Heard] = []
        self.ended: dict[str, Heard] = {}

    def close(self) -> None:
        self._consumer.close()

    def ask(self, messages: Iterable[Message]) -> list[str]:
        """Sends the commands; the id of each."""
        asked = []
        for message in messages:
            asked.append(id_ := ids.new_id())
            self._send(message, id_)
        assert self._producer.flush(_DELIVERED_S) == 0, "the broker did not take the commands"
        return asked

    def ask_again(self, message: Message, id_: str) -> None:
        """The same command under the same id, as an impatient client does."""
        self._send(message, id_)
        assert self._producer.flush(_DELIVERED_S) == 0, "the broker did not take the command"

    def hear(self, wait_s: float = 0.2) -> int:
        """Takes in what was said meanwhile; how many events that were."""
        before = len(self.events)
        for record in self._consumer.consume(2000, wait_s):
            assert not record.error(), record.error()
            self._take(record)
        return len(self.events) - before

    def answers(self, asked: Iterable[str], within_s: float, told: Callable[[], str]) -> list[Heard]:
        """What each of these commands came to, in their order, once all have."""
        left, until = set(wanted := list(asked)), time.monotonic() + within_s
        while left := left - self.ended.keys():
            assert time.monotonic() < until, (
                f"{len(left)} of {len(wanted)} have not ended in {within_s} s, as {sorted(left)[0]}\n{told()}"
            )
            self.hear()
        return [self.ended[id_] for id_ in wanted]

    def said(self, *names: str) -> list[Heard]:
        """The events of these names, so far."""
        return [one for one in self.events if one.name in names]

    def _send(self, message: Message, id_: str) -> None:
        envelope = Envelope(id_, message.type, "/portal", message.key, id_)
        headers: list[tuple[str, str | bytes | None]] = [*record_headers(envelope)]
        self._producer.produce(
            topic_of(type(message)), message.to_json().encode(), message.key, headers=headers
        )
        self._producer.poll(0)

    def _take(self, record: Any) -> None:
        headers = {name: value.decode() for name, value in record.headers() or ()}
        if headers["ce_id"] in self._ids:
            return
        self._ids.add(headers["ce_id"])
        name, correlation = headers["ce_type"].split(".")[2], headers["ce_correlationid"]
        heard = Heard(
            *(headers["ce_id"], name, record.key().decode(), correlation, json.loads(record.value()))
        )
        self.events.append(heard)
        # A refusal inside an order is not its end; one that answers the portal's own command is.
        asked_for_it = headers["ce_causationid"] == correlation
        if name in _ENDS or (asked_for_it and name not in _ON_THE_WAY):
            self.ended.setdefault(correlation, heard)
