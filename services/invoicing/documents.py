"""Documents <-> the rows they are kept in, and in what order their columns are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from services.invoicing.state import Closing, Invoice, Owed, Payment, Totals
from shared.contracts.parts import Line
from shared.shards import shard_of

Row = Mapping[str, Any]

INVOICE_COLUMNS: Final = (
    *("invoice_id", "account_id", "month", "sequence", "resource_id", "cluster_id", "product", "kind"),
    *("action", "order_id", "money_vnd", "carried_vnd", "line", "issued_at", "cause_id", "totals"),
)
CLOSING_COLUMNS: Final = (
    *("account_id", "invoice_id", "closed_by", "closed_at", "unused_minutes", "unused_vnd", "replaced_by"),
    *("order_id", "effective_at", "cause_id"),
)
PAYMENT_COLUMNS: Final = (
    *("account_id", "invoice_id", "number", "product", "amount_vnd", "from_hold_vnd", "paid_by"),
    *("effective_at", "cause_id"),
)
OWED_COLUMNS: Final = (
    *("invoice_id", "account_id", "shard", "issued_at", "outstanding_vnd", "asked_by", "awaited"),
    *("paid_now_vnd", "from_hold_vnd"),
)

_TOTALS: Final = TypeAdapter(Totals)


def invoice_row(invoice: Invoice) -> tuple[object, ...]:
    """An invoice as a row."""
    return (
        *(invoice.id, invoice.account, invoice.month, invoice.sequence, invoice.resource, invoice.cluster),
        *(invoice.product, invoice.kind, invoice.action, invoice.order, invoice.money, invoice.carried),
        *(None if invoice.line is None else invoice.line.model_dump_json(), invoice.issued_at),
        *(invoice.cause_id, totals_row(invoice.totals) if invoice.line is None else None),
    )


def invoice_of(row: Row) -> Invoice:
    """The invoice in a row, and how it was closed, if it was."""
    return Invoice(
        id=row["invoice_id"],
        account=row["account_id"],
        month=row["month"],
        sequence=row["sequence"],
        resource=row["resource_id"],
        cluster=row["cluster_id"],
        product=row["product"],
        kind=row["kind"],
        action=row["action"],
        order=row["order_id"],
        money=row["money_vnd"],
        carried=row["carried_vnd"],
        line=None if row["line"] is None else Line.model_validate_json(row["line"]),
        issued_at=row["issued_at"],
        cause_id=row["cause_id"],
        closed=None if row["closed_by"] is None else _closing_of(row),
        totals=() if row["totals"] is None else totals_of(row["totals"]),
        paid=row["paid_vnd"],
        payments=row["payments"],
    )


def totals_row(totals: Totals) -> str:
    """The sums by product as a document."""
    return _TOTALS.dump_json(totals).decode()


def totals_of(column: str) -> Totals:
    """The sums by product in a column."""
    return _TOTALS.validate_json(column)


def _closing_of(row: Row) -> Closing:
    return Closing(
        account=row["account_id"],
        invoice=row["invoice_id"],
        closed_by=row["closed_by"],
        at=row["closed_at"],
        unused_minutes=row["unused_minutes"],
        unused=row["unused_vnd"],
        replaced_by=row["replaced_by"],
        order=row["closing_order_id"],
        effective_at=row["effective_at"],
        cause_id=row["closing_cause_id"],
    )


def closing_row(closing: Closing) -> tuple[object, ...]:
    """A closing as a row."""
    return (
        *(closing.account, closing.invoice, closing.closed_by, closing.at, closing.unused_minutes),
        *(closing.unused, closing.replaced_by, closing.order, closing.effective_at, closing.cause_id),
    )


def payment_row(payment: Payment) -> tuple[object, ...]:
    """A payment as a row."""
    return (
        *(payment.account, payment.invoice, payment.number, payment.product, payment.amount),
        *(payment.from_hold, payment.by, payment.effective_at, payment.cause_id),
    )


def owed_row(owed: Owed) -> tuple[object, ...]:
    """What is owed as a row."""
    return (
        *(owed.invoice, owed.account, shard_of(owed.account), owed.issued_at, owed.outstanding),
        *(owed.by, owed.awaited, owed.paid_now, owed.from_hold),
    )


def owed_of(row: Row) -> Owed:
    """What is owed in a row."""
    return Owed(
        invoice=row["invoice_id"],
        account=row["account_id"],
        issued_at=row["issued_at"],
        outstanding=row["outstanding_vnd"],
        by=row["asked_by"],
        awaited=row["awaited"],
        paid_now=row["paid_now_vnd"],
        from_hold=row["from_hold_vnd"],
    )
