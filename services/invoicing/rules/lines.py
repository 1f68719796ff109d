"""What use costs, as lines of a month's record: cut where months end, each interval rounded by itself (shared/metering.py).

What became known after its month was recorded comes with the next record: what was missing then, and, below zero, what was
too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from services.invoicing.metered import DueUse, Usage, UseLine
from services.invoicing.state import Totals
from shared import metering
from shared.contracts.parts import Product
from shared.engine.decision import Cause
from shared.metering import Rate


def cost(usage: Usage, starts: datetime, until: datetime) -> int:
    """What it costs from a minute to a minute of one month."""
    return metering.amount(Rate(usage.vnd, usage.quantity, usage.per, usage.parts), starts, until)


def due(usage: Usage, due_use: DueUse, month: str, ends: datetime, cause: Cause) -> Iterator[UseLine]:
    """The lines that the record of a month which ended then has of this use, beyond those there are."""
    until = min(due_use.until or ends, due_use.invoiced_from or ends, ends)
    for piece in metering.pieces(due_use.recorded_until, until):
        yield _line(usage, month, piece.starts, piece.until, cost(usage, piece.starts, piece.until), cause)
    if due_use.until is not None:
        yield from _too_much(usage, due_use.until, due_use.recorded_until, month, cause)


def of(usage: Usage, starts: datetime, until: datetime, month: str, cause: Cause) -> UseLine:
    """The line of one interval within a month."""
    return _line(usage, month, starts, until, cost(usage, starts, until), cause)


def _too_much(
    usage: Usage, until: datetime, recorded_until: datetime, month: str, cause: Cause
) -> Iterator[UseLine]:
    for piece in metering.pieces(until, recorded_until):
        # A line was recorded from the beginning of its month, or of the use: what is left of it is worth the difference.
        begun = max(usage.starts, metering.month_start(piece.month))
        amount = cost(usage, begun, piece.starts) - cost(usage, begun, piece.until)
        yield _line(usage, month, piece.starts, piece.until, amount, cause)


def _line(usage: Usage, month: str, starts: datetime, until: datetime, amount: int, cause: Cause) -> UseLine:
    units = metering.units(usage.per, starts, until)
    return UseLine(usage.account, month, usage.id, starts, until, units, amount, None, cause.id)


def totals(lines: Iterable[tuple[Product, UseLine]]) -> Totals:
    """The sum of the lines of each product."""
    sums: dict[Product, int] = {}
    for product, line in lines:
        sums[product] = sums.get(product, 0) + line.amount
    return tuple(sorted(sums.items()))
