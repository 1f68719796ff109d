"""Resizing: another flavor or quantity to the same end. What the old size is still worth pays for the new one."""

from __future__ import annotations

from dataclasses import replace

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.asking import begun, in_change
from services.lifecycle.rules.finding import Against, found, is_deleted, unless
from services.lifecycle.rules.priced import bought
from services.lifecycle.rules.telling import given_back, joined, refused, told, unused
from services.lifecycle.state import Resource
from shared.contracts.lifecycle import ResourceResized
from shared.contracts.message import MOST_VND
from shared.contracts.parts import Line, Metered
from shared.contracts.resources import ResizeResource
from shared.engine.decision import Cause, Decision, Known, said
from shared.period import to_minute
from shared.terms import unused_value


def resize_resource(ask: ResizeResource, known: Known, cause: Cause) -> Decision:
    """Asks the provider to resize it, if it is just as it was priced."""
    resource = unless(found(ask, known), lambda each: _against(ask, each, known, cause))
    return said(refused(ask, resource, cause.at)) if isinstance(resource, Reason) else begun(ask, cause)


def resized(ask: ResizeResource, known: Known, _: Cause) -> Decision:
    """The provider has resized it. What the new size costs less than the old one was still worth is given back."""
    before, priced = known.get(Resource, ask.resource), ask.line or ask.metered
    if before is None or priced is None or not before.can("resize"):
        return Decision()
    at, less = ask.effective_at, 0 if ask.line is None else -ask.line.amount
    after = replace(
        before.after("resize"),
        flavor=priced.flavor,
        quantity=priced.quantity,
        terms=() if ask.line is None else (bought(ask.line),),
        metered=ask.metered,
    )
    more = {"order": ask.order, "line": ask.line, "metered": ask.metered, **unused(before, less)}
    size = {"before": before.flavor, "before_quantity": before.quantity}
    event = told(ResourceResized, after, at, **more, **size)
    return joined(Decision((after,), (), (event,)), said(*given_back(before, less, at)))


def _against(ask: ResizeResource, resource: Resource, known: Known, cause: Cause) -> Against:
    is_metered = resource.is_metered
    is_over = resource.until is not None and cause.at >= resource.until
    yield is_deleted(resource), Reason.RESOURCE_DELETED
    yield in_change(resource, known), Reason.IN_CHANGE
    yield is_over or not resource.can("resize"), Reason.NOT_ACTIVE
    yield (ask.metered is None) is is_metered or (ask.line is None) is not is_metered, Reason.TERMS_INVALID
    yield not _fits(ask.line or ask.metered, resource, cause), Reason.CHANGED_MEANWHILE


def _fits(priced: Line | Metered | None, resource: Resource, cause: Cause) -> bool:
    if priced is None or (priced.resource, priced.kind) != (resource.id, resource.kind):
        return False
    return isinstance(priced, Metered) or (
        priced.carried == unused_value(resource.terms, cause.at)
        and 0 <= priced.value <= MOST_VND
        and (priced.starts, priced.until) == (to_minute(cause.at), resource.until)
    )
