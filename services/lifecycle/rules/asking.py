"""What the provider is asked, and how a change that waits for it ends without being made: refused, called off, given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.telling import refused
from services.lifecycle.state import (
    ASKED_AGAIN_AFTER,
    Asked,
    Change,
    Resource,
    of_cluster,
    of_resource,
    request_of_cluster,
)
from shared.contracts.message import Message
from shared.contracts.provisioning import Action, CancelChange, ChangeResource
from shared.contracts.resources import (
    ConvertCluster,
    ConvertResource,
    CreateResource,
    RecoverResource,
    ResizeResource,
)
from shared.engine.decision import Cause, Decision, Known, changed

_ACTIONS: Final[Mapping[type[Asked], Action]] = {
    CreateResource: "create",
    ConvertResource: "convert",
    ConvertCluster: "convert",
    ResizeResource: "resize",
    RecoverResource: "recover",
}


def begun(ask: Asked, cause: Cause) -> Decision:
    """The provider is asked, and its answer waited for."""
    whole = isinstance(ask, ConvertCluster)
    target = of_cluster(ask.key) if whole else of_resource(ask.key)
    request_id = request_of_cluster(cause.derive("change")) if whole else cause.derive("change")
    change = Change(target, request_id, ask, cause.at + ASKED_AGAIN_AFTER[0])
    return changed(change, says=(request(change),))


def request(change: Change) -> ChangeResource:
    """The request, the same however often it is asked."""
    ask = change.ask
    flavor, quantity = _size(ask)
    return ChangeResource(
        request=change.request,
        resource=ask.key,
        account=ask.account,
        action=_ACTIONS[type(ask)],
        flavor=flavor,
        quantity=quantity,
        effective_at=ask.effective_at,
    )


def _size(ask: Asked) -> tuple[str | None, int | None]:
    if isinstance(ask, CreateResource):
        return ask.flavor, ask.quantity
    if isinstance(ask, ResizeResource):
        priced = ask.line or ask.metered
        return (priced.flavor, priced.quantity) if priced else (None, None)
    return None, None


def told_provider(resource: Resource, action: Action, cause: Cause, at: datetime) -> ChangeResource:
    """Tells the provider what was decided; nobody waits for its answer."""
    return ChangeResource(
        request=cause.derive(f"{action}/{resource.id}"),
        resource=resource.id,
        account=resource.account,
        action=action,
        effective_at=at,
    )


def called_off(change: Change, reason: Reason) -> Decision:
    """Whoever asked is refused, and the provider is told to leave it; a late answer then changes nothing."""
    ask = change.ask
    no: Message = refused(ask, reason, ask.effective_at)
    cancel = CancelChange(
        request=change.request, resource=ask.key, account=ask.account, effective_at=ask.effective_at
    )
    return changed(change.over(), says=(no, cancel))


def change_of(resource: Resource, known: Known) -> Change | None:
    """The change of that one resource that is under way."""
    return _open(known, of_resource(resource.id))


def conversion_with(resource: Resource, known: Known) -> Change | None:
    """The conversion of its whole cluster that is under way and takes it along."""
    change = None if resource.cluster is None else _open(known, of_cluster(resource.cluster))
    return change if change is not None and _names(change.ask, resource.id) else None


def conversion_of(cluster: str, known: Known) -> Change | None:
    """The conversion of that whole cluster that is under way."""
    return _open(known, of_cluster(cluster))


def in_change(resource: Resource, known: Known) -> bool:
    """Whether a change of it is under way, by itself or with its cluster."""
    return change_of(resource, known) is not None or conversion_with(resource, known) is not None


def _open(known: Known, target: str) -> Change | None:
    change = known.get(Change, target)
    return change if change is not None and change.open else None


def _names(ask: Asked, resource: str) -> bool:
    return isinstance(ask, ConvertCluster) and any(each.resource == resource for each in ask.metered)
