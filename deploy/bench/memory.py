"""The worker's memory over a long run: it must not grow with what it has done."""

from __future__ import annotations

import asyncio
import contextlib
import time
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from deploy.bench.ground import Ground, check, expected
from deploy.bench.load import Load
from deploy.bench.meter import rss_mib
from deploy.bench.trial import OURS, Size, course

_EVERY_S: Final = 0.1
_SLICE: Final = 50_000
_LIMIT_S: Final = 1200.0


async def memory(ground: Ground, load: Load, size: Size, logs: Path) -> dict[str, Any]:
    """Resident memory by quarter of the run, and the last quarter over the second."""
    samples: list[float] = []
    dsn = await ground.database(load.accounts)
    async with course(ground, OURS, dsn, logs) as run:
        records = load.records()
        await run.warm(records, size.warm)
        sampling = asyncio.create_task(_sample(run.pid, samples))
        started = time.perf_counter()
        # Fed as it goes: a topic that is read is a topic that is written.
        for first in range(0, size.messages, _SLICE):
            await run.feed(records, min(_SLICE, size.messages - first))
        await run.done(_LIMIT_S)
        seconds = time.perf_counter() - started
        sampling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sampling
    check(await ground.books(dsn), expected(load.accounts, run.sent, run.total_vnd))
    await ground.drop(dsn)
    quarters = by_quarter(samples)
    return {
        "messages": size.messages,
        "seconds": round(seconds, 1),
        "rss_mib_by_quarter": [round(one, 1) for one in quarters],
        "growth": round(quarters[3] / quarters[1], 4),
    }


async def _sample(pid: int, samples: list[float]) -> None:
    while True:
        samples.append(rss_mib(pid))
        await asyncio.sleep(_EVERY_S)


def by_quarter(samples: list[float]) -> list[float]:
    """The mean of each quarter. A run too short for four samples counts one for several quarters."""
    cuts = [len(samples) * quarter // 4 for quarter in range(5)]
    return [fmean(samples[first : max(until, first + 1)]) for first, until in pairwise(cuts)]
