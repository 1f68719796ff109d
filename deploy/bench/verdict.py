"""What the figures mean: the ratios, and which of those that are required are met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, Final, Literal, NamedTuple

from deploy.bench.trial import Trial


class Required(NamedTuple):
    """One bound: in words, where its figure is, and whether it is the least or the most."""

    words: str
    path: tuple[str, ...]
    sign: Literal[">=", "<="]
    limit: float

    def met(self, figure: float) -> bool:
        """Whether the figure keeps to it."""
        return figure >= self.limit if self.sign == ">=" else figure <= self.limit


REQUIRED: Final = (
    Required("ours / naive", ("ratio_naive",), ">=", 20),
    Required("ours / floors in series", ("ratio_floor",), ">=", 0.5),
    Required(
        "cost of the same load, many accounts stored / few",
        ("stored_accounts", "cost_ratio_as_many_drawn"),
        "<=",
        1.15,
    ),
    Required("memory, last quarter / second", ("memory", "growth"), "<=", 1.05),
    Required("latency alone, median ms", ("latency", "ours", "median_ms"), "<=", 12),
    Required("latency alone, 99th percentile ms", ("latency", "ours", "p99_ms"), "<=", 40),
)


_IN_TURNS: Final = ("ours", "naive", "sql_floor", "broker_floor")
_OTHERS: Final = ("naive_auto", "naive_8")


def ratios(trials: Mapping[str, Sequence[Trial]]) -> dict[str, Any]:
    """Ours over naive, and over the floors one after the other: the median of what each round shows by itself, so
    that a machine that is slow for a while is slow for both sides."""
    middle = {name: median(trial.rate for trial in of) for name, of in trials.items()}
    rounds = [
        {name: trial.rate for name, trial in zip(_IN_TURNS, turn, strict=True)}
        for turn in zip(*(trials[name] for name in _IN_TURNS), strict=True)
    ]
    return {
        "ratio_naive": round(median(map(_naive, rounds)), 2),
        "ratio_floor": round(median(map(_floor, rounds)), 4),
        "ratio_naive_by_round": [round(_naive(one), 2) for one in rounds],
        "ratio_floor_by_round": [round(_floor(one), 4) for one in rounds],
        **{f"ratio_{name}": round(middle["ours"] / middle[name], 2) for name in _OTHERS if name in middle},
        "floors_in_series": round(_in_series(middle), 1),
        **_at_once(middle),
    }


def _at_once(middle: Mapping[str, float]) -> dict[str, float]:
    """Besides: the floors when the database is asked as many things at once as the engine asks it."""
    if (sql := middle.get("sql_floor_at_once")) is None:
        return {}
    return {"ratio_floor_at_once": round(middle["ours"] * (1 / sql + 1 / middle["broker_floor"]), 4)}


def _naive(rates: Mapping[str, float]) -> float:
    return rates["ours"] / rates["naive"]


def _floor(rates: Mapping[str, float]) -> float:
    return rates["ours"] / _in_series(rates)


def _in_series(rates: Mapping[str, float]) -> float:
    return 1 / (1 / rates["sql_floor"] + 1 / rates["broker_floor"])


def verdicts(figures: Mapping[str, Any], required: Sequence[Required] = REQUIRED) -> list[dict[str, Any]]:
    """Each requirement whose figure was measured."""
    return list(_verdicts(figures, required))


def _verdicts(figures: Mapping[str, Any], required: Sequence[Required]) -> Iterator[dict[str, Any]]:
    for one in required:
        if (found := _at(figures, one.path)) is not None:
            yield {
                "what": one.words,
                "required": f"{one.sign} {one.limit:g}",
                "measured": found,
                "met": one.met(found),
            }


def _at(figures: Mapping[str, Any], path: Sequence[str]) -> float | None:
    found: Any = figures
    for name in path:
        if name not in found:
            return None
        found = found[name]
    return float(found)
