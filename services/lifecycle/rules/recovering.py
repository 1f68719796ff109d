"""Recovering from the trash, or after POC was stopped without paying: priced like new, from now on."""

from __future__ import annotations

from dataclasses import replace

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.asking import begun, in_change
from services.lifecycle.rules.finding import Against, found, unless
from services.lifecycle.rules.priced import bought, buys
from services.lifecycle.rules.settling import has_room, settled
from services.lifecycle.rules.telling import joined, refused, told
from services.lifecycle.state import Resource
from shared.contracts.lifecycle import ResourceRecovered
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
    after = replace(
        before.after("recover"),
        billing="prepaid",
        starts=ask.line.starts,
        until=ask.line.until,
        terms=(bought(ask.line),),
        trash_until=None,
    )
    event = told(ResourceRecovered, after, ask.effective_at, order=ask.order, line=ask.line)
    return joined(Decision(says=(event,)), settled(known, [(before, after)]))


def _against(ask: RecoverResource, resource: Resource, known: Known, cause: Cause) -> Against:
    over = resource.trash_until is not None and cause.at >= resource.trash_until
    yield not resource.can("recover"), Reason.NOT_IN_TRASH
    yield in_change(resource, known), Reason.IN_CHANGE
    yield resource.flags.billing != "prepaid", Reason.NOT_PREPAID
    yield over, Reason.TRASH_OVER
    yield not buys(ask.line, resource, resource.id, to_minute(cause.at)), Reason.CHANGED_MEANWHILE
    yield not has_room(resource, known), Reason.CLUSTER_FULL
