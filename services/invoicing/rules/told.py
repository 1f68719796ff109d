"""What others tell `invoicing`, by what it means here, and its documents in the words in which they are told on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from services.invoicing.metered import Usage, UseLine
from services.invoicing.reasons import Reason
from services.invoicing.state import Closing, Invoice, Owed, Totals
from shared.contracts import invoicing as says
from shared.contracts import owed as says_owed
from shared.contracts.ends import ResourceReleased, ResourceSuspended
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
from shared.contracts.parts import Line
from shared.engine.decision import Cause

Bought = ResourceCreated | ResourceConverted | ResourceRenewed | ResourceRecovered
Ended = ResourceDeleted | ResourceExpired
Stopped = ResourceSuspended | ResourceReleased
Paid = Bought | ResourceResized
Told = Paid | Ended | Stopped | UsageReported


def issued(invoice: Invoice, uses: Iterable[says.UseLine] = ()) -> says.InvoiceIssued:
    """The invoice as it was born; with the use it is for, where that is one resource's."""
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
        paid=invoice.paid_so_far,
        carried=invoice.carried,
        status=invoice.status,
        line=invoice.line,
        totals=totals(invoice.totals),
        uses=list(islice(uses, says.MOST_USES)),
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
        paid=invoice.paid_so_far,
        carried=invoice.carried,
        status=invoice.status,
        line=invoice.line,
        totals=totals(invoice.totals),
        issued_at=invoice.issued_at,
        closed_at=None if closed is None else closed.at,
        unused=0 if closed is None else closed.unused,
        version=1 + (closed is not None) + invoice.payments,
    )


def totals(of: Totals) -> list[says.ProductTotal]:
    """The sums by product."""
    return [says.ProductTotal(product=product, amount=amount) for product, amount in of]


def closed(invoice: Invoice, line: Line, closing: Closing) -> says.InvoiceClosed:
    """That it was closed, with the inputs of what was not used of it."""
    return says.InvoiceClosed(
        account=invoice.account,
        invoice=invoice.id,
        number=invoice.number,
        month=invoice.month,
        resource=line.resource,
        closed_by=closing.closed_by,
        at=closing.at,
        amount=invoice.amount,
        minutes=line.minutes,
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


def use_line(usage: Usage, line: UseLine) -> says.UseLine:
    """One interval of use, with every input of the formula of its amount."""
    return says.UseLine(
        usage=usage.id,
        product=usage.product,
        resource=usage.resource,
        cluster=usage.cluster,
        kind=usage.kind,
        flavor=usage.flavor,
        quantity=usage.quantity,
        vnd=usage.vnd,
        per=usage.per,
        parts=list(usage.parts),
        starts=line.starts,
        until=line.until,
        units=line.units,
        amount=line.amount,
        invoice=line.invoice,
    )


def paid(
    invoice: Invoice, owed: Owed, by: says_owed.PaidBy, cause: Cause
) -> says_owed.InvoicePaid | says_owed.InvoicePartlyPaid:
    """What was paid of it just now, and how it stands."""
    kind = says_owed.InvoicePaid if invoice.outstanding == 0 else says_owed.InvoicePartlyPaid
    return kind(
        account=invoice.account,
        invoice=invoice.id,
        number=invoice.number,
        amount=invoice.amount,
        paid_now=owed.paid_now,
        from_hold=owed.from_hold,
        paid=invoice.paid,
        outstanding=invoice.outstanding,
        by=by,
        effective_at=cause.at,
    )


def payment_refused(account: str, invoice: str, reason: Reason, cause: Cause) -> says_owed.PaymentRefused:
    """Why nothing is paid of it."""
    return says_owed.PaymentRefused(
        account=account,
        invoice=invoice,
        reason=reason.value,
        explanation=reason.sentence,
        effective_at=cause.at,
    )
