"""The use of a resource ends: what it cost in this month is invoiced and settled at once, and the month's record lists it.

Unless its kind waits for the month's end (the catalogue says so), as whatever a postpaid account uses does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from services.invoicing.metered import DueUse, MonthRecord, MonthUse, Usage
from services.invoicing.rules import lines as pricing
from services.invoicing.rules.charging import Charged, bill, worth
from services.invoicing.rules.invoices import month_book
from services.invoicing.rules.paying import settled_with
from services.invoicing.state import Resource, month_key
from shared import catalogue, metering
from shared.contracts.charges import Settle
from shared.engine.decision import Cause, Decision, Entity, Known, changed, joined
from shared.period import billing_month


def settled_at_once(
    usage: Usage, until: datetime, resource: Resource, known: Known, cause: Cause
) -> Decision:
    """The invoice of what the resource cost since the month began. Heard of after its month was recorded, the next one's
    record has it."""
    month = billing_month(until)
    waits = usage.billing == "postpaid" or catalogue.of(usage.kind).settled == "monthly"
    # An act of an earlier month, heard of after the use it ends has begun: nothing is left of that, and the rest can wait.
    waits = waits or month != billing_month(cause.at)
    if waits or known.get(MonthRecord, month_key(usage.account, month)) is not None:
        return Decision()
    found = list(_found(resource, until, month, known, cause))
    dues, charged = [due for due, _ in found], [each for _, each in found]
    if worth(charged) == 0:
        return _on_record(dues, charged, month, known)
    book = month_book(usage.account, month, known).with_one_more()
    made = bill(cause.derive("invoice"), charged, "use", (month, book.issued), cause, whole=False)
    settle = Settle(
        account=usage.account,
        invoice=made.invoice.id,
        product=usage.product,
        resource=resource.id,
        amount=made.invoice.amount,
        until=until,
        effective_at=cause.at,
    )
    return joined(
        changed(book, made.invoice, says=(made.issued(),)),
        _on_record(dues, made.lines, month, known),
        settled_with(made.invoice, [settle]),
    )


def _found(
    resource: Resource, until: datetime, month: str, known: Known, cause: Cause
) -> Iterator[tuple[DueUse, Charged]]:
    """Its configurations of this month that are on no invoice yet, and what each costs."""
    begins = metering.month_start(month)
    for id_ in resource.due:
        due, usage = known.get(DueUse, id_), known.get(Usage, id_)
        if due is None or usage is None or due.invoiced_from is not None:
            continue
        due = replace(due, until=until) if id_ == resource.usage else due
        starts = max(due.recorded_until, begins)
        if due.until is not None and starts < due.until:
            line = pricing.of(usage, starts, due.until, month, cause)
            yield replace(due, invoiced_from=starts), (usage, line)


def _on_record(
    dues: list[DueUse], charged: tuple[Charged, ...] | list[Charged], month: str, known: Known
) -> Decision:
    lines = tuple(line for _, line in charged)
    changes: list[Entity] = [*dues]
    if lines and (use := known.get(MonthUse, month_key(lines[0].account, month))) is not None:
        # The month is about to be recorded in the same breath.
        changes.append(replace(use, lines=(*use.lines, *lines)))
    return changed(*changes, adds=lines, says=())
