"""The broker's floor: the messages of a trial sent and read again, by the engine's own clients, without any logic.

As many at once as a large batch holds are sent and awaited, while five readers take in what each service reads and
move its offsets, all in one process.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import uvloop
from aiokafka import AIOKafkaProducer

from deploy.bench.meter import Meter
from deploy.bench.stop_poc import tape
from deploy.bench.stop_poc.tape import Record
from deploy.bench.stop_poc.trial import Trial, thousand
from deploy.services import SERVICES
from shared.engine.consumer import Membership, member
from shared.engine.publisher import Publisher
from shared.engine.settings import Settings

# So much of the tape is played before the clock runs.
_WARM: Final = 0.05


async def broker_floor(
    records: Sequence[Record], settings: Settings, servers: dict[str, int], resources: int
) -> Trial:
    """All records sent and read; `resources` is what the whole tape is about."""
    publisher = Publisher(settings.kafka, "bench-floor")
    # The engine's own producer, so that its settings are the engine's whatever they become.
    producer = await publisher._started()
    stopping = asyncio.Event()
    try:
        async with AsyncExitStack() as stack:
            readers = {
                name: await stack.enter_async_context(member(service, settings, stopping))
                for name, service in SERVICES.items()
            }
            warm = int(len(records) * _WARM)
            await _play(producer, readers, records[:warm], settings.batch_messages)
            gc.freeze()
            meter = Meter({"client": os.getpid(), **servers})
            used, started = meter.read(), time.perf_counter()
            await _play(producer, readers, records[warm:], settings.batch_messages)
            seconds = time.perf_counter() - started
            share = round(resources * (1 - warm / len(records)))
            return Trial(share, round(seconds, 4), thousand(meter.since(used, share)))
    finally:
        await publisher.stop()


async def _play(
    producer: AIOKafkaProducer, readers: dict[str, Membership], records: Sequence[Record], at_once: int
) -> None:
    sizes = Counter(record.topic for record in records)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_send(producer, records, at_once))
        for name, reader in readers.items():
            tasks.create_task(_read(reader, sum(sizes[topic] for topic in SERVICES[name].reads)))


async def _send(producer: AIOKafkaProducer, records: Sequence[Record], at_once: int) -> None:
    for first in range(0, len(records), at_once):
        batches: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
        for one in records[first : first + at_once]:
            chunks = batches[one.topic, one.partition]
            fields = {"key": one.key, "value": one.value, "timestamp": None, "headers": one.headers}
            if not chunks or chunks[-1].append(**fields) is None:
                chunks.append(producer.create_batch())
                chunks[-1].append(**fields)
        sent = [
            await producer.send_batch(chunk, topic, partition=place)
            for (topic, place), chunks in batches.items()
            for chunk in chunks
        ]
        await asyncio.gather(*sent)


async def _read(reader: Membership, count: int) -> None:
    done = 0
    while done < count:
        if records := await reader.read():
            done += sum(map(len, records.values()))
            await reader.done(records)
    await reader.commit()


def main(path: str, resources: str, servers: str, result: str) -> None:
    """The floor of that tape, measured; the figures go into a file."""
    records = tape.load(Path(path))
    trial = uvloop.run(
        broker_floor(records, Settings.from_environment(), json.loads(servers), int(resources))
    )
    Path(result).write_text(json.dumps(asdict(trial)))


if __name__ == "__main__":
    main(*sys.argv[1:])
