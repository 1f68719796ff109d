"""Use that is paid by its minutes or hours: one configuration begins in the minute in which the one before it ends.

So no minute is counted twice and none is lost, whatever becomes of the resource.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.invoicing.metered import DueUse, Metering, MonthUse, Usage, UsageEnd
from services.invoicing.rules import told as telling
from services.invoicing.rules.told import Paid
from services.invoicing.state import AccountBooks, Resource, month_key
from shared.contracts.lifecycle import UsageReported
from shared.contracts.parts import Metered
from shared.engine.decision import Cause, Decision, Entity, Known, changed, joined
from shared.period import billing_month, to_minute


def of(told: Paid, metered: Metered, billing: Metering, cause: Cause) -> Usage:
    """The use of a resource as it is metered now."""
    return Usage(
        id=_id(cause),
        account=told.account,
        resource=told.resource,
        cluster=told.cluster,
        product=told.product,
        kind=told.kind,
        flavor=metered.flavor,
        quantity=metered.quantity,
        vnd=metered.vnd,
        per=metered.per,
        starts=to_minute(cause.at),
        cause_id=cause.id,
        billing=billing,
        parts=tuple(metered.parts),
    )


def in_another_size(running: Usage, told: UsageReported, cause: Cause) -> Usage:
    """The same at the same price, but as large as was reported: from then on, never from later than now."""
    starts = to_minute(min(told.at, cause.at))
    return replace(running, id=_id(cause), quantity=told.quantity, starts=starts, cause_id=cause.id)


def running(resource: Resource, known: Known) -> Usage | None:
    """The use that goes on, if any does."""
    return None if resource.usage is None else known.get(Usage, resource.usage)


def goes_on(usage: Usage, resource: Resource, known: Known, cause: Cause) -> Decision:
    """This use begins; what ran until then ends in the same minute."""
    before = running(resource, known)
    if before is not None:
        usage = replace(usage, starts=max(usage.starts, before.starts))
    begins = changed(
        AccountBooks(usage.account),
        usage,
        DueUse(usage.id, usage.account, usage.resource, recorded_until=usage.starts),
        *_in_its_month(usage, known),
        replace(resource, usage=usage.id, due=(*resource.due, usage.id)),
        says=(telling.recorded(usage, cause),),
    )
    return begins if before is None else joined(ended(before, usage.starts, known, cause), begins)


def end_of(usage: Usage, cause: Cause) -> datetime:
    """The minute in which it ends. An act accepted earlier may be told later: the use it ends is then none, not less."""
    return max(to_minute(cause.at), usage.starts)


def ended(usage: Usage, until: datetime, known: Known, cause: Cause) -> Decision:
    """That use ends then."""
    due = known.get(DueUse, usage.id)
    return changed(
        *(() if due is None else (replace(due, until=until),)),
        adds=(UsageEnd(usage.account, usage.id, until, cause.id),),
        says=(telling.recorded(usage, cause, until),),
    )


def _in_its_month(usage: Usage, known: Known) -> tuple[Entity, ...]:
    """The month that is about to be recorded in the same breath, with this use."""
    month = known.get(MonthUse, month_key(usage.account, billing_month(usage.starts)))
    return () if month is None else (replace(month, due=(*month.due, usage.id)),)


def _id(cause: Cause) -> str:
    return cause.derive("usage")
