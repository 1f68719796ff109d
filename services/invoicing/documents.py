"""Documents <-> the rows they are kept in, and in what order their columns are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.invoicing.state import Closing, Invoice, Usage, UsageEnd
from shared.contracts.parts import Line

Row = Mapping[str, Any]

INVOICE_COLUMNS: Final = (
    *("invoice_id", "account_id", "month", "sequence", "resource_id", "cluster_id", "product", "kind"),
    *("action", "order_id", "money_vnd", "carried_vnd", "line", "issued_at", "cause_id"),
)
CLOSING_COLUMNS: Final = (
    *("account_id", "invoice_id", "closed_by", "closed_at", "unused_minutes", "unused_vnd", "replaced_by"),
    *("order_id", "effective_at", "cause_id"),
)
USAGE_COLUMNS: Final = (
    *("usage_id", "account_id", "resource_id", "cluster_id", "product", "kind", "flavor", "quantity"),
    *("price_vnd", "per", "starts_at", "cause_id"),
)
USAGE_END_COLUMNS: Final = ("account_id", "usage_id", "until_at", "cause_id")


def invoice_row(invoice: Invoice) -> tuple[object, ...]:
    """An invoice as a row."""
    return (
        *(invoice.id, invoice.account, invoice.month, invoice.sequence, invoice.resource, invoice.cluster),
        *(invoice.product, invoice.kind, invoice.action, invoice.order, invoice.money, invoice.carried),
        *(invoice.line.model_dump_json(), invoice.issued_at, invoice.cause_id),
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
        line=Line.model_validate_json(row["line"]),
        issued_at=row["issued_at"],
        cause_id=row["cause_id"],
        closed=None if row["closed_by"] is None else _closing_of(row),
    )


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


def usage_row(usage: Usage) -> tuple[object, ...]:
    """A use as a row."""
    return (
        *(usage.id, usage.account, usage.resource, usage.cluster, usage.product, usage.kind, usage.flavor),
        *(usage.quantity, usage.vnd, usage.per, usage.starts, usage.cause_id),
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
    )


def usage_end_row(end: UsageEnd) -> tuple[object, ...]:
    """The end of a use as a row."""
    return end.account, end.usage, end.until, end.cause_id
