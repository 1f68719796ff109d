"""Floors measured: a tape is made of the engine once, and played back to a database or topics of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.bench.ground import Ground, Unfit, check, expected
from deploy.bench.load import EVENTS, STATE, Load, Packed, feeder
from deploy.bench.trial import Size, Trial, last_words
from deploy.local import guarded

_LIMIT_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A tape, and what it was made of."""

    path: Path
    load: Load
    size: Size
    total_vnd: int
    said: int


async def recorded(ground: Ground, load: Load, size: Size, directory: Path) -> Recorded:
    """Has the engine work off the load and records it. The servers are warm afterwards."""
    dsn = await ground.database(load.accounts)
    packed = await _fed(ground, load, size)
    path = directory / "tape"
    count = str(size.warm + size.messages)
    await _run(ground, dsn, directory / "record.log", ("deploy.bench.record", str(path), count))
    books = await ground.books(dsn)
    check(books, expected(load.accounts, packed.count, packed.total_vnd))
    await ground.drop(dsn)
    return Recorded(path, load, size, packed.total_vnd, books.events + books.snapshots)


async def sql_floor(ground: Ground, tape: Recorded, which: str = "sql") -> Trial:
    """The statements alone; the database must look as the engine left it."""
    dsn = await ground.database(tape.load.accounts)
    await ground.fresh_topics()
    trial = await _play(ground, dsn, tape, which)
    count = tape.size.warm + tape.size.messages
    check(await ground.books(dsn), expected(tape.load.accounts, count, tape.total_vnd) | {"events": 0})
    await ground.drop(dsn)
    return trial


async def broker_floor(ground: Ground, tape: Recorded) -> Trial:
    """The messages alone; as many as the engine said must be on the topics."""
    await _fed(ground, tape.load, tape.size)
    trial = await _play(ground, "postgresql:///unused", tape, "broker")
    sizes = await asyncio.gather(ground.size(EVENTS), ground.size(STATE))
    if sum(sizes) != tape.said:
        raise Unfit(f"the broker's floor sent {sum(sizes)} messages, the engine had sent {tape.said}")
    return trial


async def _fed(ground: Ground, load: Load, size: Size) -> Packed:
    await ground.fresh_topics()
    async with feeder(ground.kafka) as feeding:
        return await feeding.feed(load.records(), size.warm + size.messages)


async def _play(ground: Ground, dsn: str, tape: Recorded, which: str) -> Trial:
    result = tape.path.with_suffix(f".{which}.json")
    arguments = (which, str(tape.path), str(tape.size.warm), json.dumps(ground.servers), str(result))
    await _run(ground, dsn, tape.path.with_suffix(f".{which}.log"), ("deploy.bench.floors", *arguments))
    return Trial(**json.loads(result.read_text()))


async def _run(ground: Ground, dsn: str, log: Path, module: Sequence[str]) -> None:
    environment = os.environ | {"STOPPOC_KAFKA": ground.kafka, "STOPPOC_POSTGRES": dsn}
    process = guarded.start([sys.executable, "-m", *module], log=log, env=environment)
    code = await process.wait(_LIMIT_S)
    if code is None:
        await process.end(signal.SIGTERM, 5.0)
    if code != 0:
        raise Unfit(f"{module[0]} ended with {code}:\n{last_words(log)}")
