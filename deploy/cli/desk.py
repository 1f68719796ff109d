"""A portal's two hands: puts a command on its topic and waits for the event that answers it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from aiokafka.errors import KafkaError

from deploy.cli.records import Reader, reading
from deploy.cli.say import SILENT, Trouble
from shared import ids
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.message import Message
from shared.contracts.pages import named_answers
from shared.engine.publisher import Publisher

SOURCE: Final = "/stoppoc/cli"

# A command sent again was answered after it was first sent, by clocks that may differ this much.
_CLOCKS_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The event that answers a command, and how long it took."""

    headers: dict[str, str]
    body: dict[str, Any]
    seconds: float

    @property
    def name(self) -> str:
        """`ToppedUp` of `billing.hold.ToppedUp.v1`."""
        return self.headers["ce_type"].split(".")[2]

    @property
    def refused(self) -> bool:
        """Whether it says no."""
        return self.name.endswith("Refused")


def envelope_of(
    message: Message, message_id: str | None = None, traceparent: str | None = None, source: str = SOURCE
) -> Envelope:
    """What goes with a command of ours."""
    own = message_id or ids.new_id()
    return Envelope(
        id=own,
        type=message.type,
        source=source,
        key=message.key,
        correlation_id=own,
        time=datetime.now(UTC),
        subject=message.about,
        traceparent=traceparent,
    )


class Desk:
    """Asks, and hears the answer."""

    def __init__(self, kafka: str, publisher: Publisher, reader: Reader) -> None:
        self._kafka = kafka
        self._publisher = publisher
        self._reader = reader

    async def ask(
        self, message: Message, envelope: Envelope, wait_s: float, *, sent_before: bool = False
    ) -> Answer | None:
        """Sends the command; its answer, or None when none came in time.

        What answers an order's command may have another key than the command, so all partitions are heard. One
        that may have been `sent_before` may be answered already: the answer is looked for in the past, too.
        """
        places = await self._reader.places(topics.events(message.service).name)
        began = await self._reader.ends(places)
        if sent_before:
            began |= await self._reader.since(places, _made_ms(envelope.id) - _CLOCKS_MS)
        started = perf_counter()
        await self.send(message, envelope)
        try:
            async with asyncio.timeout(wait_s):
                async for record in self._reader.following(began):
                    headers = {name: value.decode(errors="replace") for name, value in record.headers}
                    if is_answer(message, headers, envelope.id):
                        return Answer(headers, json.loads(record.value), perf_counter() - started)
        except TimeoutError:
            pass
        return None

    async def send(self, message: Message, envelope: Envelope) -> None:
        """Sends the command, and returns when the broker has it."""
        topic = topics.topic_of(type(message))
        await self._reader.places(topic)
        try:
            await self._publisher.send(
                topic, message.model_dump_json().encode(), message.key.encode(), record_headers(envelope)
            )
        except (KafkaError, TimeoutError, OSError) as error:
            raise Trouble(f"the broker at {self._kafka} did not take it: {error}", SILENT) from error


def is_answer(asked: Message, headers: Mapping[str, str], message_id: str) -> bool:
    """Whether a record with these headers is the answer to the command of that id: one of those its contract names,
    about what it is about. (Who deletes a cluster hears of each resource of it first.)"""
    if headers.get("ce_correlationid") != message_id:
        return False
    if asked.key not in (headers.get("ce_partitionkey"), headers.get("ce_subject")):
        return False
    return headers["ce_type"].split(".")[2] in named_answers(type(asked))


def _made_ms(message_id: str) -> int:
    made = UUID(message_id)
    # Only a UUIDv7 tells when it was made; of another, all the past may hold the answer.
    return made.int >> 80 if made.version == 7 else _CLOCKS_MS


@asynccontextmanager
async def desk_at(kafka: str) -> AsyncIterator[Desk]:
    """A desk, for as long as it is needed."""
    publisher = Publisher(kafka, "stoppoc-cli")
    try:
        # An empty fetch under way delays the next partition by as long as the broker holds it.
        async with reading(kafka, fetch_wait_ms=10) as reader:
            yield Desk(kafka, publisher, reader)
    finally:
        await publisher.stop()
