"""What is asked of the engine: top-ups at random over the accounts there are, the same for the same seed."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, islice
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from shared import ids
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.hold import TopUp
from shared.contracts.topics import PARTITIONS

COMMANDS: Final = topics.commands("hold").name
EVENTS: Final = topics.events("hold").name
STATE: Final = topics.state("hold").name

_MOST_VND: Final = 1_000_000
_BATCH_BYTES: Final = 512 * 1024


class Record(NamedTuple):
    """One command as it goes to its topic."""

    key: str
    value: bytes
    headers: list[tuple[str, bytes]]
    message_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Load:
    """An endless stream of top-ups. Ids carry one instant, as those of one minute do.

    They are drawn from all accounts, or where `drawn` is given from so many of them, evenly spread.
    """

    seed: int
    accounts: int
    at_ms: int
    name: str = ""
    drawn: int = 0

    def records(self) -> Iterator[Record]:
        """From the first on."""
        draw = random.Random(f"{self.seed}/{self.name}")  # noqa: S311 - a load that can be had again, not a secret
        drawn = self.drawn or self.accounts
        apart = self.accounts // drawn
        for number in count(1):
            account = account_id(draw.randrange(drawn) * apart)
            yield self._record(number, account, draw.randint(1, _MOST_VND))

    def _record(self, number: int, account: str, amount: int) -> Record:
        name = f"{self.seed}-{self.name}-{number}"
        message_id = ids.derived_id("bench", name, self.at_ms)
        asked = TopUp(account=account, amount=amount, reference=f"BENCH-{name}")
        envelope = Envelope(message_id, asked.type, "/bench", account, message_id)
        return Record(account, asked.model_dump_json().encode(), record_headers(envelope), message_id, amount)


def account_id(number: int) -> str:
    """The id of a seeded account (seeding.sql makes the same)."""
    return f"acc-{number:07d}"


@dataclass(frozen=True, slots=True)
class Packed:
    """Commands made ready to be sent, by partition, and what they add up to."""

    batches: dict[int, list[BatchBuilder]]
    count: int
    total_vnd: int


class Feeder:
    """Puts commands on their topic; packing them, which takes longer, can be done before."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    def pack(self, records: Iterable[Record]) -> Packed:
        """Ready to be sent."""
        batches: defaultdict[int, list[BatchBuilder]] = defaultdict(list)
        places: dict[str, int] = {}
        packed = total = 0
        for record in records:
            key = record.key.encode()
            place = places.get(record.key)
            if place is None:
                place = places[record.key] = (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
            self._append(batches[place], key, record)
            packed += 1
            total += record.amount
        return Packed(batches, packed, total)

    def _append(self, chunks: list[BatchBuilder], key: bytes, record: Record) -> None:
        fields = {"key": key, "value": record.value, "timestamp": None, "headers": record.headers}
        if not chunks or chunks[-1].append(**fields) is None:
            chunks.append(self._producer.create_batch())
            chunks[-1].append(**fields)

    async def send(self, packed: Packed) -> None:
        """Returns when all are on the topic, in order within each partition."""
        await asyncio.gather(*(self._send(place, chunks) for place, chunks in packed.batches.items()))

    async def _send(self, place: int, chunks: Sequence[BatchBuilder]) -> None:
        for chunk in chunks:
            await (await self._producer.send_batch(chunk, COMMANDS, partition=place))

    async def feed(self, records: Iterator[Record], messages: int) -> Packed:
        """Packs and sends so many."""
        packed = self.pack(islice(records, messages))
        await self.send(packed)
        return packed


@asynccontextmanager
async def feeder(kafka: str) -> AsyncIterator[Feeder]:
    """A feeder, for as long as it is needed."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, client_id="bench-feeder", acks="all", max_batch_size=_BATCH_BYTES
    )
    await producer.start()
    try:
        yield Feeder(producer)
    finally:
        await producer.stop()
