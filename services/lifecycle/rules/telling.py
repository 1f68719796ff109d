"""How `lifecycle` puts what it has decided: events about a resource, refusals, money given back, and snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from services.lifecycle import state
from services.lifecycle.reasons import Reason
from services.lifecycle.state import Cluster, Resource
from shared.contracts import lifecycle as says
from shared.contracts import refusals
from shared.contracts.charges import GiveBack
from shared.contracts.message import Command, Event, Message, State
from shared.contracts.resources import (
    ClearCluster,
    ConvertCluster,
    ConvertResource,
    CreateResource,
    DeleteCluster,
    DeleteResource,
    ExpireResource,
    RecoverResource,
    RenewResource,
    ReportPocStopped,
    ReportUsage,
    ResizeResource,
    SetAutoRenew,
    Wallet,
)
from shared.engine.decision import Decision, Entity

Told = TypeVar("Told", bound=Event)

REFUSED_WITH: Final[Mapping[type[Command], type[Event]]] = {
    CreateResource: refusals.CreationRefused,
    ConvertResource: refusals.ConversionRefused,
    ConvertCluster: refusals.ClusterConversionRefused,
    RenewResource: refusals.RenewalRefused,
    ResizeResource: refusals.ResizeRefused,
    RecoverResource: refusals.RecoveryRefused,
    ExpireResource: refusals.ExpiryRefused,
    ReportPocStopped: refusals.ExpiryRefused,
    ClearCluster: refusals.ClusterClearRefused,
    DeleteResource: refusals.DeletionRefused,
    DeleteCluster: refusals.ClusterDeletionRefused,
    SetAutoRenew: refusals.AutoRenewRefused,
    ReportUsage: refusals.UsageRefused,
}


def refused(ask: Command, reason: Reason, at: datetime, explanation: str | None = None) -> Event:
    """A refusal repeats what was asked, and says why not."""
    why = {"reason": reason.value, "explanation": explanation or reason.sentence, "effective_at": at}
    return REFUSED_WITH[type(ask)].model_validate(dict(ask) | why)


def told(event: type[Told], resource: Resource, at: datetime, /, **more: object) -> Told:
    """An event about the resource as it is now."""
    about: dict[str, object] = {
        "account": resource.account,
        "resource": resource.id,
        "cluster": resource.cluster,
        "kind": resource.kind,
        "product": resource.flags.product,
        "flavor": resource.flavor,
        "quantity": resource.quantity,
        "billing": resource.billing,
        "version": resource.version,
        "effective_at": at,
    }
    return event.model_validate(about | more)


def wallet_of(resource: Resource) -> Wallet:
    """Where its unused value goes: what the POC wallet paid goes back there, whatever else was paid becomes credit."""
    return "poc" if resource.billing == "poc" else "credit"


def unused(resource: Resource, value: int) -> dict[str, object]:
    """How an event tells of value given back."""
    return {"unused": value, "wallet": wallet_of(resource)} if value > 0 else {}


def given_back(resource: Resource, value: int, at: datetime) -> tuple[Message, ...]:
    """Has unused value given back to the wallet it came from; nothing is said of nothing."""
    if value <= 0:
        return ()
    return (
        GiveBack(
            account=resource.account,
            wallet=wallet_of(resource),
            amount=value,
            why="unused",
            resource=resource.id,
            effective_at=at,
        ),
    )


def joined(*decisions: Decision) -> Decision:
    """All of it, in this order."""
    return Decision(
        tuple(entity for decision in decisions for entity in decision.changes),
        (),
        tuple(message for decision in decisions for message in decision.says),
    )


def resource_snapshot(resource: Resource) -> says.Resource:
    """The resource as everyone may know it."""
    return says.Resource(
        resource=resource.id,
        account=resource.account,
        cluster=resource.cluster,
        kind=resource.kind,
        product=resource.flags.product,
        flavor=resource.flavor,
        quantity=resource.quantity,
        billing=resource.billing,
        status=resource.status,
        starts=resource.starts,
        until=resource.until,
        auto_renew=resource.auto_renew,
        months=resource.months,
        terms=list(resource.terms),
        metered=resource.metered,
        trash_until=resource.trash_until,
        version=resource.version,
    )


def cluster_snapshot(cluster: Cluster) -> says.Cluster:
    """The cluster as everyone may know it."""
    return says.Cluster(
        cluster=cluster.id,
        account=cluster.account,
        poc=cluster.poc,
        stop_poc_available=cluster.poc,
        poc_remaining=cluster.poc_remaining,
        resources=cluster.resources,
        version=cluster.version,
    )


SNAPSHOTS: Final[Mapping[type[Entity], tuple[type[State], Callable[[Any], State]]]] = {
    state.Resource: (says.Resource, resource_snapshot),
    state.Cluster: (says.Cluster, cluster_snapshot),
}
