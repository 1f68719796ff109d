"""What a resource costs as more of them are stored: the same number of clusters stopped, out of ever more that stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any, Final

from deploy.bench.stop_poc.crew import OURS
from deploy.bench.stop_poc.estate import RESOURCES
from deploy.bench.stop_poc.ground import Ground
from deploy.bench.stop_poc.trial import Size, attempt
from deploy.local.place import Say

STORED: Final = (10_000, 100_000, 1_000_000)
QUICKLY_STORED: Final = (3_000, 12_000)


async def growth(
    ground: Ground, stored: Sequence[int], size: Size, rounds: int, logs: Path, say: Say
) -> list[dict[str, Any]]:
    """For so many resources stored: how many are converted a second, and what each costs."""
    points = []
    for resources in stored:
        clusters = resources // RESOURCES
        few = Size(min(size.warm, clusters // 4), min(size.clusters, clusters // 2))
        say(f"{resources:,} resources stored")
        trials = [await attempt(ground, OURS, clusters, few, logs, audit=False) for _ in range(rounds)]
        await ground.forget(clusters)
        points.append(
            {
                "stored": clusters * RESOURCES,
                "rate": round(median(trial.rate for trial in trials), 1),
                "cpu_s_per_1000": round(median(trial.cpu_s_per_1000["all"] for trial in trials), 3),
                "trials": [asdict(trial) for trial in trials],
            }
        )
    return points
