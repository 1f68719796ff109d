"""The figures as a page: `stoppoc bench engine --all --json > figures.json`, then `python -m deploy.bench.report figures.json`."""

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
    "broker_floor": "floor: broker alone",
}

Rows = Sequence[tuple[str, ...]]


def report(figures: Mapping[str, Any]) -> str:
    """For a terminal."""
    out = StringIO()
    console = Console(file=out, width=120, highlight=False)
    for title, columns, rows in _tables(figures):
        table = Table(
            box=None,
            title=title,
            title_justify="left",
            title_style="bold",
            padding=(0, 3, 0, 0),
            pad_edge=False,
        )
        for number, name in enumerate(columns):
            table.add_column(name, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)
        console.print()
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
    cpu = _processes(figures)
    yield (
        "Messages a second, and CPU microseconds a message",
        ("", "median", "lowest", "highest", *cpu),
        _rates(figures, cpu),
    )
    yield "Required", ("", "required", "measured", "met"), _requirements(figures)
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
        yield (
            "By accounts stored",
            ("accounts", "µs a message", "CPU µs a message"),
            [
                (f"{accounts:,}", f"{micros:.0f}", f"{used['all']:.0f}")
                for accounts, micros, used in zip(
                    stored["accounts"], stored["microseconds_a_message"], stored["cpu_us"], strict=True
                )
            ],
        )
    if (memory := figures.get("memory")) is not None:
        yield (
            f"Memory over {memory['messages']:,} messages, MiB by quarter",
            ("", "1", "2", "3", "4"),
            [("worker", *(f"{one:.1f}" for one in memory["rss_mib_by_quarter"]))],
        )


def _processes(figures: Mapping[str, Any]) -> list[str]:
    return list(
        dict.fromkeys(name for used in figures["cpu_us"].values() for name in used if name != "client")
    )


def _rates(figures: Mapping[str, Any], processes: Sequence[str]) -> Rows:
    rows = []
    for name, rate in figures["rates"].items():
        used = figures["cpu_us"][name]
        used = used | {"worker": used.get("worker", used.get("client"))}
        told = (f"{rate[what]:,.0f}" for what in ("median", "lowest", "highest"))
        rows.append((_WAYS[name], *told, *(f"{used[one]:.0f}" if one in used else "-" for one in processes)))
    series = f"{figures['floors_in_series']:,.0f}"
    return [
        *rows,
        ("floors in series: 1 / (1/sql + 1/broker)", series, *("" for _ in range(2 + len(processes)))),
    ]


def _requirements(figures: Mapping[str, Any]) -> Rows:
    return [
        (one["what"], one["required"], f"{one['measured']:g}", "yes" if one["met"] else "NO")
        for one in figures["requirements"]
    ]


if __name__ == "__main__":
    sys.stdout.write(page(json.loads(Path(sys.argv[1]).read_text())))
