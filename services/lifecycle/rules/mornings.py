"""08:00: what ends soon is renewed by itself, out of the available credit, or its owner is reminded; also what has ended.

checkout orders the renewals and has them paid. Until it answers, nothing else that time brings happens to the resource; a
morning that comes meanwhile waits its turn. So a late or repeated morning is like one that came in time, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from services.lifecycle import when
from services.lifecycle.rules.passing import watch_of
from services.lifecycle.rules.telling import joined, told
from services.lifecycle.state import Ends, Resource, Watch
from shared.contracts.checkout import MOST_RENEWALS, RenewalDue, RenewDue
from shared.contracts.ends import ExpiryReminder
from shared.contracts.message import Message
from shared.contracts.orders import AutoRenewFailed
from shared.contracts.resources import CheckEnds
from shared.engine.decision import Cause, Decision, Known, changed, sliced


def check_ends(_: CheckEnds, known: Known, cause: Cause) -> Decision:
    """Those whose morning has come, account by account: renewals are asked for together, so that they can be paid in order."""
    return joined(
        *(_of_account(_due(account, known, cause.at), known, cause.at) for account in sliced(known, cause))
    )


def auto_renew_failed(event: AutoRenewFailed, known: Known, _: Cause) -> Decision:
    """Not renewed: its owner is reminded instead, and the mornings that came meanwhile have their turn. An answer that nobody
    waits for, because the resource has another end since, changes nothing."""
    resource = known.get(Resource, event.resource)
    if resource is None:
        return Decision()
    watch = watch_of(resource, known)
    if watch.mornings[:1] != (event.due,):
        return Decision()
    says, mornings = list[Message](_reminded(resource, event.due)), watch.mornings[1:]
    while mornings and not _is_renewed(resource, mornings[0]):
        says += _reminded(resource, mornings[0])
        mornings = mornings[1:]
    says += [_renew_due([resource], mornings[0])] if mornings else []
    return changed(replace(watch, mornings=mornings), says=says)


def _of_account(due: Sequence[Resource], known: Known, at: datetime) -> Decision:
    watches, renewed, says = list[Watch](), list[Resource](), list[Message]()
    for resource in due:
        watch = replace(watch_of(resource, known), looked_at=at)
        if watch.mornings:
            watch = replace(watch, mornings=(*watch.mornings, at))
        elif _is_renewed(resource, at):
            watch = replace(watch, mornings=(at,))
            renewed.append(resource)
        else:
            says += _reminded(resource, at)
        watches.append(watch)
    return changed(*watches, says=(*_asked(renewed, at), *says))


def _due(account: str, known: Known, at: datetime) -> list[Resource]:
    """Those of the account whose morning has come, what ends first to the front."""
    ends = known.get(Ends, account)
    found = [known.get(Resource, id_) for id_ in (ends.resources if ends else ())]
    due = [resource for resource in found if resource is not None and _is_due(resource, known, at)]
    return sorted(due, key=lambda resource: (resource.until or at, resource.id))


def _is_due(resource: Resource, known: Known, at: datetime) -> bool:
    morning = when.morning_at(resource, watch_of(resource, known))
    return morning is not None and morning <= at


def _is_renewed(resource: Resource, morning: datetime) -> bool:
    return resource.auto_renew and when.days_to_end(resource, morning) in when.RENEWED


def _asked(resources: Sequence[Resource], at: datetime) -> Iterator[Message]:
    for first in range(0, len(resources), MOST_RENEWALS):
        yield _renew_due(resources[first : first + MOST_RENEWALS], at)


def _renew_due(resources: Sequence[Resource], at: datetime) -> RenewDue:
    due = [_renewal(resource) for resource in resources]
    return RenewDue(account=resources[0].account, resources=due, effective_at=at)


def _renewal(resource: Resource) -> RenewalDue:
    assert resource.until is not None, "only what has an end is renewed"
    return RenewalDue(
        resource=resource.id,
        kind=resource.kind,
        flavor=resource.flavor,
        quantity=resource.quantity,
        cluster=resource.cluster,
        until=resource.until,
        months=resource.months,
        version=resource.version,
    )


def _reminded(resource: Resource, morning: datetime) -> Iterable[Message]:
    days = when.days_to_end(resource, morning)
    if days is None or when.morning_at(resource, Watch(resource.id)) is None:
        return ()
    more = {"until": resource.until, "days": days, "auto_renew": resource.auto_renew}
    return (told(ExpiryReminder, resource, morning, **more),)
