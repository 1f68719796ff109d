"""Use that is paid by its minutes or hours: one configuration begins in the minute in which the one before it ends.

So no minute is counted twice and none is lost, whatever becomes of the resource.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.invoicing.rules import told as telling
from services.invoicing.rules.told import Paid
from services.invoicing.state import AccountBooks, Resource, Usage, UsageEnd
from shared.contracts.lifecycle import UsageReported
from shared.contracts.parts import Metered
from shared.engine.decision import Cause, Decision, Known, changed
from shared.period import to_minute


def of(told: Paid, metered: Metered, cause: Cause) -> Usage:
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
    ended = () if before is None else (UsageEnd(before.account, before.id, usage.starts, cause.id),)
    told = () if before is None else (telling.recorded(before, cause, usage.starts),)
    return changed(
        AccountBooks(usage.account),
        usage,
        replace(resource, usage=usage.id),
        adds=ended,
        says=(*told, telling.recorded(usage, cause)),
    )


def ended(resource: Resource, known: Known, cause: Cause) -> Decision:
    """The use that went on, if any did, ends now."""
    before = running(resource, known)
    if before is None:
        return Decision()
    until = _not_before(before, to_minute(cause.at))
    end = UsageEnd(before.account, before.id, until, cause.id)
    return changed(adds=(end,), says=(telling.recorded(before, cause, until),))


def _not_before(usage: Usage, until: datetime) -> datetime:
    # An act accepted earlier may be told later: the use it ends is then none, not less than none.
    return max(until, usage.starts)


def _id(cause: Cause) -> str:
    return cause.derive("usage")
