"""`lifecycle`'s rows <-> its entities, and nothing else: one statement per table and batch.

Rows are locked in key order, table by table: resources, then clusters, then changes. Clusters are locked only where a
message may change one: many resources share that row, and a worker that does not need it does not wait for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeGuard, TypeVar

from services.lifecycle.passing import OF_MANY, Found, find_passing
from services.lifecycle.rows import (
    change_of,
    cluster_of,
    poc_end_of,
    resource_of,
    row_of_change,
    row_of_cluster,
    row_of_poc_end,
    row_of_resource,
    row_of_watch,
    watch_of,
)
from services.lifecycle.state import (
    SHARDS,
    Change,
    Cluster,
    Due,
    Members,
    PocEnd,
    Resource,
    Watch,
    is_of_cluster,
    of_cluster,
    of_resource,
    resource_in,
    shard_name,
)
from shared import shards
from shared.contracts.holding import PocWalletEnded
from shared.contracts.message import Message
from shared.contracts.provisioning import ResourceChanged, ResourceChangeRefused
from shared.contracts.resources import (
    CheckChanges,
    ClearCluster,
    ConvertCluster,
    CreateResource,
    DeleteCluster,
    DeleteResource,
    ExpireResource,
    RecoverResource,
    RenewResource,
    ReportPocStopped,
)
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))

E = TypeVar("E", bound=Entity)

# So many changes of a share are looked after in one decision; the rest is due the next minute.
MOST_DUE: Final = 500

_SHARDS: Final = {shard_name(shard): shard for shard in range(SHARDS)}
_OF_CLUSTER: Final = (ConvertCluster, DeleteCluster, ClearCluster)
# They may change what a cluster counts. So may some answers: what is made, or is not, what is paid for or comes back.
_COUNTED: Final = (RenewResource, RecoverResource, ExpireResource, DeleteResource, ReportPocStopped)
_COUNTED_WHEN_CHANGED: Final = ("create", "convert", "recover")


class LifecycleStore:
    """Resources, clusters and changes."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """What the messages are about, what is there of clusters that change as a whole, and what time brings."""
        messages = [ask.message for ask in asks]
        due = await _find_due(conn, asks, known)
        members = await _find_members(conn, messages, known)
        passing = await find_passing(conn, asks, known)
        resources = {
            *_resources(messages),
            *members,
            *filter(None, map(resource_in, due)),
            *passing.resources,
        }
        await self.lock(conn, Resource, list(resources), known)
        shared = {of for each in resources if (of := _cluster_of(each, known)) is not None}
        clusters = {*_clusters(messages, due, known), *passing.clusters(known)}
        await self.lock(conn, Cluster, list(clusters), known)
        targets = {*map(of_resource, resources), *map(of_cluster, shared | clusters), *due}
        if targets:
            for row in await conn.fetch(_SQL["lock_changes"], list(targets)):
                known.put(change_of(row))
        await _load_poc_ends(conn, messages, passing, known)

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The resources, or the clusters, with these ids."""
        if not keys:
            return
        if kind is Resource:
            for row in await conn.fetch(_SQL["lock_resources"], keys):
                known.put(resource_of(row), row["event_sequence"])
                known.put(watch_of(row))
        else:
            for row in await conn.fetch(_SQL["lock_clusters"], keys):
                known.put(cluster_of(row), row["event_sequence"])

    async def save(self, conn: Connection, known: Known) -> None:
        """Resources, clusters and changes as they are now; changes that are over are forgotten."""
        await _save(conn, known, Resource, "resources", partial(_row_of_resource, known))
        await _save_watches(conn, known)
        await _save(conn, known, Cluster, "clusters", row_of_cluster)
        await _save_changes(conn, known)
        await _save(conn, known, PocEnd, "poc_ends", row_of_poc_end)

    async def first_due(self, conn: Connection) -> datetime | None:
        """When the first of the changes that wait falls due; nothing where none waits."""
        first: datetime | None = await conn.fetchval(_SQL["read_first_due"])
        return first

    async def first_poc_end(self, conn: Connection) -> datetime | None:
        """When the first end of a POC wallet is to be looked at."""
        first: datetime | None = await conn.fetchval(_SQL["read_first_poc_end"], shards.SHARDS)
        return first

    async def first_life(self, conn: Connection) -> datetime | None:
        """When time does something next with a resource."""
        first: datetime | None = await conn.fetchval(_SQL["read_first_life"], shards.SHARDS)
        return first

    async def first_morning(self, conn: Connection) -> datetime | None:
        """The next morning on which a resource may be renewed, or its owner reminded."""
        first: datetime | None = await conn.fetchval(_SQL["read_first_morning"], shards.SHARDS)
        return first


async def _find_due(conn: Connection, asks: Sequence[Ask], known: Known) -> list[str]:
    checks: dict[str, datetime] = {}
    for ask in asks:
        if isinstance(ask.message, CheckChanges) and ask.message.shard in _SHARDS:
            shard = ask.message.shard
            checks[shard] = max(ask.cause.at, checks.get(shard, ask.cause.at))
    if not checks:
        return []
    shards = [_SHARDS[name] for name in checks]
    found = defaultdict(list)
    for row in await conn.fetch(_SQL["find_due_changes"], shards, list(checks.values()), MOST_DUE):
        found[shard_name(row["shard"])].append(row["target"])
    for name, targets in found.items():
        known.put(Due(name, tuple(targets)))
    return [target for targets in found.values() for target in targets]


