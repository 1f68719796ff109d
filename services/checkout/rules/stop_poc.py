"""StopPoc: which resources it is for, how they are to be paid, and what they cost from this minute on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from services.checkout.pricing import Period, Thing, line_for, metered_for
from services.checkout.reasons import Reason
from services.checkout.rules.answers import answered
from services.checkout.rules.placing import Placing, Wanted, place
from services.checkout.rules.standing import from_outside
from services.checkout.state import Cluster, Item, Members
from shared import catalogue
from shared.contracts.checkout import MOST_LINES, StopPoc
from shared.contracts.orders import MOST_FAILURES_TOLD, Failure, PocStopped
from shared.contracts.resources import ClearCluster
from shared.contracts.topics import MOST_MESSAGE_BYTES
from shared.engine.decision import Cause, Decision, Known, said
from shared.period import months_after, to_minute

# What a command says besides its list; generous.
_MOST_HEAD_BYTES: Final = 4 * 1024


class _Scope(NamedTuple):
    """What is asked about: the cluster, those of it that are POC and can be converted, and those chosen."""

    cluster: Cluster | None
    convertible: tuple[Item, ...]
    chosen: tuple[Item, ...] | None


def stop_poc(ask: StopPoc, known: Known, cause: Cause) -> Decision:
    """An order over all that is still POC. Where nothing is, the cluster's flag is cleared, and it costs nothing."""
    return answered(ask, _stopped(ask, known, cause), cause)


def _stopped(ask: StopPoc, known: Known, cause: Cause) -> Decision | Reason:
    scope = _scope(ask, known)
    if isinstance(scope, Reason):
        return scope
    if scope.cluster is not None and not scope.convertible:
        return _cleared(ask, scope.cluster, cause) if scope.cluster.poc else Reason.NOT_POC
    targets = _targets(ask, scope)
    if isinstance(targets, Reason):
        return targets
    busy = tuple(item for item in targets if item.open_order is not None)
    free = tuple(item for item in targets if item.open_order is None)
    wanted = _priced(ask, free, known, cause)
    if isinstance(wanted, Reason):
        return wanted
    left = len(scope.convertible) - len(free) if scope.cluster else len(busy)
    placing = Placing(
        "stop_poc",
        ask.key,
        ask.account,
        ask.pay,
        ask.coupon,
        ask.cluster,
        left,
        _told(busy),
        **from_outside(ask),
    )
    return place(placing, wanted, known, cause)


def _scope(ask: StopPoc, known: Known) -> _Scope | Reason:
    if ask.cluster is None and ask.resources is None:
        return Reason.NOTHING_NAMED
    cluster = None
    if ask.cluster is not None and (cluster := known.get(Cluster, ask.cluster)) is None:
        return Reason.CLUSTER_UNKNOWN
    chosen = None if ask.resources is None else _items(ask.resources, known)
    if chosen is None and ask.resources is not None:
        return Reason.RESOURCE_UNKNOWN
    owners = {item.account for item in chosen or ()} | ({cluster.account} if cluster else set())
    if owners != {ask.account}:
        return Reason.NOT_OWNER
    if cluster is not None and any(item.cluster != cluster.id for item in chosen or ()):
        return Reason.NOT_IN_CLUSTER
    return _Scope(cluster, _convertible(cluster, known) if cluster else (), chosen)


def _items(resources: Iterable[str], known: Known) -> tuple[Item, ...] | None:
    """Each of them once; nothing, where one is unknown."""
    found = [known.get(Item, resource) for resource in dict.fromkeys(resources)]
    items = tuple(item for item in found if item is not None and not item.is_imagined)
    return items if len(items) == len(found) else None


def _convertible(cluster: Cluster, known: Known) -> tuple[Item, ...]:
    """Its servers and volumes that are still POC, by id."""
    members = known.get(Members, cluster.id)
    found = [known.get(Item, resource) for resource in sorted(members.resources if members else ())]
    return tuple(item for item in found if item is not None and item.is_poc and _converts(item))


