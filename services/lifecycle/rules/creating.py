"""Making a resource that was paid for: asked of the provider, and made when it says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.asking import begun, conversion_of
from services.lifecycle.rules.finding import Against, first, poc_is_over
from services.lifecycle.rules.priced import bought, buys, same_size
from services.lifecycle.rules.settling import settled
from services.lifecycle.rules.telling import joined, refused, told
from services.lifecycle.state import Cluster, Members, Resource
from shared import catalogue
from shared.contracts.lifecycle import ResourceCreated
from shared.contracts.resources import MOST_RESOURCES, CreateResource
from shared.engine.decision import Cause, Decision, Known, said
from shared.period import to_minute


def create_resource(ask: CreateResource, known: Known, cause: Cause) -> Decision:
    """Asks the provider for it. What could not be made, or is gone for good, may be asked for again by its id."""
    if (reason := first(_against(ask, known, cause))) is not None:
        return said(refused(ask, reason, cause.at))
    before = known.get(Resource, ask.resource)
    wanted = _wanted(ask, cause, 1 if before is None else before.version + 1)
    new = _new_cluster(ask, known)
    counted = new if new is not None else settled(known, [(before, wanted)])
    return joined(Decision((wanted,)), counted, _joined_members(ask, known), begun(ask, cause))


def created(ask: CreateResource, known: Known, _: Cause) -> Decision:
    """The provider has made it: it runs, and is paid for."""
    before = known.get(Resource, ask.resource)
    if before is None or not before.can("made"):
        return Decision()
    terms = () if ask.line is None else (bought(ask.line),)
    after = replace(before.after("made"), terms=terms, metered=ask.metered)
    event = told(
        ResourceCreated, after, ask.effective_at, order=ask.order, line=ask.line, metered=ask.metered
    )
    return joined(Decision(says=(event,)), settled(known, [(before, after)]))


def not_created(asks: Iterable[CreateResource], known: Known) -> Decision:
    """They were not made: nothing is there. Several of one cluster are counted together."""
    moves = defaultdict(list)
    for ask in asks:
        before = known.get(Resource, ask.resource)
        if before is not None and before.can("not_made"):
            moves[before.cluster].append((before, before.after("not_made")))
    return joined(*(settled(known, of_cluster) for of_cluster in moves.values()))


def _wanted(ask: CreateResource, cause: Cause, version: int) -> Resource:
    renews = ask.auto_renew and ask.billing == "prepaid" and catalogue.of(ask.kind).auto_renew
    return Resource(
        id=ask.resource,
        account=ask.account,
        cluster=ask.cluster,
        kind=ask.kind,
        flavor=ask.flavor,
        quantity=ask.quantity,
        billing=ask.billing,
        status="creating",
        starts=to_minute(cause.at),
        until=None if ask.line is None else ask.line.until,
        auto_renew=renews,
        months=ask.months,
        version=version,
    )


def _new_cluster(ask: CreateResource, known: Known) -> Decision | None:
    if ask.cluster is None or known.get(Cluster, ask.cluster) is not None:
        return None
    return Decision((Cluster(ask.cluster, ask.account, resources=1),))


def _joined_members(ask: CreateResource, known: Known) -> Decision:
    members = None if ask.cluster is None else known.get(Members, ask.cluster)
    if members is None or ask.resource in members.resources:
        return Decision()
    return Decision((Members(members.cluster, (*members.resources, ask.resource)),))


def _against(ask: CreateResource, known: Known, cause: Cause) -> Against:
    found = known.get(Resource, ask.resource)
    cluster = None if ask.cluster is None else known.get(Cluster, ask.cluster)
    yield found is not None and not _is_free(found, ask), Reason.RESOURCE_EXISTS
    yield _has_two_meanings(ask, known), Reason.NAME_TAKEN
    yield cluster is not None and cluster.account != ask.account, Reason.NOT_OWNER
    yield not _is_payable(ask, cause), Reason.TERMS_INVALID
    # Paid in time, and come too late to end with the wallet.
    yield ask.billing == "poc" and poc_is_over(ask.account, to_minute(cause.at), known), Reason.POC_ENDED
    yield cluster is not None and cluster.resources >= MOST_RESOURCES, Reason.CLUSTER_FULL
    yield _is_late(ask, known), Reason.IN_CHANGE


def _is_free(found: Resource, ask: CreateResource) -> bool:
    """What is gone for good may be made again, by who had it and where it was."""
    return found.can("create") and (found.account, found.cluster) == (ask.account, ask.cluster)


def _has_two_meanings(ask: CreateResource, known: Known) -> bool:
    """Events are numbered by what they are about: one id is a resource's or a cluster's, never both."""
    if ask.resource == ask.cluster or known.get(Cluster, ask.resource) is not None:
        return True
    return ask.cluster is not None and known.get(Resource, ask.cluster) is not None


def _is_late(ask: CreateResource, known: Known) -> bool:
    """A whole cluster stops being POC: nothing POC is added to it meanwhile."""
    return ask.cluster is not None and ask.billing == "poc" and conversion_of(ask.cluster, known) is not None


def _is_payable(ask: CreateResource, cause: Cause) -> bool:
    flags = catalogue.of(ask.kind)
    if ask.billing in ("hold", "postpaid"):
        metered = ask.metered
        fits = metered is not None and ask.line is None and same_size(metered, ask, ask.resource)
        # Who pays by the month is billed for use, whatever the kind.
        return fits and (ask.billing == "postpaid" or flags.billing == "hold")
    if ask.line is None or ask.metered is not None:
        return False
    allowed = (
        flags.allows_poc(in_cluster=ask.cluster is not None)
        if ask.billing == "poc"
        else flags.billing == "prepaid"
    )
    return allowed and buys(ask.line, ask, ask.resource, to_minute(cause.at))
