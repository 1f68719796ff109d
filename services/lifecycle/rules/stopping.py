"""What stops because it is not paid any more: all POC when the POC wallet ends, and what is metered when its debt was not paid.

Both may be about thousands of resources: they are done so many at a time, each time by a message of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from services.lifecycle import when
from services.lifecycle.reasons import Reason
from services.lifecycle.rules.asking import change_of, conversion_with, told_provider
from services.lifecycle.rules.ending import change_called_off, poc_over
from services.lifecycle.rules.passing import watch_of
from services.lifecycle.rules.settling import settled_by_cluster
from services.lifecycle.rules.telling import joined, told
from services.lifecycle.state import PocEnd, Resource
from shared.contracts.ends import MeteredStopped, PocEnded, ResourceSuspended
from shared.contracts.holding import DebtStopped, PocWalletEnded
from shared.contracts.message import Message
from shared.contracts.resources import CheckPocEnds, ConvertResource, EndPoc, StopMetered
from shared.engine.decision import Cause, Decision, Known, Slice, changed, said, sliced


def poc_wallet_ended(event: PocWalletEnded, known: Known, cause: Cause) -> Decision:
    """From now on nothing is made on it; what is there ends some minutes later (docs/decisions/0407)."""
    before = known.get(PocEnd, event.account)
    if before is not None and before.ended_at >= cause.at:
        return Decision()
    return changed(PocEnd(event.account, cause.at, cause.at), says=())


def check_poc_ends(_: CheckPocEnds, known: Known, cause: Cause) -> Decision:
    """POC stops for everything on those that were looked at before. It is counted from look to look: after an outage, what
    was ordered before has its time too."""
    return joined(*(_looked_at(end, cause.at) for end in _due(known, cause)))


def _due(known: Known, cause: Cause) -> Iterator[PocEnd]:
    for account in sliced(known, cause):
        end = known.get(PocEnd, account)
        if end is not None and end.due_at is not None and end.due_at <= cause.at:
            yield end


def _looked_at(end: PocEnd, at: datetime) -> Decision:
    if not end.was_seen:
        return changed(replace(end, due_at=at + when.POC_ENDS_AFTER), says=())
    return changed(replace(end, due_at=None), says=(EndPoc(account=end.account, effective_at=end.ended_at),))


def debt_stopped(event: DebtStopped, _: Known, cause: Cause) -> Decision:
    """What the account has of that product is stopped."""
    return said(StopMetered(account=event.account, product=event.product, effective_at=cause.at))


def end_poc(ask: EndPoc, known: Known, cause: Cause) -> Decision:
    """What is prepaid waits in the trash, what would be metered is deleted at once. A conversion that was paid before is waited
    for: should it fail, POC ends then (docs/decisions/0405)."""
    on_it = [each for each in _found(known, cause) if _is_on_poc(each, cause.at)]
    over = [each for each in on_it if not _converts(each, known)]
    kept = [watch_of(each, known) for each in on_it if _converts(each, known)]
    answer = PocEnded(account=ask.account, resources=len(over), effective_at=cause.at)
    return joined(
        changed(*(replace(watch, poc_ended_at=cause.at) for watch in kept), says=()),
        _over(over, known, cause),
        said(answer, *_more(ask, known, cause)),
    )


def _over(resources: Sequence[Resource], known: Known, cause: Cause) -> Decision:
    ended = [(before, *poc_over(before, cause, cause.at)) for before in resources]
    return joined(
        said(*(message for *_, messages in ended for message in messages)),
        settled_by_cluster(
            known,
            [(before, after) for before, after, _ in ended],
            {each.cluster: cause.at for each in resources},
        ),
        *(change_called_off(before, known, Reason.RESOURCE_DELETED) for before in resources),
    )


def stop_metered(ask: StopMetered, known: Known, cause: Cause) -> Decision:
    """They are stopped, and their use ends. A top-up does not start them again: recovering them does (docs/decisions/0406)."""
    stopped = [each for each in _found(known, cause) if each.billing == "hold" and each.can("stop")]
    # What began later was in no debt then.
    stopped = [each for each in stopped if each.flags.product == ask.product and each.starts < cause.at]
    released_at = cause.at + when.SUSPENDED_FOR
    after = [replace(each.after("stop"), trash_until=released_at) for each in stopped]
    answer = MeteredStopped(
        account=ask.account, product=ask.product, resources=len(after), effective_at=cause.at
    )
    says = [message for each in after for message in _stopped_told(each, released_at, cause)]
    return joined(
        changed(*after, says=says),
        *(change_called_off(each, known, Reason.NOT_ACTIVE) for each in stopped),
        said(answer, *_more(ask, known, cause)),
    )


def _stopped_told(resource: Resource, released_at: datetime, cause: Cause) -> Iterator[Message]:
    yield told(
        ResourceSuspended, resource, cause.at, metered=resource.metered, by="debt", next_at=released_at
    )
    yield told_provider(resource, "suspend", cause, cause.at)


def _found(known: Known, cause: Cause) -> Iterator[Resource]:
    for id_ in sliced(known, cause):
        if (resource := known.get(Resource, id_)) is not None:
            yield resource


def _more(ask: EndPoc | StopMetered, known: Known, cause: Cause) -> tuple[Message, ...]:
    """The same for those that follow, where there are any."""
    found = known.get(Slice, cause.id)
    return (ask.model_copy(update={"after": found.keys[-1]}),) if found is not None and found.more else ()


def _is_on_poc(resource: Resource, ended_at: datetime) -> bool:
    """Whether that wallet has paid for it; what began later is on a newer grant."""
    return resource.billing == "poc" and resource.is_there and resource.starts < ended_at


def _converts(resource: Resource, known: Known) -> bool:
    """Whether it is being converted, alone or with its cluster."""
    change = change_of(resource, known)
    alone = change is not None and isinstance(change.ask, ConvertResource)
    return alone or conversion_with(resource, known) is not None
