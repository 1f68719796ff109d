"""Recovering from the trash, after POC was stopped without paying, or what was stopped for debt: like new, from now on."""

from __future__ import annotations

from dataclasses import replace

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.asking import begun, in_change
from services.lifecycle.rules.finding import Against, found, unless
from services.lifecycle.rules.priced import bought, buys, same_size
from services.lifecycle.rules.settling import has_room, settled
from services.lifecycle.rules.telling import joined, refused, told
from services.lifecycle.state import Resource
from shared.contracts.lifecycle import ResourceRecovered
from shared.contracts.parts import Line
from shared.contracts.resources import RecoverResource
from shared.engine.decision import Cause, Decision, Known, said
from shared.period import to_minute


def recover_resource(ask: RecoverResource, known: Known, cause: Cause) -> Decision:
    """Asks the provider to bring it back."""
    resource = unless(found(ask, known), lambda each: _against(ask, each, known, cause))
    return said(refused(ask, resource, cause.at)) if isinstance(resource, Reason) else begun(ask, cause)


def recovered(ask: RecoverResource, known: Known, _: Cause) -> Decision:
    """The provider has brought it back: it runs, paid with real money."""
    before = known.get(Resource, ask.resource)
    if before is None or not before.can("recover"):
        return Decision()
    after = _paid(before, ask.line) if ask.line is not None else _used(before, ask)
    event = told(
        ResourceRecovered, after, ask.effective_at, order=ask.order, line=ask.line, metered=ask.metered
    )
    return joined(Decision(says=(event,)), settled(known, [(before, after)]))


def _paid(before: Resource, line: Line) -> Resource:
    return replace(
        before.after("recover"),
        billing="prepaid",
        starts=line.starts,
        until=line.until,
        terms=(bought(line),),
        trash_until=None,
    )


def _used(before: Resource, ask: RecoverResource) -> Resource:
    starts = to_minute(ask.effective_at)
    return replace(before.after("recover"), starts=starts, metered=ask.metered, trash_until=None)


def _against(ask: RecoverResource, resource: Resource, known: Known, cause: Cause) -> Against:
    over = resource.trash_until is not None and cause.at >= resource.trash_until
    yield not _can_be_recovered(resource), Reason.NOT_IN_TRASH
    yield in_change(resource, known), Reason.IN_CHANGE
    yield not (resource.is_metered or resource.flags.billing == "prepaid"), Reason.NOT_PREPAID
    yield over, Reason.TRASH_OVER
    yield not _fits(ask, resource, cause), Reason.CHANGED_MEANWHILE
    yield not (resource.is_there or has_room(resource, known)), Reason.CLUSTER_FULL


def _can_be_recovered(resource: Resource) -> bool:
    """What is suspended waits to be renewed, unless it is metered: then it was stopped for debt."""
    return resource.can("recover") and (resource.status != "suspended" or resource.is_metered)


def _fits(ask: RecoverResource, resource: Resource, cause: Cause) -> bool:
    if resource.is_metered:
        priced = ask.metered
        return priced is not None and ask.line is None and same_size(priced, resource, resource.id)
    starts = to_minute(cause.at)
    # Ordered before the end it comes after: the minutes until then are paid.
    was_there = resource.until is not None and starts < resource.until
    return (
        ask.metered is None
        and ask.line is not None
        and not was_there
        and buys(ask.line, resource, resource.id, starts)
    )