def _converts(item: Item) -> bool:
    return catalogue.of(item.kind).converts


def _is_metered(item: Item) -> bool:
    return catalogue.of(item.kind).billing == "hold"


def _cleared(ask: StopPoc, cluster: Cluster, cause: Cause) -> Decision:
    clear = ClearCluster(account=ask.account, cluster=cluster.id, effective_at=cause.at)
    stopped = PocStopped(
        subject=ask.key,
        account=ask.account,
        cluster=cluster.id,
        pay=ask.pay,
        status="completed",
        total=0,
        given_back=0,
        converted=0,
        failed=[],
        left=0,
        effective_at=cause.at,
    )
    return said(stopped, clear)


def _targets(ask: StopPoc, scope: _Scope) -> tuple[Item, ...] | Reason:
    """Those it is for, as they can be paid that way."""
    if scope.chosen is None:
        targets = scope.convertible
    else:
        targets = tuple(
            item for item in scope.chosen if item.is_poc and (scope.cluster is None or _converts(item))
        )
    if not targets:
        return Reason.ALREADY_STOPPED
    payable = _payable(ask, targets)
    if isinstance(payable, Reason):
        return payable
    # What is metered in a cluster stops POC as a whole; what stands alone may be chosen.
    by_whole = ask.pay == "hold" and (scope.cluster is not None or any(item.cluster for item in payable))
    if by_whole and scope.chosen is not None:
        return Reason.CLUSTER_WHOLE_ONLY
    # The others stand, whatever becomes of one (docs/decisions/0302).
    in_hand = sum(item.open_order is not None for item in payable)
    if in_hand == len(payable) or (in_hand and by_whole):
        return Reason.RESOURCE_BUSY
    return Reason.TOO_MANY_RESOURCES if len(payable) > MOST_LINES else payable


def _told(busy: Iterable[Item]) -> tuple[Failure, ...]:
    """Those left out, because another order has them in hand."""
    why = Reason.RESOURCE_BUSY
    told = [Failure(resource=item.resource, reason=why.value, explanation=why.sentence) for item in busy]
    return tuple(told[:MOST_FAILURES_TOLD])


def _payable(ask: StopPoc, targets: tuple[Item, ...]) -> tuple[Item, ...] | Reason:
    if ask.pay == "poc":
        return Reason.PAY_NOT_POC
    if ask.pay == "none":
        return targets
    by_hold = ask.pay == "hold"
    payable = tuple(item for item in targets if _is_metered(item) == by_hold)
    return payable or (Reason.PAY_BY_CREDIT if by_hold else Reason.PAY_BY_HOLD)


def _priced(ask: StopPoc, targets: Sequence[Item], known: Known, cause: Cause) -> list[Wanted] | Reason:
    if ask.pay == "none":
        return [Wanted(item) for item in targets]
    if ask.pay == "hold":
        return _metered(targets, known, cause)
    period = Period(to_minute(cause.at), months_after(cause.at, ask.months))
    wanted = []
    for item in targets:
        line = line_for(_thing(item), period, known, cause.at)
        if isinstance(line, Reason):
            return line
        wanted.append(Wanted(item, line, None, ask.auto_renew, ask.months))
    return wanted


def _metered(targets: Sequence[Item], known: Known, cause: Cause) -> list[Wanted] | Reason:
    wanted, size = [], _MOST_HEAD_BYTES
    for item in targets:
        metered = metered_for(_thing(item), known, cause.at)
        if isinstance(metered, Reason):
            return metered
        wanted.append(Wanted(item, None, metered))
        # They are converted by one message, which must be one that is read.
        size += len(metered.model_dump_json()) + 1
    return wanted if size <= MOST_MESSAGE_BYTES else Reason.TOO_MANY_RESOURCES


def _thing(item: Item) -> Thing:
    return Thing(item.resource, item.kind, item.flavor, item.quantity)
