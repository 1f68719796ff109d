"""How far behind its topics each consumer group is, and who is in it: asked of the broker, which knows best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from deploy.topics import BrokerSilent, admin_of, answer, metadata
from shared.engine.service import Service

# What an in-memory broker says of a group.
UNKNOWN: Final = "unknown"
# The protocol's "nothing committed".
_NOTHING: Final = -1


@dataclass(frozen=True, slots=True)
class Behind:
    """One partition: where the group is and where it ends."""

    partition: int
    offset: int | None
    end: int
    lag: int


@dataclass(frozen=True, slots=True)
class Member:
    """One worker in the group."""

    client: str
    host: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Lag:
    """One group on one topic it reads."""

    group: str
    topic: str
    partitions: tuple[Behind, ...]
    state: str
    members: tuple[Member, ...]

    @property
    def total(self) -> int:
        """Messages it has not done."""
        return sum(behind.lag for behind in self.partitions)


def lags(kafka: str, services: Iterable[Service]) -> list[Lag]:
    """Every service's group on every topic it reads."""
    admin = admin_of(kafka)
    return [lag for service in services for lag in _of(admin, service)]


def _of(admin: AdminClient, service: Service) -> list[Lag]:
    every = [place for topic in service.reads for place in places(admin, topic)]
    state, members = _members(admin, service.group)
    committed = _committed(admin, service.group)
    first = offsets(admin, every, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # confluent-kafka is typed in part
    ends = offsets(admin, every, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    return [
        Lag(
            service.group,
            topic,
            tuple(
                _behind(place, committed.get(place), first[place], ends[place])
                for place in sorted(ends)
                if place[0] == topic
            ),
            state,
            members,
        )
        for topic in service.reads
    ]


Place = tuple[str, int]


def _behind(place: Place, committed: int | None, first: int, end: int) -> Behind:
    # Without an offset of its own a group begins at the beginning; what was deleted meanwhile it cannot read.
    return Behind(place[1], committed, end, max(0, end - max(first, committed or 0)))


def places(admin: AdminClient, topic: str) -> Sequence[Place]:
    """The topic's partitions; none, where there is no such topic."""
    there = metadata(admin).topics
    return [(topic, number) for number in there[topic].partitions] if topic in there else []


def _committed(admin: AdminClient, group: str) -> dict[Place, int]:
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
    found = answer(asked[group]).topic_partitions or []
    return {(place.topic, place.partition): place.offset for place in found if place.offset > _NOTHING}


def offsets(admin: AdminClient, of: Sequence[Place], spec: OffsetSpec) -> dict[Place, int]:
    """Where these partitions begin, or end."""
    if not of:
        return {}
    asked = admin.list_offsets({TopicPartition(*place): spec for place in of})
    return {(place.topic, place.partition): answer(future).offset for place, future in asked.items()}


def _members(admin: AdminClient, group: str) -> tuple[str, tuple[Member, ...]]:
    asked: Future[Any] = admin.describe_consumer_groups([group])[group]
    try:
        found = answer(asked)
    except BrokerSilent:
        # An in-memory broker cannot tell; nothing else depends on it.
        return UNKNOWN, ()
    members = [
        Member(
            member.client_id,
            member.host.removeprefix("/"),
            len(member.assignment.topic_partitions) if member.assignment else 0,
        )
        for member in found.members
    ]
    return str(found.state.name).lower(), tuple(sorted(members, key=lambda member: member.client))
