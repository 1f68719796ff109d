"""An in-memory bus in Kafka's place: what is said is put down with its virtual instant, and waits for whoever has a rule
for it. Nothing is lost, reordered or delivered twice, but what a scenario sends twice itself.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from shared.contracts import topics
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.message import Message
from shared.contracts.payments import GatewayAsked
from shared.engine.intake import StoredRecord
from shared.engine.outbox import Outgoing
from shared.engine.service import Service

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# Order is by topic here, not by key: one partition shows it best.
_PARTITION: Final = 0
# Who reads what gateways are asked.
GATEWAYS: Final = "gateways"


@dataclass(frozen=True, slots=True)
class Said:
    """One message as it lies on its topic."""

    envelope: Envelope
    body: str
    at: datetime
    prior: bool

    @property
    def name(self) -> str:
        """The message's name without its service and version."""
        return self.envelope.type.split(".")[2]

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        loaded: dict[str, Any] = orjson.loads(self.body)
        return loaded


class Bus:
    """All topics, and for each service what it has not read."""

    def __init__(self, services: Iterable[Service]) -> None:
        readers = (*(service.name for service in services), GATEWAYS)
        self.waiting: dict[str, deque[StoredRecord]] = {name: deque() for name in readers}
        self.events: list[Said] = []
        self.commands: dict[str, Said] = {}
        self.states: defaultdict[str, dict[str, Said]] = defaultdict(dict)
        # Whatever is said before the first step is told apart from what the steps bring.
        self.prior = True
        self._readers = _readers(services)
        self._offset = 0

    def put(self, messages: Sequence[Outgoing], at: datetime) -> None:
        """Puts these on their topics, in this order."""
        for topic, envelope, body in messages:
            said = Said(envelope, body, at, self.prior)
            self._note(topic, said)
            if readers := self._readers.get(envelope.type):
                record = self._record(topic, said)
                for name in readers:
                    self.waiting[name].append(record)

    def send(self, message: Message, message_id: str, at: datetime) -> None:
        """Puts a public command on its topic, as a portal does."""
        envelope = Envelope(message_id, message.type, "/simulate", message.key, message_id, at, message.about)
        self.put([Outgoing(topics.topic_of(type(message)), envelope, message.to_json())], at)

    def take(self, service: str, most: int) -> list[StoredRecord]:
        """What the service reads next."""
        waiting = self.waiting[service]
        return [waiting.popleft() for _ in range(min(most, len(waiting)))]

    def _note(self, topic: str, said: Said) -> None:
        if topic.endswith(".state.v1"):
            self.states[said.name][said.envelope.key] = said
        elif topic.endswith(".events.v1"):
            self.events.append(said)
        else:
            self.commands[said.envelope.id] = said

    def _record(self, topic: str, said: Said) -> StoredRecord:
        self._offset += 1
        return StoredRecord(
            topic,
            _PARTITION,
            self._offset,
            (said.at - _EPOCH) // _MILLISECOND,
            said.envelope.key.encode(),
            said.body.encode(),
            record_headers(said.envelope),
        )


def _readers(services: Iterable[Service]) -> Mapping[str, Sequence[str]]:
    readers: defaultdict[str, list[str]] = defaultdict(list)
    for service in services:
        for message in service.rules:
            readers[message.type].append(service.name)
    readers[GatewayAsked.type].append(GATEWAYS)
    return dict(readers)
