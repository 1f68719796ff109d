"""What the provider answers: the change is made, or refused. An answer nobody waits for changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.converting import cluster_converted, converted
from services.lifecycle.rules.creating import created, not_created
from services.lifecycle.rules.recovering import recovered
from services.lifecycle.rules.resizing import resized
from services.lifecycle.rules.telling import joined, refused
from services.lifecycle.state import Asked, Change, is_of_cluster, of_cluster, of_resource
from shared.contracts.provisioning import ResourceChanged, ResourceChangeRefused
from shared.contracts.resources import (
    ConvertCluster,
    ConvertResource,
    CreateResource,
    RecoverResource,
    ResizeResource,
)
from shared.engine.decision import Cause, Decision, Known, said

# A sentence of the provider's that is repeated to the customer; more of it helps nobody.
_MOST_CHARACTERS: Final = 300

_DONE: Final[Mapping[type[Asked], Callable[[Any, Known, Cause], Decision]]] = {
    CreateResource: created,
    ConvertResource: converted,
    ConvertCluster: cluster_converted,
    ResizeResource: resized,
    RecoverResource: recovered,
}


def resource_changed(answer: ResourceChanged, known: Known, cause: Cause) -> Decision:
    """The change that waited for this is made, at the instant it was asked for."""
    change = _waiting(answer, known)
    if change is None:
        return Decision()
    return joined(_DONE[type(change.ask)](change.ask, known, cause), Decision((change.over(),)))


def resource_change_refused(answer: ResourceChangeRefused, known: Known, _: Cause) -> Decision:
    """The change that waited for this is not made; whoever asked for it is refused."""
    change = _waiting(answer, known)
    if change is None:
        return Decision()
    words = " ".join(answer.explanation.split())[:_MOST_CHARACTERS]
    sentence = f"The provider could not do it: {words}" if words else None
    no = refused(change.ask, Reason.PROVIDER_REFUSED, change.ask.effective_at, sentence)
    return joined(said(no), not_made([change], known), Decision((change.over(),)))


def not_made(changes: Iterable[Change], known: Known) -> Decision:
    """What follows for the resources: they are as they were; one that was to be made is not there."""
    return not_created((change.ask for change in changes if isinstance(change.ask, CreateResource)), known)


def _waiting(answer: ResourceChanged | ResourceChangeRefused, known: Known) -> Change | None:
    whole = is_of_cluster(answer.request)
    change = known.get(Change, of_cluster(answer.resource) if whole else of_resource(answer.resource))
    return change if change is not None and change.open and change.request == answer.request else None
