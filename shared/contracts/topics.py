"""Topics as data: three per service, and the dead letters of each consumer group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Final

from shared.contracts.message import Form, Message

# Fixed for ever: a key's partition, and with it the order of what is said about it, depends on it.
PARTITIONS: Final = 12

# A record of this size can be stored, so that what is too large to be read is seen and dead-lettered
# instead of stopping its producer; a message larger than MOST_MESSAGE_BYTES is not read.
# That holds the largest one there is: a cluster of 2,000 resources, each named with its price.
MOST_RECORD_BYTES: Final = 8 * 1024 * 1024
MOST_MESSAGE_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name and what the broker is told of it."""

    name: str
    question: str
    retention: timedelta | None = None
    compacted: bool = False
    broker_time: bool = False
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """The topic's configuration, in the broker's words."""
        settings = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "max.message.bytes": str(MOST_RECORD_BYTES),
        }
        if self.retention is not None:
            settings["retention.ms"] = str(self.retention // timedelta(milliseconds=1))
        if self.broker_time:
            settings["message.timestamp.type"] = "LogAppendTime"
        return settings | self.extra


def commands(service: str) -> Topic:
    """What may be asked of it. The broker's own clock stamps each record: the instant of acceptance."""
    return Topic(
        f"billing.{service}.commands.v1",
        "what may be asked of it",
        retention=timedelta(days=7),
        broker_time=True,
    )


def events(service: str) -> Topic:
    """What has happened in it."""
    return Topic(f"billing.{service}.events.v1", "what has happened in it", retention=timedelta(days=365))


def state(service: str) -> Topic:
    """How things stand now: the last record of a key is the whole truth about it, null says it is gone."""
    return Topic(f"billing.{service}.state.v1", "how things stand now", compacted=True)


def dead_letters(topic: str, group: str) -> Topic:
    """What `group` could not read on `topic`, untouched, with the reason."""
    return Topic(
        f"billing.{topic.removeprefix('billing.')}.{group}.dlq",
        f"what {group} could not read on {topic}",
        retention=timedelta(days=90),
        # As large as a record can be, and its reason: one that did not fit would be tried for ever.
        extra={"max.message.bytes": str(MOST_RECORD_BYTES + 64 * 1024)},
    )


_BY_KIND: Final[dict[Form, Callable[[str], Topic]]] = {"command": commands, "event": events, "state": state}


@cache
def topic_of(message: type[Message]) -> str:
    """The topic a message of this type is published on."""
    return topic_for(message.service, message.form).name


def topic_for(service: str, kind: Form) -> Topic:
    """The service's topic for messages of this kind."""
    return _BY_KIND[kind](service)


def of(service: str) -> tuple[Topic, Topic, Topic]:
    """The service's three topics."""
    return commands(service), events(service), state(service)


def named(name: str) -> Topic:
    """The topic of that name, where it is one of a service's three."""
    _, service, kind, _ = name.split(".")
    return next(topic for topic in of(service) if topic.name == name and kind)
