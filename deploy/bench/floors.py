"""The floors: what the servers alone take for what the engine has them do, played back from a tape.

`sql`: the same statements with the same arguments, in the same transactions, one after the other; `sql_at_once`: as
many at once as the engine had. `broker`: the same messages read in the same batches with their offsets committed, and
the same bytes sent. No rule, no JSON in any of them.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from deploy.bench.meter import Meter
from deploy.bench.tape import Said, Statement, Tape
from deploy.bench.trial import Trial
from services.hold.service import HOLD
from shared.contracts.topics import PARTITIONS
from shared.engine.consumer import member
from shared.engine.database import pool_for
from shared.engine.publisher import Publisher
from shared.engine.settings import Settings

_CONNECTIONS: Final = 5
_POSITIONED: Final = "position"


class Watch:
    """The time since so many messages were done."""

    def __init__(self, warm: int, meter: Meter) -> None:
        self._warm = warm
        self._meter = meter
        self._done = 0
        self._from = 0
        self._started = 0.0
        self._before: dict[str, float] = {}

    def note(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        if not self._started and self._done >= self._warm:
            self._from = self._done
            self._before = self._meter.read()
            self._started = time.perf_counter()

    def trial(self) -> Trial:
        """What was measured until now."""
        seconds = time.perf_counter() - self._started
        count = self._done - self._from
        if not count:
            raise ValueError("all was done in one batch: there is nothing to measure after it")
        return Trial(count, round(seconds, 4), self._meter.since(self._before, count))


class Player:
    """Plays transactions back. The outbox numbers its rows anew, so what was said about numbers is said about those."""

    def __init__(self, connections: Sequence[asyncpg.Connection]) -> None:
        self._free = list(connections)
        self._positions: dict[int, int] = {}

    async def play(self, transaction: Sequence[Statement]) -> None:
        """One transaction."""
        conn = self._free.pop()
        for statement in transaction:
            await self._do(conn, statement)
        self._free.append(conn)

    async def _do(self, conn: asyncpg.Connection, statement: Statement) -> None:
        arguments = statement.arguments
        if statement.method == "copy_records_to_table":
            await conn.copy_records_to_table(statement.query, **arguments[0])
            return
        if self._positions and _POSITIONED in statement.query:
            arguments = tuple(map(self._renumbered, arguments))
        rows = await getattr(conn, statement.method)(statement.query, *arguments)
        if statement.positions:
            self._positions |= zip(statement.positions, (row["position"] for row in rows), strict=True)

    def _renumbered(self, argument: Any) -> Any:
        if isinstance(argument, int):
            return self._positions.get(argument, argument)
        if isinstance(argument, list) and argument and isinstance(argument[0], int):
            return [self._positions.get(one, one) for one in argument]
        return argument


def _asked(transaction: Sequence[Statement]) -> int:
    """How many messages the transaction decides."""
    return sum(len(one.arguments[0]) for one in transaction if "insert into inbox" in one.query)


def _matters(transaction: Sequence[Statement]) -> bool:
    # What a worker looks after now and then, and finds nothing to do, is no part of the floor.
    return any("insert into inbox" in one.query or "delete from outbox" in one.query for one in transaction)


async def sql_floor(tape: Tape, settings: Settings, watch: Watch) -> Trial:
    """The statements alone, on one connection, in the order in which their transactions ended."""
    async with pool_for(HOLD, settings.postgres, "floor") as pool:
        player = Player([await pool.acquire()])
        gc.freeze()
        for begins, number in tape.events:
            if not begins and _matters(tape.transactions[number]):
                await player.play(tape.transactions[number])
                watch.note(_asked(tape.transactions[number]))
        return watch.trial()


async def sql_floor_at_once(tape: Tape, settings: Settings, watch: Watch) -> Trial:
    """The statements alone. A transaction begins as soon as those have ended that had ended before it on the tape."""
    kept = {number for number, one in enumerate(tape.transactions) if _matters(one)}
    async with pool_for(HOLD, settings.postgres, "floor") as pool:
        player = Player([await pool.acquire() for _ in range(_CONNECTIONS)])
        tasks: dict[int, asyncio.Task[None]] = {}
        gc.freeze()
        for begins, number in tape.events:
            if number not in kept:
                continue
            if begins:
                tasks[number] = asyncio.create_task(player.play(tape.transactions[number]))
            else:
                await tasks.pop(number)
                watch.note(_asked(tape.transactions[number]))
        return watch.trial()


async def broker_floor(tape: Tape, settings: Settings, watch: Watch) -> Trial:
    """The messages alone: after each batch read, its share of what was said is sent, and its offsets committed."""
    places = {key: (murmur2(key) & 0x7FFFFFFF) % PARTITIONS for key in {said.key for said in tape.said}}
    publisher = Publisher(settings.kafka, "bench-floor")
    # The engine's own producer, so that its settings are the engine's whatever they become.
    producer = await publisher._started()
    left = iter(tape.said)
    done = sent = 0
    gc.freeze()
    try:
        async with member(HOLD, settings, asyncio.Event()) as membership:
            while done < tape.messages:
                records = await membership.read()
                count = sum(map(len, records.values()))
                if count:
                    done += count
                    share = len(tape.said) * done // tape.messages - sent
                    await _send(producer, places, itertools.islice(left, share))
                    sent += share
                    await membership.done(records)
                    watch.note(count)
            await membership.commit()
            return watch.trial()
    finally:
        await publisher.stop()


async def _send(producer: AIOKafkaProducer, places: dict[bytes, int], said: Iterator[Said]) -> None:
    batches: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
    for topic, key, value, headers in said:
        chunks = batches[topic, places[key]]
        fields = {"key": key, "value": value, "timestamp": None, "headers": headers}
        if not chunks or chunks[-1].append(**fields) is None:
            chunks.append(producer.create_batch())
            chunks[-1].append(**fields)
    sent = [
        await producer.send_batch(chunk, topic, partition=place)
        for (topic, place), chunks in batches.items()
        for chunk in chunks
    ]
    await asyncio.gather(*sent)


FLOORS: Final = {"sql": sql_floor, "sql_at_once": sql_floor_at_once, "broker": broker_floor}


def main(which: str, tape: str, warm: str, servers: str, result: str) -> None:
    """One floor, measured; the figures go into a file."""
    processes: dict[str, int] = json.loads(servers)
    watch = Watch(int(warm), Meter({"client": os.getpid(), **processes}))
    trial = uvloop.run(FLOORS[which](Tape.load(Path(tape)), Settings.from_environment(), watch))
    Path(result).write_text(json.dumps(asdict(trial)))


if __name__ == "__main__":
    main(*sys.argv[1:])
