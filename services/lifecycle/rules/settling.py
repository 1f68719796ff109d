"""How a cluster follows its resources: it counts those that are there, and those that are still POC.

Whatever moves a resource is counted here and nowhere else, so the count is always right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.lifecycle.rules.telling import joined
from services.lifecycle.state import Cluster, Resource
from shared.contracts.lifecycle import ClusterCleared
from shared.contracts.resources import MOST_RESOURCES
from shared.engine.decision import Decision, Known

Move = tuple[Resource | None, Resource]


def settled(known: Known, moves: Sequence[Move], *, cleared_at: datetime | None = None) -> Decision:
    """The resources (of one cluster, or of none) as they are now, and their cluster.

    With `cleared_at` they leave POC by an order of that instant: with the last of them the cluster is no longer POC.
    """
    resources = tuple(after for _, after in moves)
    cluster = None if moves[0][1].cluster is None else known.get(Cluster, moves[0][1].cluster)
    if cluster is None:
        return Decision(resources)
    now = cluster.counted(moves)
    if now is cluster:
        return Decision(resources)
    if cleared_at is None or not (cluster.poc_remaining > 0 == now.poc_remaining):
        return Decision((*resources, now))
    cleared = ClusterCleared(account=cluster.account, cluster=cluster.id, effective_at=cleared_at)
    return Decision((*resources, replace(now, poc=False)), (), (cleared,))


def settled_by_cluster(
    known: Known, moves: Iterable[Move], cleared_at: Mapping[str | None, datetime]
) -> Decision:
    """The same for resources of several clusters, each counted once; some of them leave POC, by cluster."""
    by_cluster: defaultdict[str | None, list[Move]] = defaultdict(list)
    for move in moves:
        by_cluster[move[1].cluster].append(move)
    return joined(*(settled(known, moved, cleared_at=cleared_at.get(of)) for of, moved in by_cluster.items()))


def has_room(resource: Resource, known: Known) -> bool:
    """Whether its cluster takes one more."""
    cluster = None if resource.cluster is None else known.get(Cluster, resource.cluster)
    return cluster is None or cluster.resources < MOST_RESOURCES
