"""What is set or reported about a resource that goes on: auto-renewal, and how much one metered by its size holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.finding import Against, found, is_deleted, unless
from services.lifecycle.rules.telling import refused, told
from services.lifecycle.state import Resource
from shared.contracts.lifecycle import AutoRenewSet, UsageReported
from shared.contracts.resources import ReportUsage, SetAutoRenew
from shared.engine.decision import Cause, Decision, Known, changed, said

# The shortest time there is.
_INSTANT: Final = timedelta.resolution


def set_auto_renew(ask: SetAutoRenew, known: Known, cause: Cause) -> Decision:
    """On or off. Off is never refused to who owns it."""
    before = unless(found(ask, known), lambda resource: _against_setting(ask, resource))
    if isinstance(before, Reason):
        return said(refused(ask, before, cause.at))
    months = before.months if ask.months is None else ask.months
    event = AutoRenewSet(
        account=ask.account, resource=before.id, on=ask.on, months=months, effective_at=cause.at
    )
    if (before.auto_renew, before.months) == (ask.on, months):
        return said(event)
    after = replace(before, auto_renew=ask.on, months=months, version=before.version + 1)
    return changed(after, says=(event,))


def report_usage(ask: ReportUsage, known: Known, cause: Cause) -> Decision:
    """What it holds from that instant on. What is held for it stays as it was estimated."""
    before = unless(found(ask, known), lambda resource: _against_report(ask, resource, cause))
    if isinstance(before, Reason):
        return said(refused(ask, before, cause.at))
    metered = before.metered and before.metered.model_copy(update={"quantity": ask.quantity})
    after = replace(
        before, quantity=ask.quantity, metered=metered, usage_at=ask.at, version=before.version + 1
    )
    return changed(after, says=(told(UsageReported, after, cause.at, at=ask.at, metered=metered),))


def _against_setting(ask: SetAutoRenew, resource: Resource) -> Against:
    yield is_deleted(resource), Reason.RESOURCE_DELETED
    yield ask.on and resource.billing == "poc", Reason.POC_NOT_RENEWED
    yield ask.on and not resource.flags.auto_renew, Reason.NOT_RENEWABLE


def _against_report(ask: ReportUsage, resource: Resource, cause: Cause) -> Against:
    known_since = resource.starts if resource.usage_at is None else resource.usage_at + _INSTANT
    yield not resource.is_there or resource.status == "creating", Reason.NOT_ACTIVE
    yield resource.metered is None or resource.flags.metered_by != "gb_hour", Reason.NOT_METERED
    yield ask.at > cause.at, Reason.AT_IN_FUTURE
    yield ask.at < known_since, Reason.AT_NOT_LATER