async def _find_members(conn: Connection, messages: Iterable[Message], known: Known) -> list[str]:
    wholes = set(_wholes(messages))
    if not wholes:
        return []
    found: dict[str, list[str]] = {cluster: [] for cluster in wholes}
    for row in await conn.fetch(_SQL["find_members"], list(wholes)):
        found[row["cluster_id"]].append(row["resource_id"])
    for cluster, resources in found.items():
        known.put(Members(cluster, tuple(resources)))
    return [resource for resources in found.values() for resource in resources]


async def _load_poc_ends(conn: Connection, messages: Sequence[Message], passing: Found, known: Known) -> None:
    """Those that are told or due, locked; and those that may have ended what is asked for."""
    locked = {*passing.poc_ends, *(each.account for each in messages if isinstance(each, PocWalletEnded))}
    asked = {each.account for each in messages if _is_paid_by_poc(each, known)} - locked
    for query, accounts in (("lock_poc_ends", locked), ("read_poc_ends", asked)):
        if accounts:
            for row in await conn.fetch(_SQL[query], list(accounts)):
                known.put(poc_end_of(row))


def _is_paid_by_poc(message: Message, known: Known) -> TypeGuard[CreateResource | RenewResource]:
    if isinstance(message, RenewResource):
        resource = known.get(Resource, message.resource)
        return resource is not None and resource.is_poc
    return isinstance(message, CreateResource) and message.billing == "poc"


def _wholes(messages: Iterable[Message]) -> Iterator[str]:
    """The clusters that may change as a whole."""
    for message in messages:
        if isinstance(message, ConvertCluster | DeleteCluster):
            yield message.cluster
        elif isinstance(message, ResourceChanged) and is_of_cluster(message.request):
            yield message.resource


def _resources(messages: Iterable[Message]) -> Iterator[str]:
    for message in messages:
        if not isinstance(message, (CheckChanges, *_OF_CLUSTER, *OF_MANY)):
            yield message.key
        if isinstance(message, ConvertCluster):
            # Also those that are gone: why they are, it is told.
            yield from (metered.resource for metered in message.metered)
        if isinstance(message, CreateResource) and message.cluster is not None:
            # An id is not both: of what exists, one is found by either.
            yield message.cluster


def _clusters(messages: Iterable[Message], due: Iterable[str], known: Known) -> Iterator[str]:
    for message in messages:
        yield from _clusters_of(message, known)
    for target in due:
        resource = known.get(Resource, resource_in(target) or "")
        if resource is not None and resource.status == "creating" and resource.cluster is not None:
            yield resource.cluster


def _clusters_of(message: Message, known: Known) -> Iterator[str]:
    if isinstance(message, _OF_CLUSTER):
        yield message.cluster
    elif isinstance(message, CreateResource):
        yield message.resource
        if message.cluster is not None:
            yield message.cluster
    elif isinstance(message, ResourceChangeRefused) and is_of_cluster(message.request):
        # Nothing is counted, but the change that waits is found by its cluster.
        yield message.resource
    elif _is_counted(message):
        yield _cluster_of(message.key, known) or message.key


def _is_counted(message: Message) -> bool:
    if isinstance(message, ResourceChanged):
        return message.action in _COUNTED_WHEN_CHANGED
    if isinstance(message, ResourceChangeRefused):
        return message.action == "create"
    return isinstance(message, _COUNTED)


def _cluster_of(resource: str, known: Known) -> str | None:
    found = known.get(Resource, resource)
    return None if found is None else found.cluster


async def _save(
    conn: Connection, known: Known, kind: type[E], noun: str, row_of: Callable[[E, int], tuple[object, ...]]
) -> None:
    made = known.made(kind)
    for verb, is_made in (("add", True), ("save", False)):
        rows = [row_of(*one) for one in known.changed(kind) if (one[0].key in made) is is_made]
        if rows:
            await conn.execute(_SQL[f"{verb}_{noun}"], rows)


def _row_of_resource(known: Known, resource: Resource, event_sequence: int) -> tuple[object, ...]:
    return row_of_resource(resource, event_sequence, known.get(Watch, resource.id) or Watch(resource.id))


async def _save_watches(conn: Connection, known: Known) -> None:
    """Those of resources that are as they were; the others' go with the resource."""
    saved = {resource.id for resource, _ in known.changed(Resource)}
    watches = [watch for watch, _ in known.changed(Watch) if watch.resource not in saved]
    found = [(known.get(Resource, watch.resource), watch) for watch in watches]
    if rows := [row_of_watch(resource, watch) for resource, watch in found if resource is not None]:
        await conn.execute(_SQL["save_watches"], rows)


async def _save_changes(conn: Connection, known: Known) -> None:
    made = known.made(Change)
    changes = [change for change, _ in known.changed(Change)]
    asked = [change for change in changes if change.open]
    for query, is_made in (("add_changes", True), ("save_changes", False)):
        if rows := [row_of_change(each) for each in asked if (each.key in made) is is_made]:
            await conn.execute(_SQL[query], rows)
    if over := [change.key for change in changes if not change.open and change.key not in made]:
        await conn.execute(_SQL["forget_changes"], over)
