"""How far an order is: made of what services say about it, in whatever order that arrives, and drawn for a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, get_args

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.cli.say import cell
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.message import Message
from shared.contracts.orders import Order, OrderCancelled, OrderCompleted, OrderLine, PocStopped
from shared.contracts.payments import FromOutside

_REAL_MONEY: Final = ("credit", *get_args(FromOutside))
ENDED: Final = frozenset(("completed", "partly_completed", "cancelled"))

# What a terminal can show without scrolling; of a larger order, those that failed and the last.
_MOST_LINES: Final = 24
_BAR: Final = 40
_MARKS: Final = {"pending": ("…", "dim"), "done": ("✓", "green"), "failed": ("✗", "red")}


@dataclass(slots=True)
class Progress:
    """One order as far as it is known."""

    order: Order | None = None
    lines: dict[int, OrderLine] = field(default_factory=dict)
    invoices: dict[str, InvoiceIssued] = field(default_factory=dict)
    end_is_told: bool = False

    def take(self, message: Message) -> None:
        """Takes one message in; of two versions the newer counts."""
        match message:
            case Order() if self.order is None or message.version > self.order.version:
                self.order = message
            case OrderLine():
                nr = number_of(message)
                if nr not in self.lines or message.version > self.lines[nr].version:
                    self.lines[nr] = message
            case InvoiceIssued():
                self.invoices[message.invoice] = message
            case OrderCompleted() | PocStopped() | OrderCancelled():
                self.end_is_told = True

    def count(self, status: str) -> int:
        """How many lines are so."""
        return sum(line.status == status for line in self.lines.values())

    @property
    def ended(self) -> bool:
        """Whether nothing more will become of the order, and all that became of it is known."""
        if self.order is None or self.order.status not in ENDED:
            return False
        return self.order.status == "cancelled" or self.count("pending") == 0 == self.missing

    @property
    def is_over(self) -> bool:
        """Whether it has ended, that was told, and every invoice that follows from it is there."""
        return self.ended and self.end_is_told and self.uninvoiced <= 0

    @property
    def missing(self) -> int:
        """How many lines are not known yet."""
        return (self.order.lines if self.order else 0) - len(self.lines)

    @property
    def uninvoiced(self) -> int:
        """How many lines were bought with real money, and their invoice is not known yet."""
        paid = self.order is not None and self.order.pay in _REAL_MONEY
        done = [line for line in self.lines.values() if line.status == "done" and line.line is not None]
        return len(done) - len(self.invoices) if paid else 0


def number_of(line: OrderLine) -> int:
    """Which line of its order it is."""
    return int(line.id.rpartition(":")[2])


def drawn(progress: Progress) -> RenderableType:
    """The order as it is now: its lines, and a bar."""
    parts: list[RenderableType] = [_lines(progress)]
    if (order := progress.order) is not None:
        done, failed = progress.count("done"), progress.count("failed")
        left = order.lines - done - failed
        bar = Table.grid(padding=(0, 2))
        bar.add_row(
            ProgressBar(total=max(order.lines, 1), completed=done + failed, width=_BAR),
            Text(f"{done} done, {failed} failed, {left} to go", style="bold"),
            Text(order.status.replace("_", " ")),
        )
        parts.append(bar)
    return Group(*parts)


def _lines(progress: Progress) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    table.add_column("")
    for name in ("resource", "kind", "flavor"):
        table.add_column(name)
    table.add_column("amount", justify="right")
    table.add_column("")
    for line in shown_lines(progress):
        mark, style = _MARKS[line.status]
        table.add_row(Text(mark, style), *map(cell, _facts(line)), Text(line.reason or "", "yellow"))
    return table


def shown_lines(progress: Progress) -> list[OrderLine]:
    """All lines, or of many those that failed and the last ones."""
    lines = [progress.lines[nr] for nr in sorted(progress.lines)]
    if len(lines) <= _MOST_LINES:
        return lines
    failed = [line for line in lines if line.status == "failed"][:_MOST_LINES]
    rest = [line for line in lines if line.status != "failed"]
    kept = {line.id for line in (*failed, *rest[len(rest) - (_MOST_LINES - len(failed)) :])}
    return [line for line in lines if line.id in kept]


def _facts(line: OrderLine) -> tuple[object, ...]:
    what = line.line or line.metered
    if what is None:
        return line.resource, None, None, None
    amount = None if line.line is None else line.line.amount
    return line.resource, what.kind, what.flavor, amount
