"""The figures for people: as tables on a terminal, and as a section of docs/performance.md.

`stoppoc bench engine --all --json > figures.json`, then `python -m deploy.bench.report figures.json docs/performance.md`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from deploy.bench import pages
from deploy.bench.pages import Rows, Table

_WAYS: Final = {
    "ours": "the engine",
    "naive": "naive: one message, one transaction",
    "naive_auto": "naive, offsets committed now and then",
    "naive_8": "naive, 8 workers",
    "sql_floor": "floor: SQL alone",
    "sql_floor_at_once": "floor: SQL alone, as many at once as the engine",
    "broker_floor": "floor: broker alone",
}

_BESIDES: Final = {
    "ratio_naive_auto": "ours / naive, offsets committed now and then",
    "ratio_naive_8": "ours / naive, 8 workers",
    "ratio_floor_at_once": "ours / floors in series, the database asked as many things at once as by the engine",
}

_PROCESSES: Final = ("worker", "postgres", "broker", "all")


def report(figures: Mapping[str, Any]) -> str:
    """For a terminal."""
    return pages.on_terminal(_tables(figures))


def page(figures: Mapping[str, Any]) -> str:
    """For docs/performance.md."""
    return pages.in_document(figures, _tables(figures))


def _tables(figures: Mapping[str, Any]) -> Iterator[Table]:
    yield Table(
        "Messages a second, and CPU microseconds a message",
        ("", "median", "lowest", "highest", *_PROCESSES),
        _rates(figures),
    )
    yield pages.requirements(figures)
    if besides := _besides(figures):
        yield Table("Besides", ("", "measured"), besides)
    if "latency" in figures:
        yield Table(
            "One message alone, milliseconds",
            ("", "median", "p99", "worst"),
            [
                (_WAYS[name], *(f"{one[what]:.1f}" for what in ("median_ms", "p99_ms", "worst_ms")))
                for name, one in figures["latency"].items()
            ],
        )
    if (stored := figures.get("stored_accounts")) is not None:
        columns = ("accounts", "drawn from", "µs a message", "CPU µs a message", "snapshots a message")
        yield Table("By accounts stored", columns, _stored(stored))
    if (memory := figures.get("memory")) is not None:
        yield Table(
            f"Memory over {memory['messages']:,} messages, MiB by quarter",
            ("", "1", "2", "3", "4"),
            [("worker", *(f"{one:.1f}" for one in memory["rss_mib_by_quarter"]))],
        )


def _stored(stored: Mapping[str, Any]) -> Rows:
    measured = zip(
        stored["accounts"],
        stored["drawn"],
        stored["microseconds_a_message"],
        stored["cpu_us"],
        stored["snapshots_a_message"],
        strict=True,
    )
    return [
        (f"{accounts:,}", f"{drawn:,}", f"{micros:.0f}", f"{used['all']:.0f}", f"{snapshots:.2f}")
        for accounts, drawn, micros, used, snapshots in measured
    ]


def _rates(figures: Mapping[str, Any]) -> Rows:
    rows = []
    for name in (way for way in _WAYS if way in figures["rates"]):
        rate, used = figures["rates"][name], figures["cpu_us"][name]
        used = used | {"worker": used.get("worker", used.get("client"))}
        told = (f"{rate[what]:,.0f}" for what in ("median", "lowest", "highest"))
        rows.append((_WAYS[name], *told, *(f"{used[one]:.0f}" if one in used else "-" for one in _PROCESSES)))
    series = f"{figures['floors_in_series']:,.0f}"
    return [
        *rows,
        ("floors in series: 1 / (1/sql + 1/broker)", series, *("" for _ in range(2 + len(_PROCESSES)))),
    ]


def _besides(figures: Mapping[str, Any]) -> Rows:
    return [(words, f"{figures[name]:g}") for name, words in _BESIDES.items() if name in figures]


def put(path: Path, figures: Mapping[str, Any]) -> None:
    """Makes the figures the document's section of that name."""
    pages.put_section(path, "Figures", page(figures))


if __name__ == "__main__":
    put(Path(sys.argv[2]), json.loads(Path(sys.argv[1]).read_text()))
