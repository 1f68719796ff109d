"""Whose it is: the first questions of every rule about a resource or a cluster that must be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from services.lifecycle.reasons import Reason
from services.lifecycle.state import Cluster, PocEnd, Resource
from shared.engine.decision import Known

Against = Iterable[tuple[bool, Reason]]


class OfResource(Protocol):
    """What is asked about a resource, on behalf of an account."""

    @property
    def account(self) -> str: ...
    @property
    def resource(self) -> str: ...


class OfCluster(Protocol):
    """What is asked about a cluster, on behalf of an account."""

    @property
    def account(self) -> str: ...
    @property
    def cluster(self) -> str: ...


def found(ask: OfResource, known: Known) -> Resource | Reason:
    """The account's resource."""
    resource = known.get(Resource, ask.resource)
    if resource is None:
        return Reason.RESOURCE_UNKNOWN
    return resource if resource.account == ask.account else Reason.NOT_OWNER


def found_cluster(ask: OfCluster, known: Known) -> Cluster | Reason:
    """The account's cluster."""
    cluster = known.get(Cluster, ask.cluster)
    if cluster is None:
        return Reason.CLUSTER_UNKNOWN
    return cluster if cluster.account == ask.account else Reason.NOT_OWNER


def unless(found: Resource | Reason, against: Callable[[Resource], Against]) -> Resource | Reason:
    """The resource found, unless there is a reason against what is asked of it: the first that applies."""
    return found if isinstance(found, Reason) else first(against(found)) or found


def first(against: Against) -> Reason | None:
    """The first reason that applies. Those behind it are not looked at."""
    return next((reason for applies, reason in against if applies), None)


def is_deleted(resource: Resource) -> bool:
    """Whether it was deleted, be it still in the trash."""
    return resource.status in ("trash", "released")


def has_stopped(resource: Resource) -> bool:
    """Whether it was stopped, or paid for, since it was POC; one that was never POC counts as stopped, too."""
    return resource.billing != "poc" or resource.status == "expired"


def poc_is_over(account: str, starts: datetime, known: Known) -> bool:
    """Whether the POC wallet that pays for what began then has ended; what begins later is on a newer grant."""
    end = known.get(PocEnd, account)
    return end is not None and starts < end.ended_at
