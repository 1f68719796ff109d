"""Floors measured: one trial of ours is kept as it ended, rows and records, and written and sent again by itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.bench.servers import Unfit
from deploy.bench.stop_poc import tape
from deploy.bench.stop_poc.crew import OURS
from deploy.bench.stop_poc.estate import RESOURCES
from deploy.bench.stop_poc.ground import Ground
from deploy.bench.stop_poc.trial import Size, Trial, course
from deploy.bench.trial import last_words
from deploy.local import guarded

_LIMIT_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A trial of ours as it ended."""

    before: str
    after: str
    path: Path
    resources: int
    messages: int


async def recorded(ground: Ground, standing: int, size: Size, logs: Path) -> Recorded:
    """Has so many clusters stopped, and keeps what that left. The servers are warm afterwards."""
    before = await ground.standing(standing, logs)
    after = await ground.new_database(before)
    path = logs / "tape"
    async with course(ground, OURS, after, standing, logs) as run:
        await run.stop(size.warm + size.clusters)
        await ground.settled(after, run.stopped, standing)
        messages = await asyncio.to_thread(tape.record, ground, path)
    await ground.audited(after)
    return Recorded(before, after, path, run.stopped * RESOURCES, messages)


async def broker_floor(ground: Ground, recorded: Recorded) -> Trial:
    """The messages alone; as many as ours said must be on the topics."""
    await ground.fresh_topics()
    result, log = recorded.path.with_suffix(".json"), recorded.path.with_suffix(".log")
    arguments = (str(recorded.path), str(recorded.resources), json.dumps(ground.servers), str(result))
    process = guarded.start(
        [sys.executable, "-m", "deploy.bench.stop_poc.broker_floor", *arguments],
        log=log,
        env=os.environ | {"STOPPOC_KAFKA": ground.kafka, "STOPPOC_POSTGRES": "postgresql:///unused"},
    )
    code = await process.wait(_LIMIT_S)
    if code is None:
        await process.end(signal.SIGTERM, 5.0)
    if code != 0:
        raise Unfit(f"the broker's floor ended with {code}:\n{last_words(log)}")
    there = set(ground.topics_there())
    sizes = [await ground.size(topic) for topic in tape.TOPICS if topic in there]
    if sum(sizes) != recorded.messages:
        raise Unfit(f"the broker's floor sent {sum(sizes)} messages, ours had sent {recorded.messages}")
    return Trial(**json.loads(result.read_text()))
