"""Taking the POC flag from a cluster in which nothing is POC any more. It costs nothing."""

from __future__ import annotations

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.finding import Against, first, found_cluster
from services.lifecycle.rules.telling import refused
from services.lifecycle.state import Cluster
from shared.contracts.lifecycle import ClusterCleared
from shared.contracts.resources import ClearCluster
from shared.engine.decision import Cause, Decision, Known, changed, said


def clear_cluster(ask: ClearCluster, known: Known, cause: Cause) -> Decision:
    """The cluster is no longer POC."""
    cluster = _to_clear(ask, known)
    if isinstance(cluster, Reason):
        return said(refused(ask, cluster, cause.at))
    cleared = ClusterCleared(account=cluster.account, cluster=cluster.id, effective_at=cause.at)
    return changed(cluster.cleared(), says=(cleared,))


def _to_clear(ask: ClearCluster, known: Known) -> Cluster | Reason:
    cluster = found_cluster(ask, known)
    if isinstance(cluster, Reason):
        return cluster
    return first(_against(cluster)) or cluster


def _against(cluster: Cluster) -> Against:
    yield cluster.poc_remaining > 0, Reason.STILL_POC
    yield not cluster.poc, Reason.NOT_POC
