"""Somebody who asks and listens, with topics and nothing else: when a Stop POC has ended, and its invoices are there.

It ends with both: `PocStopped` of checkout, and an `InvoiceIssued` of invoicing for each resource.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.bench.servers import Unfit
from shared import ids
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.message import Message
from shared.contracts.orders import OrderCompleted, PocStopped
from shared.contracts.topics import PARTITIONS, topic_of

_ENDS: Final = frozenset(type_.type.encode() for type_ in (PocStopped, OrderCompleted))
_INVOICED: Final = InvoiceIssued.type.encode()
_HEARD: Final = tuple(topics.events(service).name for service in ("checkout", "invoicing"))
_LISTEN_S: Final = 0.05
_AT_ONCE: Final = 1000
_DELIVERED_S: Final = 30.0


class Ear:
    """Asks commands, and counts by command what came of them."""

    def __init__(self, kafka: str) -> None:
        common: dict[str, Any] = {"bootstrap.servers": kafka, "log_level": 0}
        self._producer = Producer(common | {"acks": "all", "partitioner": "murmur2", "linger.ms": 0})
        self._consumer = Consumer(common | {"group.id": "bench-ear", "enable.auto.commit": False})
        self._consumer.assign(
            [TopicPartition(topic, number, 0) for topic in _HEARD for number in range(PARTITIONS)]
        )
        self._ended: set[str] = set()
        self._invoiced: Counter[str] = Counter()
        # Whatever else was said first about a command: its refusal, where it was refused.
        self._first: dict[str, str] = {}

    def close(self) -> None:
        """Asks and hears no more."""
        self._consumer.close()

    def ask(self, messages: Iterable[Message]) -> list[str]:
        """Sends the commands; the id of each, once all are on their topics."""
        asked = [self._send(message) for message in messages]
        if self._producer.flush(_DELIVERED_S):
            raise Unfit("the broker did not take the commands")
        return asked

    def wait(self, asked: Sequence[str], invoices: int, within_s: float, well: Callable[[], None]) -> float:
        """Returns when each command has ended, and each has had so many invoices: the instant, by the performance
        counter. `well` raises where it will never be."""
        until = time.monotonic() + within_s
        waiting = set(asked)
        while waiting:
            self._hear()
            waiting = {id_ for id_ in waiting if not self._is_over(id_, invoices)}
            if waiting:
                well()
                self._complain(waiting, until)
        return time.perf_counter()

    def _complain(self, waiting: Collection[str], until: float) -> None:
        if time.monotonic() > until:
            one = next(iter(waiting))
            raise Unfit(
                f"{len(waiting)} commands have not ended in time; of one was heard {self._first.get(one)!r}, "
                f"{self._invoiced[one]} invoices, and {'its end' if one in self._ended else 'no end'}"
            )

    def _is_over(self, id_: str, invoices: int) -> bool:
        return id_ in self._ended and self._invoiced[id_] >= invoices

    def _hear(self) -> None:
        # Not `consume` alone: that waits for as many as it may take.
        if (first := self._consumer.poll(_LISTEN_S)) is None:
            return
        for record in (first, *self._consumer.consume(_AT_ONCE, 0)):
            if record.error():
                continue  # of a topic made a moment ago; should it last, the wait has an end
            headers: dict[str, Any] = dict(record.headers() or ())
            cause = headers["ce_correlationid"].decode()
            type_ = headers["ce_type"]
            self._first.setdefault(cause, type_.decode())
            if type_ in _ENDS:
                self._ended.add(cause)
            elif type_ == _INVOICED:
                self._invoiced[cause] += 1

    def _send(self, message: Message) -> str:
        id_ = ids.new_id()
        headers: list[tuple[str, str | bytes | None]] = [
            *record_headers(Envelope(id_, message.type, "/bench", message.key, id_))
        ]
        self._producer.produce(
            topic_of(type(message)), message.to_json().encode(), message.key, headers=headers
        )
        self._producer.poll(0)
        return id_


@contextmanager
def ear(kafka: str) -> Iterator[Ear]:
    """Somebody who hears everything from the topics' beginning on."""
    listening = Ear(kafka)
    try:
        yield listening
    finally:
        listening.close()
