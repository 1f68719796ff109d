"""Metered use <-> the rows it is kept in, and in what order their columns are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from services.invoicing.documents import totals_of, totals_row
from services.invoicing.metered import DueUse, MonthRecord, Usage, UsageEnd, UseLine
from shared.contracts.parts import PartPrice
from shared.shards import shard_of

Row = Mapping[str, Any]

USAGE_COLUMNS: Final = (
    *("usage_id", "account_id", "resource_id", "cluster_id", "product", "kind", "flavor", "quantity"),
    *("price_vnd", "per", "starts_at", "cause_id", "billing", "parts"),
)
USAGE_END_COLUMNS: Final = ("account_id", "usage_id", "until_at", "cause_id")
DUE_COLUMNS: Final = (
    *("usage_id", "account_id", "resource_id", "shard", "recorded_until", "until_at", "invoiced_from"),
)
LINE_COLUMNS: Final = (
    *("account_id", "month", "usage_id", "starts_at", "until_at", "units", "amount_vnd", "invoice_id"),
    "cause_id",
)
RECORD_COLUMNS: Final = (
    *("account_id", "month", "amount_vnd", "totals", "lines", "invoice_id", "effective_at", "cause_id"),
)

_PRICES: Final = TypeAdapter(tuple[PartPrice, ...])


def usage_row(usage: Usage) -> tuple[object, ...]:
    """A use as a row."""
    return (
        *(usage.id, usage.account, usage.resource, usage.cluster, usage.product, usage.kind, usage.flavor),
        *(usage.quantity, usage.vnd, usage.per, usage.starts, usage.cause_id, usage.billing),
        _PRICES.dump_json(usage.parts).decode(),
    )


def usage_of(row: Row) -> Usage:
    """The use in a row."""
    return Usage(
        id=row["usage_id"],
        account=row["account_id"],
        resource=row["resource_id"],
        cluster=row["cluster_id"],
        product=row["product"],
        kind=row["kind"],
        flavor=row["flavor"],
        quantity=row["quantity"],
        vnd=row["price_vnd"],
        per=row["per"],
        starts=row["starts_at"],
        cause_id=row["cause_id"],
        billing=row["billing"],
        parts=_PRICES.validate_json(row["parts"]),
    )


def usage_end_row(end: UsageEnd) -> tuple[object, ...]:
    """The end of a use as a row."""
    return end.account, end.usage, end.until, end.cause_id


def due_row(due: DueUse) -> tuple[object, ...]:
    """How much of a use is on record, as a row."""
    return (
        *(due.usage, due.account, due.resource, shard_of(due.account)),
        *(due.recorded_until, due.until, due.invoiced_from),
    )


def due_of(row: Row) -> DueUse:
    """How much of a use is on record."""
    return DueUse(
        usage=row["usage_id"],
        account=row["account_id"],
        resource=row["resource_id"],
        recorded_until=row["recorded_until"],
        until=row["until_at"],
        invoiced_from=row["invoiced_from"],
    )


def line_row(line: UseLine) -> tuple[object, ...]:
    """A line of a record as a row."""
    return (
        *(line.account, line.month, line.usage, line.starts, line.until, line.units, line.amount),
        *(line.invoice, line.cause_id),
    )


def line_of(row: Row) -> UseLine:
    """The line of a record in a row."""
    return UseLine(*row.values())


def record_row(record: MonthRecord) -> tuple[object, ...]:
    """A month's record as a row."""
    return (
        *(record.account, record.month, record.amount, totals_row(record.totals), record.lines),
        *(record.invoice, record.effective_at, record.cause_id),
    )


def record_of(row: Row) -> MonthRecord:
    """The month's record in a row."""
    return MonthRecord(
        account=row["account_id"],
        month=row["month"],
        amount=row["amount_vnd"],
        totals=totals_of(row["totals"]),
        lines=row["lines"],
        invoice=row["invoice_id"],
        effective_at=row["effective_at"],
        cause_id=row["cause_id"],
    )
