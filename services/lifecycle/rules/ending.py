"""How a resource ends: its POC is stopped without paying, or it is deleted, alone or with its cluster.

Both win over whatever change of it is under way: nobody goes on paying for what was stopped or deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.asking import (
    called_off,
    change_of,
    conversion_of,
    conversion_with,
    in_change,
    told_provider,
)
from services.lifecycle.rules.finding import Against, found, found_cluster, has_stopped, is_deleted, unless
from services.lifecycle.rules.settling import settled
from services.lifecycle.rules.telling import given_back, joined, refused, told, unused
from services.lifecycle.state import Members, Resource
from shared.contracts.lifecycle import ClusterDeleted, EndedBy, ResourceDeleted, ResourceExpired
from shared.contracts.message import Message
from shared.contracts.resources import DeleteCluster, DeleteResource, ExpireResource, ReportPocStopped
from shared.engine.decision import Cause, Decision, Known, said
from shared.terms import unused_value

# How long what was stopped without paying can still be renewed or recovered. What would be metered can be neither: like at
# the end of its POC wallet, it is gone at once.
EXPIRED_FOR: Final = timedelta(days=7)
# So long what was on a POC wallet that has ended waits in the trash, whatever its kind.
TRASH_OF_POC: Final = timedelta(days=7)


def expire_resource(ask: ExpireResource, known: Known, cause: Cause) -> Decision:
    """An order stops the POC of a resource without paying; with the last one of a cluster, the cluster's POC ends."""
    before = unless(found(ask, known), lambda resource: _against_expiry(resource, known))
    if isinstance(before, Reason):
        return said(refused(ask, before, cause.at))
    return _expired(before, known, cause, ask.order)


def report_poc_stopped(ask: ReportPocStopped, known: Known, cause: Cause) -> Decision:
    """The POC was stopped elsewhere. A conversion under way comes too late; the cluster's flag stays until it is cleared."""
    before = unless(found(ask, known), _against_report)
    if isinstance(before, Reason):
        return said(refused(ask, before, cause.at))
    return joined(_expired(before, known, cause, None), _called_off(before, known, Reason.ALREADY_STOPPED))


def delete_resource(ask: DeleteResource, known: Known, cause: Cause) -> Decision:
    """Into the trash, or away for good where its kind has none; its unused value is given back."""
    before = unless(found(ask, known), _against_deletion)
    if isinstance(before, Reason):
        return said(refused(ask, before, cause.at))
    after = _deleted(before, cause.at)
    return joined(
        said(*_deletion_told(before, after, cause, cause.at)),
        settled(known, [(before, after)]),
        _called_off(before, known, Reason.RESOURCE_DELETED),
    )


def delete_cluster(ask: DeleteCluster, known: Known, cause: Cause) -> Decision:
    """All that is there of it is deleted, and its POC is over."""
    cluster = found_cluster(ask, known)
    if isinstance(cluster, Reason):
        return said(refused(ask, cluster, cause.at))
    moves = [(each, _deleted(each, cause.at)) for each in _there(cluster.id, known)]
    says = [
        message
        for before, after in moves
        for message in _deletion_told(before, after, cause, cause.at, by="cluster")
    ]
    end = ClusterDeleted(
        account=cluster.account, cluster=cluster.id, resources=len(moves), effective_at=cause.at
    )
    now = replace(cluster.counted(moves), poc=False, version=cluster.version + 1)
    conversion = conversion_of(cluster.id, known)
    return joined(
        Decision((*(after for _, after in moves), now), (), (*says, end)),
        *(change_called_off(before, known, Reason.RESOURCE_DELETED) for before, _ in moves),
        Decision() if conversion is None else called_off(conversion, Reason.CHANGED_MEANWHILE),
    )


def _expired(before: Resource, known: Known, cause: Cause, order: str | None) -> Decision:
    value = unused_value(before.terms, cause.at)
    kept = EXPIRED_FOR if before.flags.billing == "prepaid" else timedelta()
    after = replace(before.ending("expire", cause.at, cause.at + kept), auto_renew=False)
    event = told(
        ResourceExpired,
        after,
        cause.at,
        order=order,
        trash_until=after.trash_until,
        **unused(before, value),
    )
    provider = told_provider(after, "expire", cause, cause.at)
    return joined(
        said(event),
        settled(known, [(before, after)], cleared_at=None if order is None else cause.at),
        said(*given_back(before, value, cause.at), provider),
    )


def _deleted(before: Resource, at: datetime) -> Resource:
    if before.can("not_made"):
        return before.after("not_made")
    days = before.flags.trash_days
    if before.status == "expired":
        return before.ending("delete", at, before.trash_until)
    if days == 0:
        return replace(before.ending("delete_for_good", at, None), metered=None)
    return replace(before.ending("delete", at, at + timedelta(days=days)), metered=None)


def poc_over(before: Resource, cause: Cause, at: datetime) -> tuple[Resource, tuple[Message, ...]]:
    """As it is when its POC wallet has ended: what would be metered is gone at once, the rest waits in the trash."""
    if before.can("not_made"):
        after = before.after("not_made")
    elif before.flags.billing == "hold":
        after = before.ending("delete_for_good", at, None)
    else:
        after = before.ending("delete", at, at + TRASH_OF_POC)
    return after, _deletion_told(before, after, cause, at, by="poc_wallet")


def _deletion_told(
    before: Resource, after: Resource, cause: Cause, at: datetime, *, by: EndedBy = "customer"
) -> tuple[Message, ...]:
    value = unused_value(before.terms, at) if before.billing == "poc" or before.flags.refund else 0
    more = {"by": by, "metered": before.metered, "trash_until": after.trash_until, **unused(before, value)}
    event = told(ResourceDeleted, after, at, **more)
    # What was still being made is called off instead.
    provider = () if before.can("not_made") else (told_provider(after, "delete", cause, at),)
    return (event, *given_back(before, value, at), *provider)


def _called_off(resource: Resource, known: Known, reason: Reason) -> Decision:
    """Its change that is under way; and the conversion of its cluster, which is of the whole or nothing."""
    conversion = conversion_with(resource, known)
    return joined(
        change_called_off(resource, known, reason),
        Decision() if conversion is None else called_off(conversion, Reason.CHANGED_MEANWHILE),
    )


def change_called_off(resource: Resource, known: Known, reason: Reason) -> Decision:
    """Its change that is under way."""
    change = change_of(resource, known)
    return Decision() if change is None else called_off(change, reason)


def _there(cluster: str, known: Known) -> Iterator[Resource]:
    members = known.get(Members, cluster)
    for id_ in () if members is None else members.resources:
        each = known.get(Resource, id_)
        if each is not None and each.is_there:
            yield each


def _against_expiry(resource: Resource, known: Known) -> Against:
    yield has_stopped(resource), Reason.ALREADY_STOPPED
    yield is_deleted(resource), Reason.RESOURCE_DELETED
    yield in_change(resource, known), Reason.IN_CHANGE
    yield not resource.can("expire"), Reason.NOT_ACTIVE


def _against_report(resource: Resource) -> Against:
    yield has_stopped(resource), Reason.ALREADY_STOPPED
    yield is_deleted(resource), Reason.RESOURCE_DELETED
    yield not resource.can("expire"), Reason.NOT_ACTIVE


def _against_deletion(resource: Resource) -> Against:
    yield is_deleted(resource), Reason.RESOURCE_DELETED
