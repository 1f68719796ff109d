"""Hearing what all services say, each message once, from an instant on: what `watch` and `demo` tell is made from it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition
from pydantic import ValidationError

from deploy.cli.records import Reader
from shared.contracts import topics
from shared.contracts.message import Form, Message
from shared.contracts.registry import REGISTRY

# Whoever stamps a record may be this much behind who stamped its cause.
CLOCKS_MS: Final = 60_000


class Heard(NamedTuple):
    """One message, and what came with it."""

    message: Message
    id: str
    correlation: str
    at: datetime


def read(record: ConsumerRecord) -> Heard | None:
    """The message in a record; None where it is none of ours: of a later version, or a key that is gone."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    model = REGISTRY.get(headers.get("ce_type", ""))
    if model is None or record.value is None:
        return None
    try:
        message = model.model_validate_json(record.value)
    except ValidationError:
        return None
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return Heard(message, headers.get("ce_id", ""), headers.get("ce_correlationid", ""), at)


async def places_of(reader: Reader, kinds: Iterable[Form], services: Iterable[str]) -> list[TopicPartition]:
    """All partitions of the services' topics of these kinds."""
    names = [topics.topic_for(service, kind).name for service in services for kind in kinds]
    return await reader.places(*names)


async def since(reader: Reader, places: list[TopicPartition], at_ms: int) -> dict[TopicPartition, int]:
    """Where to read on from to miss nothing that was said after this instant.

    Somebody must have said something then: a broker that finds nothing at all cannot look by time, and is read from
    the beginning.
    """
    found = await reader.since(places, at_ms - CLOCKS_MS)
    return await reader.ends(places) | found if found else await reader.beginnings(places)


async def heard_between(
    reader: Reader, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> list[Heard]:
    """Every message between these offsets, in the order in which they were said, once each."""
    found: dict[str, Heard] = {}
    async for record in reader.between(starts, ends):
        heard = read(record)
        if heard is not None:
            found.setdefault(heard.id, heard)
    return sorted(found.values(), key=lambda heard: heard.at)


async def hearing(reader: Reader, starts: Mapping[TopicPartition, int]) -> AsyncGenerator[Heard, None]:
    """Every message from there on, once each: a crash may have said it twice, with the same id."""
    known: set[str] = set()
    async for record in reader.following(starts):
        heard = read(record)
        if heard is not None and heard.id not in known:
            known.add(heard.id)
            yield heard
