"""The figures for people: as tables on a terminal, and as the last section of docs/performance.md.

`stoppoc bench engine --all --json > figures.json`, then `python -m deploy.bench.report figures.json docs/performance.md`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

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
_SECTION: Final = "\n## Figures\n"

Rows = Sequence[tuple[str, ...]]


def report(figures: Mapping[str, Any]) -> str:
    """For a terminal."""
    out = StringIO()
    console = Console(file=out, width=120, highlight=False)
    for title, columns, rows in _tables(figures):
        table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False)
        for number, name in enumerate(columns):
            table.add_column(name, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*row)
        console.print(f"[bold]{title}[/bold]", table, "", sep="\n")
    return out.getvalue().rstrip()


def page(figures: Mapping[str, Any]) -> str:
    """For docs/performance.md."""
    lines = [f"{_circumstances(figures)}\n"]
    for title, columns, rows in _tables(figures):
        lines += [
            f"**{title}**\n",
            _row(columns),
            _row("---:" if number else "---" for number in range(len(columns))),
        ]
        lines += [*map(_row, rows), ""]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _circumstances(figures: Mapping[str, Any]) -> str:
    machine, versions = figures["machine"], figures["versions"]
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    load = "/".join(f"{one:g}" for one in machine["load_average_before"])
    return (
        f"Measured {figures['at']} on {machine['cpus']} CPUs ({machine['system']}), load before {load}, "
        f"{figures['broker']} broker, seed {figures['settings']['seed']}, {figures['seconds']:g} s in all; {told}."
    )


def _tables(figures: Mapping[str, Any]) -> Iterable[tuple[str, Sequence[str], Rows]]:
    yield (
        "Messages a second, and CPU microseconds a message",
        ("", "median", "lowest", "highest", *_PROCESSES),
        _rates(figures),
    )
    yield "Required", ("", "required", "measured", "met"), _requirements(figures)
    if besides := _besides(figures):
        yield "Besides", ("", "measured"), besides
    if "latency" in figures:
        yield (
            "One message alone, milliseconds",
            ("", "median", "p99", "worst"),
            [
                (_WAYS[name], *(f"{one[what]:.1f}" for what in ("median_ms", "p99_ms", "worst_ms")))
                for name, one in figures["latency"].items()
            ],
        )
    if (stored := figures.get("stored_accounts")) is not None:
        columns = ("accounts", "drawn from", "µs a message", "CPU µs a message", "snapshots a message")
        yield "By accounts stored", columns, _stored(stored)
    if (memory := figures.get("memory")) is not None:
        yield (
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


def _requirements(figures: Mapping[str, Any]) -> Rows:
    return [
        (one["what"], one["required"], f"{one['measured']:g}", "yes" if one["met"] else "NO")
        for one in figures["requirements"]
    ]


def put(path: Path, figures: Mapping[str, Any]) -> None:
    """Makes the figures the document's last section, in place of earlier ones."""
    told = path.read_text().partition(_SECTION)[0].rstrip("\n")
    path.write_text(f"{told}\n{_SECTION}\n{page(figures)}")


if __name__ == "__main__":
    put(Path(sys.argv[2]), json.loads(Path(sys.argv[1]).read_text()))
