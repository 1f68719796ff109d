"""The figures of Stop POC for people: as tables on a terminal, as a section of docs/performance.md, and as a picture.

`stoppoc bench stop-poc --all --json > figures.json`, then
`python -m deploy.bench.stop_poc.report figures.json docs/performance.md docs/stop-poc-growth.svg`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from deploy.bench import pages
from deploy.bench.pages import Rows, Table
from deploy.bench.stop_poc.plot import plot

_WAYS: Final = {
    "ours": "ours",
    "naive": "naive: one message, one transaction",
    "sql_floor": "floor: SQL alone",
    "broker_floor": "floor: broker alone",
}
_SERVERS: Final = ("postgres", "broker", "all")


def report(figures: Mapping[str, Any]) -> str:
    """For a terminal."""
    return pages.on_terminal(_tables(figures))


def page(figures: Mapping[str, Any], picture: str | None = None) -> str:
    """For docs/performance.md; with the picture's address where there is one."""
    shown = f"\n![Resources a second, and CPU time, by resources stored]({picture})\n" if picture else ""
    return pages.in_document(figures, _tables(figures)).rstrip() + "\n" + shown


def _tables(figures: Mapping[str, Any]) -> Iterator[Table]:
    yield Table(
        "Resources converted a second, and CPU seconds a thousand",
        ("", "median", "lowest", "highest", "services", *_SERVERS),
        _rates(figures),
    )
    yield pages.requirements(figures)
    yield Table(
        "One Stop POC of 30 resources alone, milliseconds",
        ("", "median", "p99", "worst", "CPU time of all"),
        [
            (
                _WAYS[name],
                *(
                    f"{figures['latency'][name][what]:.1f}"
                    for what in ("median_ms", "p99_ms", "worst_ms", "cpu_ms")
                ),
            )
            for name in ("ours", "naive")
        ],
    )
    yield Table("By service: CPU seconds a thousand resources, and memory in MiB", *_by_service(figures))
    if "growth" in figures:
        yield Table("By resources stored", ("", "a second", "CPU seconds a thousand"), _growth(figures))


def _rates(figures: Mapping[str, Any]) -> Rows:
    rows = []
    for name, words in _WAYS.items():
        rate, used = figures["rates"][name], figures["cpu_s_per_1000"][name]
        told = (f"{rate[what]:,.0f}" for what in ("median", "lowest", "highest"))
        services = sum(seconds for of, seconds in used.items() if of not in _SERVERS)
        cpu = (f"{used[one]:.2f}" if one in used else "-" for one in _SERVERS)
        rows.append((words, *told, f"{services:.2f}", *cpu))
    series = f"{figures['floors_in_series']:,.0f}"
    return [*rows, ("floors in series: 1 / (1/sql + 1/broker)", series, *[""] * (3 + len(_SERVERS)))]


def _by_service(figures: Mapping[str, Any]) -> tuple[tuple[str, ...], Rows]:
    services = [name for name in figures["cpu_s_per_1000"]["ours"] if name not in _SERVERS]
    rows = [
        (f"{kind}: {words}", *(f"{figures[what][kind][name]:.{places}f}" for name in services))
        for kind in ("ours", "naive")
        for what, words, places in (("cpu_s_per_1000", "CPU", 2), ("memory_mib", "memory", 0))
    ]
    return ("", *services), rows


def _growth(figures: Mapping[str, Any]) -> Rows:
    return [
        (f"{one['stored']:,}", f"{one['rate']:,.0f}", f"{one['cpu_s_per_1000']:.2f}")
        for one in figures["growth"]
    ]


def put(path: Path, picture: Path, figures: Mapping[str, Any]) -> None:
    """Makes the figures the document's section of that name, and draws the picture where there is one."""
    shown = None
    if "growth" in figures:
        picture.write_text(plot(figures["growth"]))
        shown = picture.name
    pages.put_section(path, "Figures of Stop POC", page(figures, shown))


if __name__ == "__main__":
    put(Path(sys.argv[2]), Path(sys.argv[3]), json.loads(Path(sys.argv[1]).read_text()))
