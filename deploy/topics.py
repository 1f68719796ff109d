"""Topics on a broker: which there must be, and how a broker is brought to have them. Doing it again changes nothing.

A topic with another number of partitions is refused: keys would move, and their order with them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ClusterMetadata,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from shared.contracts import topics
from shared.contracts.topics import PARTITIONS, Topic
from shared.engine.service import Service

T = TypeVar("T")

ANSWER_S: Final = 30.0
# A broker that is there at all answers this at once.
_FIRST_ANSWER_S: Final = 5.0
_POLL_S: Final = 0.05
# Copies of each record where there are brokers enough: one may be lost while another is restarted.
_COPIES: Final = 3


class TopicsRefused(Exception):
    """The broker's topics cannot be made what they must be; the text says which and why."""


class BrokerSilent(Exception):
    """The broker did not answer, or would not."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing done, or to do: a topic made, or settings of one mended."""

    topic: str
    what: Literal["create", "mend"]
    settings: dict[str, str]

    def __str__(self) -> str:
        if self.what == "create":
            return f"{self.topic}: {PARTITIONS} partitions"
        return f"{self.topic}: {', '.join(f'{name}={value}' for name, value in self.settings.items())}"


@dataclass(frozen=True, slots=True)
class _Found:
    partitions: int
    settings: dict[str, str]


def wanted(services: Iterable[Service]) -> list[Topic]:
    """Every topic of these services: three each, those they read of others, and the dead letters of each they read."""
    every = [topic for service in services for topic in _of(service)]
    return sorted({topic.name: topic for topic in every}.values(), key=lambda topic: topic.name)


def _of(service: Service) -> list[Topic]:
    return [
        *topics.of(service.name),
        *(topics.named(topic) for topic in service.reads),
        *(topics.dead_letters(topic, service.group) for topic in service.reads),
    ]


def dead_letter_topics(services: Iterable[Service]) -> list[str]:
    """Where the dead letters of these services are."""
    found = [
        topics.dead_letters(topic, service.group).name for service in services for topic in service.reads
    ]
    return sorted(found)


def changes(wanted: Sequence[Topic], found: dict[str, _Found]) -> list[Change]:
    """What must be done; `TopicsRefused` names every topic whose number of partitions is another."""
    if wrong := [_wrong_count(topic.name, found[topic.name]) for topic in wanted if _is_wrong(topic, found)]:
        raise TopicsRefused("\n".join(wrong))
    return [change for topic in wanted if (change := _change(topic, found.get(topic.name))) is not None]


def _is_wrong(topic: Topic, found: dict[str, _Found]) -> bool:
    return topic.name in found and found[topic.name].partitions != PARTITIONS


def _wrong_count(name: str, found: _Found) -> str:
    return (
        f"{name} has {found.partitions} partitions, not {PARTITIONS}: a key's partition follows from their number, "
        "so changing it would break the order of what was said. Make a new topic and move to it."
    )


def _change(topic: Topic, found: _Found | None) -> Change | None:
    if found is None:
        return Change(topic.name, "create", topic.settings)
    differing = {name: value for name, value in topic.settings.items() if found.settings.get(name) != value}
    return Change(topic.name, "mend", differing) if differing else None


def apply(
    kafka: str, wanted: Sequence[Topic], *, copies: int | None = None, check: bool = False
) -> list[Change]:
    """Brings the broker's topics up to date, or with `check` only finds out; what was, or would be, done."""
    admin = admin_of(kafka)
    todo = changes(wanted, _look(admin, [topic.name for topic in wanted]))
    if check:
        return todo
    _create(admin, [change for change in todo if change.what == "create"], copies)
    _mend(admin, [change for change in todo if change.what == "mend"])
    _await(admin, wanted)
    return todo


def _await(admin: AdminClient, wanted: Sequence[Topic]) -> None:
    # A broker tells of a change a little after it has made it.
    until = time.monotonic() + ANSWER_S
    while left := changes(wanted, _look(admin, [topic.name for topic in wanted])):
        if time.monotonic() > until:
            raise BrokerSilent(f"changed its topics, but does not tell of it: {'; '.join(map(str, left))}")
        time.sleep(_POLL_S)


def admin_of(kafka: str) -> AdminClient:
    """A client for what is asked of the broker itself. (aiokafka's cannot change one setting and leave the others.)"""
    return AdminClient(
        {"bootstrap.servers": kafka, "log_level": 0, "socket.timeout.ms": int(ANSWER_S * 1000)}
    )


def answer(future: Future[T] | Any, *, fine: int | None = None) -> Any:
    """What the broker answered; nothing, where it is the error that is fine."""
    try:
        return future.result(ANSWER_S)
    except (KafkaException, TimeoutError) as error:
        if fine is not None and isinstance(error, KafkaException) and error.args[0].code() == fine:
            return None
        raise BrokerSilent(_reason(error)) from None


def _reason(error: BaseException) -> str:
    if isinstance(error, KafkaException) and error.args:
        return str(error.args[0].str())
    return "no answer in time"


def metadata(admin: AdminClient) -> ClusterMetadata:
    """The brokers and topics there are."""
    try:
        return admin.list_topics(timeout=_FIRST_ANSWER_S)
    except KafkaException as error:
        raise BrokerSilent(_reason(error)) from None


def _look(admin: AdminClient, names: Sequence[str]) -> dict[str, _Found]:
    there = metadata(admin).topics
    present = [name for name in names if name in there]
    if not present:
        return {}
    asked = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in present])
    settings = {resource.name: answer(future) for resource, future in asked.items()}
    return {
        name: _Found(
            len(there[name].partitions),
            {entry.name: entry.value for entry in settings[name].values()},
        )
        for name in present
    }


def _create(admin: AdminClient, todo: Sequence[Change], copies: int | None) -> None:
    if not todo:
        return
    factor = copies or min(_COPIES, len(metadata(admin).brokers))
    # What is acknowledged is on two brokers at least, where there are three.
    safety = {"min.insync.replicas": "2"} if factor >= _COPIES else {}
    made = admin.create_topics(
        [NewTopic(change.topic, PARTITIONS, factor, config=change.settings | safety) for change in todo]
    )
    for future in made.values():
        # Somebody else may be making the same at this moment: `_await` sees to it that it is the same.
        answer(future, fine=KafkaError.TOPIC_ALREADY_EXISTS)


def _mend(admin: AdminClient, todo: Sequence[Change]) -> None:
    if not todo:
        return
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            change.topic,
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in change.settings.items()
            ],
        )
        for change in todo
    ]
    for future in admin.incremental_alter_configs(resources).values():
        answer(future)
