"""Figures as pages: tables for a terminal, and the same tables as one section of a document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table as Grid

Rows = Sequence[tuple[str, ...]]


class Table(NamedTuple):
    """One table of figures; its first column names what the others measure."""

    title: str
    columns: Sequence[str]
    rows: Rows


def on_terminal(tables: Iterable[Table]) -> str:
    """For a terminal."""
    out = StringIO()
    console = Console(file=out, width=120, highlight=False)
    for title, columns, rows in tables:
        grid = Grid(box=None, padding=(0, 3, 0, 0), pad_edge=False)
        for number, name in enumerate(columns):
            grid.add_column(name, justify="left" if number == 0 else "right")
        for row in rows:
            grid.add_row(*row)
        console.print(f"[bold]{title}[/bold]", grid, "", sep="\n")
    return out.getvalue().rstrip()


def in_document(figures: Mapping[str, Any], tables: Iterable[Table]) -> str:
    """For a document, with the circumstances above."""
    return "\n".join([f"{_circumstances(figures)}\n", *_lines(tables)])


def _lines(tables: Iterable[Table]) -> Iterator[str]:
    for title, columns, rows in tables:
        yield f"**{title}**\n"
        yield _row(columns)
        yield _row("---:" if number else "---" for number in range(len(columns)))
        yield from map(_row, rows)
        yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _circumstances(figures: Mapping[str, Any]) -> str:
    machine, versions = figures["machine"], figures["versions"]
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    load = "/".join(f"{one:g}" for one in machine["load_average_before"])
    seed = figures["settings"].get("seed")
    return (
        f"Measured {figures['at']} on {machine['cpus']} CPUs ({machine['system']}), load before {load}, "
        f"{figures['broker']} broker, {'' if seed is None else f'seed {seed}, '}{figures['seconds']:g} s in all; {told}."
    )


def requirements(figures: Mapping[str, Any]) -> Table:
    """What is required, and whether it is met."""
    rows = [
        (one["what"], one["required"], f"{one['measured']:g}", "yes" if one["met"] else "NO")
        for one in figures["requirements"]
    ]
    return Table("Required", ("", "required", "measured", "met"), rows)


def put_section(path: Path, title: str, text: str) -> None:
    """Makes the text the document's section of that title, in place of an earlier one; where it has none, its last."""
    document, section = path.read_text(), f"## {title}\n\n{text.rstrip()}\n"
    earlier = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if found := earlier.search(document):
        rest = document[found.end() :]
        path.write_text(document[: found.start()] + section + (f"\n{rest}" if rest else ""))
    else:
        path.write_text(f"{document.rstrip()}\n\n{section}")
