"""Invoices: issued with the account's next number of the month, and closed when what they are for ends early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from services.invoicing.rules import told as telling
from services.invoicing.rules.told import Ended, Paid
from services.invoicing.state import AccountBooks, Closing, Invoice, MonthBook, Resource, month_key
from shared.contracts.invoicing import ClosedBy, InvoiceAction
from shared.contracts.lifecycle import ResourceResized
from shared.contracts.parts import Line
from shared.engine.decision import Cause, Decision, Known, changed
from shared.period import billing_month, minutes_between, to_minute, unused


def issued(
    told: Paid, line: Line, action: InvoiceAction, before: Resource, known: Known, cause: Cause
) -> Decision:
    """One more invoice of the resource, born paid; it runs from now on."""
    book = month_book(told.account, billing_month(cause.at), known).with_one_more()
    invoice = _invoice(told, line, action, book, cause)
    after = replace(before, invoices=(*before.invoices, invoice.id))
    return changed(AccountBooks(told.account), book, invoice, after, says=(telling.issued(invoice),))


def closed(
    told: Ended | ResourceResized, by: ClosedBy, resource: Resource, known: Known, cause: Cause
) -> Decision:
    """Those of its invoices that have not run out are closed: what they are for ended at that minute."""
    replaced_by = _id(cause) if by == "resize" else None
    closings = []
    at = to_minute(cause.at)
    for invoice, line in _running(resource, known, at):
        closing = Closing(
            account=invoice.account,
            invoice=invoice.id,
            closed_by=by,
            at=at,
            unused_minutes=min(line.minutes, minutes_between(at, line.until)),
            unused=unused(invoice.amount, line.starts, line.until, at),
            replaced_by=replaced_by,
            order=told.order,
            effective_at=cause.at,
            cause_id=cause.id,
        )
        closings.append((invoice, line, closing))
    return changed(
        *(replace(invoice, closed=closing) for invoice, _, closing in closings),
        adds=(closing for _, _, closing in closings),
        says=(telling.closed(invoice, line, closing) for invoice, line, closing in closings),
    )


def _running(resource: Resource, known: Known, at: datetime) -> Iterator[tuple[Invoice, Line]]:
    for id_ in resource.invoices:
        invoice = known.get(Invoice, id_)
        if invoice is not None and invoice.line is not None and at < invoice.line.until:
            yield invoice, invoice.line


def month_book(account: str, month: str, known: Known) -> MonthBook:
    """The numbers of that account's month."""
    return known.get(MonthBook, month_key(account, month)) or MonthBook(account, month)


def _invoice(told: Paid, line: Line, action: InvoiceAction, book: MonthBook, cause: Cause) -> Invoice:
    return Invoice(
        id=_id(cause),
        account=told.account,
        month=book.month,
        sequence=book.issued,
        resource=told.resource,
        cluster=told.cluster,
        product=told.product,
        kind=told.kind,
        action=action,
        order=told.order,
        money=max(0, line.amount),
        # Where the new size costs less than the old one was still worth, the rest was given back: not carried (0502).
        carried=min(line.carried, line.value),
        line=line,
        issued_at=cause.at,
        cause_id=cause.id,
    )


def _id(cause: Cause) -> str:
    return cause.derive("invoice")
