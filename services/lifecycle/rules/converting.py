"""Stop POC: a POC resource becomes a paid one in place, or a whole cluster of them becomes metered; one way only.

What is left of the POC value goes back to the POC wallet, and the paid time starts at the same instant: no minute is
billed twice, and none is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.asking import begun, change_of, conversion_of, in_change
from services.lifecycle.rules.finding import (
    Against,
    first,
    found,
    found_cluster,
    has_stopped,
    is_deleted,
    unless,
)
from services.lifecycle.rules.priced import bought, buys, same_size
from services.lifecycle.rules.settling import settled
from services.lifecycle.rules.telling import given_back, joined, refused, told, unused
from services.lifecycle.state import Members, Resource
from shared.contracts.lifecycle import ClusterConverted, ResourceConverted
from shared.contracts.message import Message
from shared.contracts.parts import Line, Metered
from shared.contracts.resources import ConvertCluster, ConvertResource
from shared.engine.decision import Cause, Decision, Known, said
from shared.period import to_minute
from shared.terms import unused_value


def convert_resource(ask: ConvertResource, known: Known, cause: Cause) -> Decision:
    """Asks the provider to convert one resource that is still POC, and just as it was priced."""
    resource = unless(found(ask, known), lambda each: _against(ask, each, known, cause))
    return said(refused(ask, resource, cause.at)) if isinstance(resource, Reason) else begun(ask, cause)


def converted(ask: ConvertResource, known: Known, _: Cause) -> Decision:
    """The provider has converted it."""
    before = known.get(Resource, ask.resource)
    if before is None or not before.is_poc:
        return Decision()
    after = _used(before, ask.metered, ask.effective_at) if ask.line is None else _paid(before, ask, ask.line)
    value = unused_value(before.terms, ask.effective_at)
    event = told(
        ResourceConverted,
        after,
        ask.effective_at,
        order=ask.order,
        line=ask.line,
        metered=ask.metered,
        **unused(before, value),
    )
    return joined(
        Decision(says=(event,)),
        settled(known, [(before, after)], cleared_at=ask.effective_at),
        Decision(says=given_back(before, value, ask.effective_at)),
    )


def _paid(before: Resource, ask: ConvertResource, line: Line) -> Resource:
    return replace(
        before.after("convert"),
        billing="prepaid",
        starts=line.starts,
        until=line.until,
        terms=(bought(line),),
        auto_renew=ask.auto_renew and before.flags.auto_renew,
        months=ask.months,
    )


def _used(before: Resource, metered: Metered | None, at: datetime) -> Resource:
    return replace(
        before.after("convert"), billing="hold", starts=to_minute(at), until=None, terms=(), metered=metered
    )


def convert_cluster(ask: ConvertCluster, known: Known, cause: Cause) -> Decision:
    """Asks the provider to convert all of a cluster that is POC and metered afterwards: the whole or nothing."""
    cluster = found_cluster(ask, known)
    reason = cluster if isinstance(cluster, Reason) else first(_against_whole(ask, known))
    return begun(ask, cause) if reason is None else said(refused(ask, reason, cause.at))


def cluster_converted(ask: ConvertCluster, known: Known, _: Cause) -> Decision:
    """The provider has converted all of them."""
    at = ask.effective_at
    done = [
        (resource, _used(resource, metered, at))
        for resource, metered in _named(ask, known)
        if resource.is_poc
    ]
    says = [message for before, after in done for message in _metered_told(before, after, ask)]
    end = ClusterConverted(
        account=ask.account, cluster=ask.cluster, order=ask.order, resources=len(done), effective_at=at
    )
    settling = settled(known, done, cleared_at=at) if done else Decision()
    return joined(Decision(says=(*says, end)), settling)


def _metered_told(before: Resource, after: Resource, ask: ConvertCluster) -> Iterator[Message]:
    at = ask.effective_at
    value = unused_value(before.terms, at)
    more = {"order": ask.order, "metered": after.metered, **unused(before, value)}
    yield told(ResourceConverted, after, at, **more)
    yield from given_back(before, value, at)


def _named(ask: ConvertCluster, known: Known) -> Iterator[tuple[Resource, Metered]]:
    for metered in sorted(ask.metered, key=lambda each: each.resource):
        if (resource := known.get(Resource, metered.resource)) is not None:
            yield resource, metered


def _against(ask: ConvertResource, resource: Resource, known: Known, cause: Cause) -> Against:
    yield has_stopped(resource), Reason.ALREADY_STOPPED
    yield is_deleted(resource), Reason.RESOURCE_DELETED
    yield in_change(resource, known), Reason.IN_CHANGE
    yield not resource.can("convert"), Reason.NOT_ACTIVE
    # What is metered afterwards stops POC with its whole cluster, if it is in one.
    is_alone = ask.metered is not None and resource.cluster is None
    yield resource.flags.billing != "prepaid" and not is_alone, Reason.NOT_PREPAID
    yield not _fits(ask, resource, cause), Reason.CHANGED_MEANWHILE


def _fits(ask: ConvertResource, resource: Resource, cause: Cause) -> bool:
    if ask.line is None or ask.metered is not None:
        metered = ask.metered
        fits = metered is not None and ask.line is None and same_size(metered, resource, resource.id)
        return fits and resource.flags.billing == "hold"
    return buys(ask.line, resource, resource.id, to_minute(cause.at))


def _against_whole(ask: ConvertCluster, known: Known) -> Against:
    members = list(_that_are_poc(ask.cluster, known))
    converts = conversion_of(ask.cluster, known) is not None
    yield converts or any(change_of(each, known) for each in members), Reason.IN_CHANGE
    # Nothing of it needed to be paid for: unless it was deleted, or ended with the POC wallet, under the order's hands.
    yield not members and any(is_deleted(each) for each, _ in _named(ask, known)), Reason.RESOURCE_DELETED
    yield not members, Reason.ALREADY_STOPPED
    priced = {metered.resource: metered for metered in ask.metered}
    whole = len(priced) == len(ask.metered) and priced.keys() == {each.id for each in members}
    same = whole and all(same_size(priced[each.id], each, each.id) for each in members)
    yield not same, Reason.CHANGED_MEANWHILE


def _that_are_poc(cluster: str, known: Known) -> Iterator[Resource]:
    """What must be converted together; what is being made as POC belongs to it, and is waited for."""
    members = known.get(Members, cluster)
    for id_ in () if members is None else members.resources:
        each = known.get(Resource, id_)
        if each is not None and each.is_there and each.billing == "poc" and _is_metered_afterwards(each):
            yield each


def _is_metered_afterwards(resource: Resource) -> bool:
    return resource.flags.converts and resource.flags.billing == "hold"
