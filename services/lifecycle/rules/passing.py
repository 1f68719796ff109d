"""What time does: a period ends and grace begins, grace ends, and what was stopped or thrown away for long enough is gone.

Each step takes effect at the resource's own instant, however late the minute is that finds it; several at once, if need be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.lifecycle import when
from services.lifecycle.rules.asking import change_of, conversion_of, told_provider
from services.lifecycle.rules.ending import poc_over
from services.lifecycle.rules.settling import Move, settled_by_cluster
from services.lifecycle.rules.telling import joined, told
from services.lifecycle.state import Resource, Step, Watch
from services.lifecycle.when import Passing
from shared.contracts.ends import ResourceGraceBegan, ResourceReleased, ResourceSuspended
from shared.contracts.message import Message
from shared.contracts.resources import CheckLife
from shared.engine.decision import Cause, Decision, Known, said, sliced


def check_life(_: CheckLife, known: Known, cause: Cause) -> Decision:
    """All that fell due up to this minute happens. What the provider is about to change waits until that is over: it was
    asked for before, and takes effect before."""
    moves, says, cleared = list[Move](), list[Message](), dict[str | None, datetime]()
    for id_ in sliced(known, cause):
        before = known.get(Resource, id_)
        if before is None or _waits(before, known):
            continue
        watch = watch_of(before, known)
        after, messages = _passed(before, watch, cause)
        moves += [(before, after)] if messages else []
        says += messages
        if watch.poc_ended_at is not None:
            cleared[before.cluster] = watch.poc_ended_at
    return joined(said(*says), settled_by_cluster(known, moves, cleared))


def watch_of(resource: Resource, known: Known) -> Watch:
    """What is remembered of it, as it counts now."""
    return (known.get(Watch, resource.id) or Watch(resource.id)).of(resource)


def _waits(resource: Resource, known: Known) -> bool:
    """Whether it is about to be changed, alone or perhaps with its cluster."""
    with_cluster = resource.cluster is not None and conversion_of(resource.cluster, known) is not None
    return with_cluster or change_of(resource, known) is not None


def _passed(resource: Resource, watch: Watch, cause: Cause) -> tuple[Resource, list[Message]]:
    says: list[Message] = []
    while (due := when.passing(resource, watch)) is not None and due.due <= cause.at:
        if due.step == "end_poc":
            resource, messages = poc_over(resource, cause, due.at)
            says += messages
        else:
            resource = _after(resource, due)
            says += _TOLD[due.step](resource, due, cause)
    return resource, says


def _after(resource: Resource, due: Passing) -> Resource:
    after = resource.after(due.step)
    gone = after.status == "released"
    return replace(after, terms=(), metered=None, trash_until=None, auto_renew=False) if gone else after


def _grace_began(resource: Resource, due: Passing, _: Cause) -> list[Message]:
    return [told(ResourceGraceBegan, resource, due.at, next_at=due.at + when.GRACE)]


def _suspended(resource: Resource, due: Passing, cause: Cause) -> list[Message]:
    event = told(ResourceSuspended, resource, due.at, by="end", next_at=due.at + when.SUSPENDED_FOR)
    return [event, told_provider(resource, "suspend", cause, due.at)]


def _released(resource: Resource, due: Passing, cause: Cause) -> list[Message]:
    event = told(ResourceReleased, resource, due.at)
    return [event, told_provider(resource, "release", cause, due.at)]


_TOLD: Final[Mapping[Step, Callable[[Resource, Passing, Cause], list[Message]]]] = {
    "end": _grace_began,
    "end_grace": _suspended,
    "end_suspension": _released,
    "empty_trash": _released,
}
