"""How commands speak: tables and sentences for people, JSON for programs, and one kind of failure with its exit status.

What others wrote (keys, errors, values) is shown with its control characters escaped: it cannot steer a terminal.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Exit statuses. 0 is success and nothing else.
FAILED: Final = 1
WRONG: Final = 2
SILENT: Final = 3

# Where output is no terminal, a table is as wide as it needs to be: whoever reads it cuts it.
_WIDE: Final = 400

_MOST_QUOTED: Final = 70

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


class Section(NamedTuple):
    """One table, under its own title where it has one."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    title: str = ""


class Trouble(Exception):
    """A command cannot do what it was asked; the text is for the person who asked."""

    def __init__(self, sentence: str, status: int = FAILED) -> None:
        super().__init__(sentence)
        self.status = status


def examples(*lines: str) -> str:
    """The end of a command's help: what one would type."""
    return "\n\n".join(
        ("[bold]Examples[/bold]", *(f"  {line.replace('[', chr(92) + '[')}" for line in lines))
    )


def me() -> str:
    """What one types to run this command from here."""
    if shutil.which("stoppoc"):
        return "stoppoc"
    return os.path.relpath(Path(sys.executable).with_name("stoppoc"))


def plain(text: str) -> str:
    """The text on one line, with what a terminal would obey shown instead of done."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def quoted(text: str) -> str:
    """What somebody typed, to be named in a sentence."""
    shown = plain(text)
    return f"'{shown}'" if len(shown) <= _MOST_QUOTED else f"'{shown[:_MOST_QUOTED]}...'"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode()


def console() -> Console:
    """Standard output, for people."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=_WIDE)


def line(text: str = "") -> None:
    """One sentence to standard output."""
    typer.echo(text)


def note(text: str) -> None:
    """One sentence beside the output."""
    typer.echo(text, err=True)


def as_document(document: Any) -> None:
    """One JSON document to standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under their names; numbers to the right, each cell on one line."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    cells = [list(row) for row in rows]
    for place, name in enumerate(columns):
        numbers = bool(cells) and all(isinstance(row[place], int) for row in cells)
        made.add_column(name, justify="right" if numbers else "left", no_wrap=not sys.stdout.isatty())
    for row in cells:
        made.add_row(*(cell(value) for value in row))
    console().print(made)


def cell(value: object) -> Text:
    """One value as it is shown in a table."""
    if value is None:
        return Text("-", style="dim")
    return Text(f"{value:,}" if isinstance(value, int) else plain(str(value)))


def flat(body: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """A message's fields, those of its parts under their path. Only money is numbers: it is shown with commas."""
    for name, value in body.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            for nr, item in enumerate(value):
                yield from flat({f"{name}[{nr}]": item}, prefix)
        else:
            yield f"{prefix}{name}", _shown(value)


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or None
    return f"{value:,}" if isinstance(value, int) else value


def sections(found: Iterable[Section]) -> None:
    """Tables, one under the other."""
    for nr, one in enumerate(found):
        if nr:
            line()
        if one.title:
            line(one.title)
        table(one.columns, one.rows)
