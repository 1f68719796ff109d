"""What `invoicing` decides: which documents follow from what happened to a resource.

A resource that is paid for a period gets an invoice each time it is paid for, which is closed when the resource ends before
its time; one that is paid by its use gets its use recorded, configuration by configuration, and invoiced when it ends or the
month does; a POC resource gets nothing. What was not paid at once is paid later (paying.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.invoicing.rules import invoices, use
from services.invoicing.rules.ending import settled_at_once
from services.invoicing.rules.months import close_month, record_month
from services.invoicing.rules.paying import paid_from, pay_invoice, pay_owed, refused, settled
from services.invoicing.rules.told import Bought, Ended, Paid, Stopped, Told, snapshot
from services.invoicing.state import Closing, Resource, resource_key
from shared.contracts.charges import PaidFrom, PayRefused, Settled, SettleRefused
from shared.contracts.ends import ResourceReleased, ResourceSuspended
from shared.contracts.invoicing import ClosedBy, InvoiceAction
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
from shared.contracts.message import Message
from shared.contracts.months import CloseMonth, RecordMonth
from shared.contracts.owed import PayInvoice, PayOwed
from shared.engine.decision import Cause, Decision, Known, Rule, changed, joined

__all__ = ["RULES", "snapshot"]

NOTHING: Final = Decision()
_ACTIONS: Final[Mapping[type[Message], InvoiceAction]] = {
    ResourceCreated: "create",
    ResourceConverted: "convert",
    ResourceRenewed: "renew",
    ResourceRecovered: "recover",
}
_ENDS: Final[Mapping[type[Message], ClosedBy]] = {ResourceDeleted: "delete", ResourceExpired: "expire"}


def bought(told: Bought, known: Known, cause: Cause) -> Decision:
    """One more invoice, or use that begins. Invoices there are stand: what is renewed comes after them."""
    before = _resource(told, known)
    if told.billing == "prepaid" and told.line is not None:
        return invoices.issued(told, told.line, _ACTIONS[type(told)], before, known, cause)
    return _used(told, before, known, cause)


def resized(told: ResourceResized, known: Known, cause: Cause) -> Decision:
    """The invoices that run are closed and one takes their place; or the use goes on in another configuration."""
    before = _resource(told, known)
    if told.billing == "prepaid" and told.line is not None:
        closed = invoices.closed(told, "resize", before, known, cause)
        rest = _without(closed, before)
        return joined(closed, invoices.issued(told, told.line, "resize", rest, known, cause))
    return _used(told, before, known, cause)


def ended(told: Ended, known: Known, cause: Cause) -> Decision:
    """Whatever runs of the resource ends with it; invoices that have run out stand as they are."""
    before = _resource(told, known)
    closed = invoices.closed(told, _ENDS[type(told)], before, known, cause)
    after = replace(_without(closed, before), usage=None)
    if after == before:
        return NOTHING
    return joined(closed, changed(after, says=()), _use_ended(before, known, cause))


def stopped(told: Stopped, known: Known, cause: Cause) -> Decision:
    """The use of what is metered ends with it. A period that was paid for is over by then: its invoices stand."""
    before = _resource(told, known)
    if before.usage is None:
        return NOTHING
    return joined(changed(replace(before, usage=None), says=()), _use_ended(before, known, cause))


def usage_reported(told: UsageReported, known: Known, cause: Cause) -> Decision:
    """What is metered by its size is used in another size from then on (docs/decisions/0503)."""
    before = _resource(told, known)
    running = use.running(before, known)
    if running is None or running.quantity == told.quantity:
        return NOTHING
    return use.goes_on(use.in_another_size(running, told, cause), before, known, cause)


RULES: Final[Mapping[type[Message], Rule]] = {
    ResourceCreated: bought,
    ResourceConverted: bought,
    ResourceRenewed: bought,
    ResourceRecovered: bought,
    ResourceResized: resized,
    ResourceDeleted: ended,
    ResourceExpired: ended,
    ResourceSuspended: stopped,
    ResourceReleased: stopped,
    UsageReported: usage_reported,
    CloseMonth: close_month,
    RecordMonth: record_month,
    PayInvoice: pay_invoice,
    PayOwed: pay_owed,
    Settled: settled,
    SettleRefused: refused,
    PaidFrom: paid_from,
    PayRefused: refused,
}


def _used(told: Paid, before: Resource, known: Known, cause: Cause) -> Decision:
    if told.metered is None or told.billing not in ("hold", "postpaid"):
        return NOTHING
    return use.goes_on(use.of(told, told.metered, told.billing, cause), before, known, cause)


def _use_ended(before: Resource, known: Known, cause: Cause) -> Decision:
    running = use.running(before, known)
    if running is None:
        return NOTHING
    until = use.end_of(running, cause)
    return joined(
        use.ended(running, until, known, cause), settled_at_once(running, until, before, known, cause)
    )


def _resource(told: Told, known: Known) -> Resource:
    key = resource_key(told.account, told.resource)
    return known.get(Resource, key) or Resource(told.account, told.resource)


def _without(closed: Decision, resource: Resource) -> Resource:
    gone = {row.invoice for row in closed.adds if isinstance(row, Closing)}
    return replace(resource, invoices=tuple(id_ for id_ in resource.invoices if id_ not in gone))
