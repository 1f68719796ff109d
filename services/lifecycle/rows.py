"""How `lifecycle`'s entities look as rows, and back: the order of columns is that of the types they are saved as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from services.lifecycle import when
from services.lifecycle.state import Asked, Change, Cluster, PocEnd, Resource, Watch
from shared.contracts.parts import Metered, Term
from shared.contracts.resources import (
    ConvertCluster,
    ConvertResource,
    CreateResource,
    RecoverResource,
    ResizeResource,
)

Row = Mapping[str, Any]

_TERMS: Final = TypeAdapter(tuple[Term, ...])
_ASKED: Final[Mapping[str, type[Asked]]] = {
    command.__name__: command
    for command in (CreateResource, ConvertResource, ConvertCluster, ResizeResource, RecoverResource)
}


def resource_of(row: Row) -> Resource:
    """The resource in a row."""
    metered = row["metered"]
    return Resource(
        id=row["resource_id"],
        account=row["account_id"],
        cluster=row["cluster_id"],
        kind=row["kind"],
        flavor=row["flavor"],
        quantity=row["quantity"],
        billing=row["billing"],
        status=row["status"],
        starts=row["starts_at"],
        until=row["ends_at"],
        auto_renew=row["auto_renew"],
        months=row["months"],
        terms=_TERMS.validate_json(row["terms"]),
        metered=None if metered is None else Metered.model_validate_json(metered),
        trash_until=row["trash_ends_at"],
        usage_at=row["usage_reported_at"],
        version=row["version"],
    )


def watch_of(row: Row) -> Watch:
    """What is remembered of the resource in that row while it waits for its end."""
    mornings = tuple(row["mornings"])
    return Watch(row["resource_id"], row["ends_at"], row["looked_at"], mornings, row["poc_ended_at"])


def row_of_resource(resource: Resource, event_sequence: int, watch: Watch) -> tuple[object, ...]:
    """The row a resource is saved as."""
    metered = resource.metered
    return (
        *(resource.id, resource.account, resource.cluster, resource.kind, resource.flavor, resource.quantity),
        *(resource.billing, resource.status, resource.starts, resource.until),
        *(resource.auto_renew, resource.months, _TERMS.dump_json(resource.terms).decode()),
        *(None if metered is None else metered.model_dump_json(), resource.trash_until, resource.usage_at),
        *(resource.version, event_sequence, resource.shard),
        *row_of_watch(resource, watch)[1:],
    )


def row_of_watch(resource: Resource, watch: Watch) -> tuple[object, ...]:
    """The part of a resource's row that tells when it is due, and what is remembered for that."""
    watch = watch.of(resource)
    due = when.next_at(resource, watch), when.morning_at(resource, watch)
    return (resource.id, *due, watch.looked_at, list(watch.mornings), watch.poc_ended_at)


def cluster_of(row: Row) -> Cluster:
    """The cluster in a row."""
    return Cluster(
        row["cluster_id"],
        row["account_id"],
        row["poc"],
        row["poc_remaining"],
        row["resources"],
        row["version"],
    )


def row_of_cluster(cluster: Cluster, event_sequence: int) -> tuple[object, ...]:
    """The row a cluster is saved as."""
    counts = (cluster.poc, cluster.poc_remaining, cluster.resources)
    return (cluster.id, cluster.account, *counts, cluster.version, event_sequence)


def poc_end_of(row: Row) -> PocEnd:
    """The end of a POC wallet in a row."""
    return PocEnd(row["account_id"], row["ended_at"], row["due_at"])


def row_of_poc_end(end: PocEnd, _: int) -> tuple[object, ...]:
    """The row the end of a POC wallet is saved as."""
    return (end.account, end.shard, end.ended_at, end.due_at)


def change_of(row: Row) -> Change:
    """The change in a row."""
    ask = _ASKED[row["command"]].model_validate_json(row["ask"])
    return Change(row["target"], row["request_id"], ask, row["due_at"], row["asked"])


def row_of_change(change: Change) -> tuple[object, ...]:
    """The row a change is saved as."""
    ask = change.ask
    return (
        *(change.target, change.request, type(ask).__name__, ask.to_json()),
        *(change.asked, change.due_at, change.shard),
    )
