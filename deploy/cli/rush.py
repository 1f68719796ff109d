"""Many commands at once, some of them sent twice, and the tally of what answered them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from deploy.cli.desk import envelope_of
from deploy.cli.records import reading
from deploy.cli.say import SILENT, Trouble
from shared.contracts import topics
from shared.contracts.message import Message
from shared.engine.outbox import Outgoing
from shared.engine.publisher import Publisher

# Slices keep the producer's memory small, and the pause lets others have the processor.
_SLICE: Final = 500
_PAUSE_S: Final = 0.02
_LONGEST_S: Final = 180.0

Answered = Callable[[int], None]


@dataclass(slots=True)
class Tally:
    """What answered: each command by its id, each answer by its own."""

    commands: int
    copies: int
    answers: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    refused: int = 0
    repeats: int = 0
    seconds: float = 0.0

    @property
    def once_each(self) -> bool:
        """Whether every command has exactly one answer, and none is a refusal."""
        return len(self.answered) == len(self.answers) == self.commands and not self.refused

    def count(self, answer_id: str, cause: str, type_: str) -> None:
        """Takes one record in. The same answer may be on the topic twice, with the same id: that is no second one."""
        if answer_id in self.answers:
            self.repeats += 1
            return
        self.answers[answer_id] = cause
        self.answered.add(cause)
        self.refused += type_.split(".")[2].endswith("Refused")


async def rush(
    kafka: str, asks: Sequence[Message], *, twice_every: int = 0, answered: Answered = lambda _: None
) -> Tally:
    """Sends all of these, every so-many-th a second time with the same id, and returns when all are answered."""
    outgoing = [Outgoing(topics.topic_of(type(ask)), envelope_of(ask), ask.model_dump_json()) for ask in asks]
    copies = outgoing[::twice_every] if twice_every else []
    tally = Tally(len(outgoing), len(copies))
    wanted = {one.envelope.id for one in outgoing}
    publisher = Publisher(kafka, "stoppoc-cli")
    started = perf_counter()
    try:
        async with reading(kafka) as reader, asyncio.timeout(_LONGEST_S):
            starts = await reader.ends(await reader.places(topics.events(asks[0].service).name))
            sending = asyncio.create_task(_send(publisher, [*outgoing, *copies]))
            try:
                async for record in reader.following(starts):
                    _take(tally, record, wanted)
                    answered(len(tally.answered))
                    if len(tally.answered) == len(wanted):
                        break
                await sending
            finally:
                sending.cancel()
    except KafkaError as error:
        raise Trouble(f"the broker at {kafka}: {error!r}", SILENT) from error
    except TimeoutError:
        missing = len(wanted) - len(tally.answered)
        raise Trouble(
            f"{missing} of {len(wanted)} were not answered within {_LONGEST_S:g} s", SILENT
        ) from None
    finally:
        await publisher.stop()
    tally.seconds = perf_counter() - started
    return tally


async def _send(publisher: Publisher, outgoing: Sequence[Outgoing]) -> None:
    for start in range(0, len(outgoing), _SLICE):
        await publisher.publish(outgoing[start : start + _SLICE])
        await asyncio.sleep(_PAUSE_S)


def _take(tally: Tally, record: ConsumerRecord, wanted: set[str]) -> None:
    headers = dict(record.headers)
    cause = headers.get("ce_causationid", b"").decode()
    if cause in wanted:
        tally.count(headers["ce_id"].decode(), cause, headers["ce_type"].decode())
