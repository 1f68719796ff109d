"""Reads one record at a time: a message of ours, or the exact reason why it is none. One bad record hurts no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, NamedTuple, Protocol

from pydantic import ValidationError

from shared.contracts import cloudevents
from shared.contracts.cloudevents import Unreadable
from shared.contracts.message import Message
from shared.contracts.topics import MOST_MESSAGE_BYTES, topic_of
from shared.engine.decision import Cause
from shared.engine.service import Ask, Service

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# How many of a message's faults a dead letter names: enough to mend it, not a page.
_MOST_FAULTS: Final = 5


class Record(Protocol):
    """What the broker delivers (aiokafka's ConsumerRecord has it)."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record that was kept outside the broker, as it was."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Read(NamedTuple):
    """A record and the message in it."""

    record: Record
    ask: Ask


def read(record: Record, service: Service) -> Read | None:
    """The message; None where it is of no concern to this service; `Unreadable` where it is no message of ours."""
    if record.value is None and record.topic.endswith(".state.v1"):
        return None
    envelope = cloudevents.from_headers(cloudevents.read_headers(record.headers))
    model = service.registry.get(envelope.type)
    # A type counts on its own topic only: who may write our commands may not speak as another service.
    if model is None or model not in service.rules or topic_of(model) != record.topic:
        if record.topic != service.commands:
            return None
        raise Unreadable(f"type {envelope.type[:120]!r} is not one that {service.name} accepts")
    message = _message(model, record.value)
    if (heeds := service.heeds.get(model)) is not None and not heeds(message):
        return None
    cause = Cause(envelope.id, service.name, _effective_at(message, record))
    return Read(record, Ask(message.key, message, envelope, cause))


@cache
def _carries_its_instant(model: type[Message]) -> bool:
    return "effective_at" in model.model_fields


def _effective_at(message: Message, record: Record) -> datetime:
    """The instant that travels with the message; where none does, it is being accepted: by the broker's clock."""
    if _carries_its_instant(type(message)):
        at: datetime = message.effective_at  # type: ignore[attr-defined]  # seen on the line above
        return at
    return _EPOCH + timedelta(milliseconds=record.timestamp)


def _message(model: type[Message], value: bytes | None) -> Message:
    if value is None:
        raise Unreadable("the value is null")
    if len(value) > MOST_MESSAGE_BYTES:
        raise Unreadable(f"the value has {len(value)} bytes, more than {MOST_MESSAGE_BYTES}")
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        raise Unreadable(f"the value is no {model.__name__}: {_faults(error)}") from None


def _faults(error: ValidationError) -> str:
    # Where and what, never the value itself: it may be somebody's data.
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    named = [
        f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" if fault["loc"] else fault["msg"]
        for fault in faults[:_MOST_FAULTS]
    ]
    return "; ".join(named) + (
        f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
    )
