"""What the figures of Stop POC mean: ours over naive, and over the floors one after the other; and what is required."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

from deploy.bench.stop_poc.trial import Trial
from deploy.bench.verdict import Required

REQUIRED: Final = (
    Required("ours / naive", ("ratio_naive",), ">=", 12),
    Required("ours / floors in series", ("ratio_floor",), ">=", 0.3),
    Required("a lone Stop POC, median ms", ("latency", "ours", "median_ms"), "<=", 60),
    Required("a lone Stop POC, 99th percentile ms", ("latency", "ours", "p99_ms"), "<=", 150),
    Required("a lone Stop POC, ours / naive", ("latency", "ratio_naive"), "<=", 1),
)

_IN_TURNS: Final = ("ours", "naive", "sql_floor", "broker_floor")


def ratios(trials: Mapping[str, Sequence[Trial]]) -> dict[str, Any]:
    """The median of what each round shows by itself: a machine that is slow for a while is slow for both sides."""
    rounds = [
        {name: trial.rate for name, trial in zip(_IN_TURNS, turn, strict=True)}
        for turn in zip(*(trials[name] for name in _IN_TURNS), strict=True)
    ]
    naive = [one["ours"] / one["naive"] for one in rounds]
    floor = [one["ours"] / _in_series(one) for one in rounds]
    return {
        "ratio_naive": round(median(naive), 2),
        "ratio_floor": round(median(floor), 4),
        "ratio_naive_by_round": [round(one, 2) for one in naive],
        "ratio_floor_by_round": [round(one, 4) for one in floor],
        "floors_in_series": round(median(map(_in_series, rounds)), 1),
    }


def _in_series(rates: Mapping[str, float]) -> float:
    return 1 / (1 / rates["sql_floor"] + 1 / rates["broker_floor"])


def alone(latency: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """What one at a time took, and ours over naive."""
    return {**latency, "ratio_naive": round(latency["ours"]["median_ms"] / latency["naive"]["median_ms"], 4)}
