"""`stoppoc month`: how far a month is, and what finance takes from it: its record, line by line, and its control sheet."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import typer

from deploy.cli import where
from deploy.cli.say import (
    FAILED,
    WRONG,
    AsJson,
    Section,
    Trouble,
    as_document,
    examples,
    line,
    quoted,
    sections,
)
from deploy.finance.control import Control, control
from services.invoicing import books
from services.invoicing.books import RecordLine
from shared.metering import month_end, month_start
from shared.period import HANOI

month = typer.Typer(no_args_is_help=True, help="The month: how far it is, and what finance takes from it.")

_MONTH: Final = re.compile(r"[12][0-9]{3}-[0-9]{2}", re.ASCII)
_Month = Annotated[str, typer.Argument(metavar="MONTH", help="Like 2026-03.")]
_COLUMNS: Final = (
    *("account", "month", "product", "resource", "cluster", "kind", "flavor", "quantity", "price_vnd", "per"),
    *("from", "until", "units", "amount_vnd", "billing", "invoice", "invoice_vnd", "invoice_paid_vnd"),
    *("invoice_from_hold_vnd", "settled"),
)


@month.command(epilog=examples("stoppoc month status 2026-03"))
def status(of: _Month, as_json: AsJson = False) -> None:
    """How many accounts have the month on record, how many wait for it, and what was invoiced and paid of it."""
    found = asyncio.run(books.month_status(where.postgres(), of, _ends(of)))
    if as_json:
        as_document({"month": of, **found._asdict()})
        return
    sections([Section(("accounts on record", "used", "waiting", *_INVOICED), [tuple(found)])])


_INVOICED: Final = ("invoices for use", "invoiced", "paid", "not paid")


@month.command(
    epilog=examples("stoppoc month export 2026-03 > 2026-03.csv", "stoppoc month export 2026-03 --control")
)
def export(
    of: _Month,
    as_csv: Annotated[bool, typer.Option("--csv", help="Every line as CSV: what is printed else.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    sheet: Annotated[
        bool, typer.Option("--control", help="The control sheet instead: totals, tied to the ledger.")
    ] = False,
) -> None:
    """Every line of the month's record with its interval, its price and how it was settled; or the control sheet, by product,
    with its difference to the ledger: exit 1 unless that is 0."""
    _ends(of)
    if as_csv and (as_json or sheet):
        raise Trouble("--csv goes with neither --json nor --control", WRONG)
    if sheet:
        _control(asyncio.run(control(where.postgres(), of)), as_json=as_json)
    else:
        asyncio.run(_lines(where.postgres(), of, _json if as_json else _csv))


def _ends(of: str) -> Any:
    _, _, number = of.partition("-")
    if not (_MONTH.fullmatch(of) and 1 <= int(number) <= 12):
        raise Trouble(f"{quoted(of)} is no month like 2026-03", WRONG)
    return month_end(month_start(of))


Row = Callable[[Sequence[object] | None, bool], None]


async def _lines(dsn: str, of: str, write: Row) -> None:
    first = True
    async for one in books.record(dsn, of):
        write(_row(one), first)
        first = False
    write(None, first)


def _row(one: RecordLine) -> list[object]:
    row: list[object] = list(
        one._replace(starts=one.starts.astimezone(HANOI), until=one.until.astimezone(HANOI))
    )
    for place in (10, 11):
        row[place] = row[place].isoformat()  # type: ignore[attr-defined]  # the two instants
    return row


def _csv(row: Sequence[object] | None, first: bool) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if first:
        writer.writerow(_COLUMNS)
    if row is not None:
        writer.writerow(row)


def _json(row: Sequence[object] | None, first: bool) -> None:
    if row is None:
        sys.stdout.write("[]\n" if first else "\n]\n")
        return
    document = json.dumps(dict(zip(_COLUMNS, row, strict=True)), ensure_ascii=False)
    sys.stdout.write(f"{'[' if first else ','}\n{document}")


def _control(found: Control, *, as_json: bool) -> None:
    if as_json:
        as_document(
            {
                "month": found.month,
                "products": [one._asdict() | {"difference": one.difference} for one in found.products],
                "totals": found.totals._asdict(),
                "differences": dict(found.differences),
                "right": found.right,
            }
        )
    else:
        _say(found)
    if not found.right:
        raise typer.Exit(FAILED)


def _say(found: Control) -> None:
    totals = found.totals
    rows = [(one.product or "paid later", *one[1:], one.difference) for one in found.products]
    columns = (
        "product",
        "lines",
        "recorded",
        "invoiced",
        "given back",
        "paid",
        "of it held",
        "in hold's books",
    )
    sections([Section((*columns, "difference"), rows, f"The month {found.month}")])
    line()
    compared = [(what, amount) for what, amount in found.differences.items()]
    sections([Section(("compared", "difference"), compared)])
    line()
    line(
        f"Recorded {totals.recorded:,} VND, invoiced {totals.invoiced:,}, paid {totals.paid:,}, ledger {totals.ledger:,}."
    )
    if totals.awaited:
        line(f"{totals.awaited} invoices are being paid just now: look again.")
    line("Everything ties." if found.right else "This does not tie.")
