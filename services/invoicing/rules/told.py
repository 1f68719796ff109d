"""What others tell `invoicing`, by what it means here, and its documents in the words in which they are told on."""

from __future__ import annotations

from datetime import datetime

from services.invoicing.state import Closing, Invoice, Usage
from shared.contracts import invoicing as says
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceDeleted,
    ResourceExpired,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
    UsageReported,
)
from shared.engine.decision import Cause

Bought = ResourceCreated | ResourceConverted | ResourceRenewed | ResourceRecovered
Ended = ResourceDeleted | ResourceExpired
Paid = Bought | ResourceResized
Told = Paid | Ended | UsageReported


def issued(invoice: Invoice) -> says.InvoiceIssued:
    """The invoice as it was born."""
    return says.InvoiceIssued(
        account=invoice.account,
        invoice=invoice.id,
        number=invoice.number,
        month=invoice.month,
        resource=invoice.resource,
        cluster=invoice.cluster,
        product=invoice.product,
        kind=invoice.kind,
        action=invoice.action,
        order=invoice.order,
        amount=invoice.amount,
        paid=invoice.amount,
        carried=invoice.carried,
        status="paid",
        line=invoice.line,
        effective_at=invoice.issued_at,
    )


def snapshot(invoice: Invoice) -> says.Invoice:
    """The invoice as it stands, whole."""
    closed = invoice.closed
    return says.Invoice(
        invoice=invoice.id,
        account=invoice.account,
        number=invoice.number,
        month=invoice.month,
        resource=invoice.resource,
        cluster=invoice.cluster,
        product=invoice.product,
        kind=invoice.kind,
        action=invoice.action,
        order=invoice.order,
        amount=invoice.amount,
        paid=invoice.amount,
        carried=invoice.carried,
        status="paid",
        line=invoice.line,
        issued_at=invoice.issued_at,
        closed_at=None if closed is None else closed.at,
        unused=0 if closed is None else closed.unused,
        version=1 if closed is None else 2,
    )


def closed(invoice: Invoice, closing: Closing) -> says.InvoiceClosed:
    """That it was closed, with the inputs of what was not used of it."""
    return says.InvoiceClosed(
        account=invoice.account,
        invoice=invoice.id,
        number=invoice.number,
        month=invoice.month,
        resource=invoice.resource,
        closed_by=closing.closed_by,
        at=closing.at,
        amount=invoice.amount,
        minutes=invoice.line.minutes,
        unused_minutes=closing.unused_minutes,
        unused=closing.unused,
        replaced_by=closing.replaced_by,
        order=closing.order,
        effective_at=closing.effective_at,
    )


def recorded(usage: Usage, cause: Cause, until: datetime | None = None) -> says.UsageRecorded:
    """That a configuration is used from a minute on, or, with `until`, that its use ended."""
    return says.UsageRecorded(
        account=usage.account,
        usage=usage.id,
        resource=usage.resource,
        cluster=usage.cluster,
        product=usage.product,
        kind=usage.kind,
        flavor=usage.flavor,
        quantity=usage.quantity,
        vnd=usage.vnd,
        per=usage.per,
        starts=usage.starts,
        until=until,
        effective_at=cause.at,
    )
