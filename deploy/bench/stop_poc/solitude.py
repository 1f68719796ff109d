"""One Stop POC at a time on a system with nothing else to do: from the command's send to the last event of it."""

from __future__ import annotations

import asyncio
import random
import statistics
from pathlib import Path
from typing import Final

from deploy.bench.stop_poc.crew import Kind
from deploy.bench.stop_poc.ground import Ground
from deploy.bench.stop_poc.trial import Course, course

_SHORTEST_GAP_S: Final = 0.02
_LONGEST_GAP_S: Final = 0.1


async def latencies(
    ground: Ground, kind: Kind, standing: int, warm: int, count: int, logs: Path
) -> dict[str, float]:
    """Median, 99th percentile and worst, in milliseconds, of so many after so many that warm it up; and what CPU time each
    took, of all processes together."""
    dsn = await ground.new_database(await ground.standing(standing, logs))
    gaps = random.Random(1)  # noqa: S311 - gaps that can be had again
    async with course(ground, kind, dsn, standing, logs) as run:
        for _ in range(warm):
            await _one(run, gaps)
        before = run.crew.meter.read()
        taken = [await _one(run, gaps) for _ in range(count)]
        used = run.crew.meter.since(before, count)["all"]
        await ground.settled(dsn, run.stopped, standing)
    await ground.drop(dsn)
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return {
        "stops": count,
        "median_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "worst_ms": round(max(taken), 2),
        "cpu_ms": round(used / 1000, 1),
    }


async def _one(run: Course, gaps: random.Random) -> float:
    """Milliseconds of one, a moment after the one before."""
    await asyncio.sleep(gaps.uniform(_SHORTEST_GAP_S, _LONGEST_GAP_S))
    return await run.stop(1) * 1000
