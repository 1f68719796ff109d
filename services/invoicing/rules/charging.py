"""Invoices for use: made of priced intervals, which carry the invoice they are on, and each owed until it is paid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.invoicing.metered import Usage, UseLine
from services.invoicing.rules import lines as pricing
from services.invoicing.rules import told as telling
from services.invoicing.state import Invoice
from shared.contracts.invoicing import InvoiceAction, InvoiceIssued
from shared.engine.decision import Cause

# A use, and what an interval of it costs.
Charged = tuple[Usage, UseLine]


class Bill(NamedTuple):
    """An invoice for use, and the lines it is for."""

    invoice: Invoice
    lines: tuple[Charged, ...]

    def issued(self) -> InvoiceIssued:
        """How it is told: the lines of what is for one resource go along."""
        own = () if self.invoice.resource is None else self.lines
        return telling.issued(self.invoice, (telling.use_line(*each) for each in own))


def bill(
    id_: str,
    charged: Sequence[Charged],
    action: InvoiceAction,
    number: tuple[str, int],
    cause: Cause,
    *,
    whole: bool,
) -> Bill:
    """The invoice for these intervals, with that number of that month: for one resource, or the `whole` of an account."""
    usage, line = charged[-1]
    month, sequence = number
    totals = pricing.totals((each.product, of) for each, of in charged)
    invoice = Invoice(
        id=id_,
        account=line.account,
        month=month,
        sequence=sequence,
        resource=None if whole else usage.resource,
        cluster=None if whole else usage.cluster,
        product=None if whole else usage.product,
        kind=None if whole else usage.kind,
        action=action,
        order=None,
        money=sum(amount for _, amount in totals),
        carried=0,
        line=None,
        issued_at=cause.at,
        cause_id=cause.id,
        totals=totals,
    )
    return Bill(invoice, tuple((each, replace(of, invoice=id_)) for each, of in charged))


def worth(charged: Iterable[Charged]) -> int:
    """What these intervals cost together."""
    return sum(line.amount for _, line in charged)
