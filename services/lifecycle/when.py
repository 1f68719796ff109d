"""When time does something with a resource: the next step of its life, and the next morning on which it is looked at.

Pure: an instant follows from the resource, and from nothing that runs late or early.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from services.lifecycle.state import Resource, Step, Watch
from shared.contracts.resources import Status
from shared.period import HANOI

# After its end a resource runs on for so long, then it is kept stopped for so long.
GRACE: Final = timedelta(days=15)
SUSPENDED_FOR: Final = timedelta(days=15)
# So long is waited, when a POC wallet has ended, for what was ordered before (docs/decisions/0407).
POC_ENDS_AFTER: Final = timedelta(minutes=10)
# A POC resource mostly ends with its wallet: whether it does is known by then (docs/decisions/0405).
_WALLET_FIRST: Final = POC_ENDS_AFTER + timedelta(minutes=5)

_MORNING: Final = time(8)
# Days before the day of the end on which it is renewed by itself; the last time on the day itself.
RENEWED: Final = (7, 4, 1, 0)
# Reminded of: each day from so many before, then every third after it, for as long as it can be renewed.
_REMINDED: Final = (*range(7, -1, -1), *range(-3, -31, -3))


class Passing(NamedTuple):
    """What time brings next: the step, the instant at which it takes effect, and from when on it is done."""

    step: Step
    at: datetime
    due: datetime


def passing(resource: Resource, watch: Watch) -> Passing | None:
    """What time brings next. Nothing, while a renewal that fell due before is not answered. What was to end with its POC
    wallet, and waited for a conversion, ends as soon as nothing is waited for."""
    if watch.poc_ended_at is not None and resource.is_poc:
        return Passing("end_poc", watch.poc_ended_at, watch.poc_ended_at)
    if watch.of(resource).mornings:
        return None
    step = _STEPS.get(resource.status)
    end = None if step is None else _end(resource)
    if step is None or end is None:
        return None
    waits = resource.billing == "poc" and resource.status == "active"
    return Passing(step, end, end + _WALLET_FIRST if waits else end)


def next_at(resource: Resource, watch: Watch) -> datetime | None:
    """When it is to be looked at by the minute; never, where time does nothing with it."""
    found = passing(resource, watch)
    return None if found is None else found.due


def is_released_by(resource: Resource, at: datetime) -> bool:
    """Whether time may have it gone by then, so that its cluster counts one less."""
    if resource.status == "active":
        return resource.until is not None and resource.until + GRACE + SUSPENDED_FOR <= at
    end = _end(resource)
    return end is not None and end + (SUSPENDED_FOR if resource.status == "grace" else timedelta()) <= at


def morning_at(resource: Resource, watch: Watch) -> datetime | None:
    """The next 08:00 on which it may be renewed by itself, or its owner reminded."""
    if resource.billing != "prepaid" or resource.status not in _WATCHED or resource.until is None:
        return None
    after = max(resource.starts, watch.looked_at or resource.starts)
    return next((morning for morning in _mornings(resource.until) if morning > after), None)


def days_to_end(resource: Resource, morning: datetime) -> int | None:
    """How many days it is to the day of its end, on a morning on which that is looked at; nothing on any other."""
    if resource.until is None:
        return None
    days = (_day(resource.until) - _day(morning)).days
    return days if days in _REMINDED else None


def morning_before(until: datetime, days: int) -> datetime:
    """08:00 so many days before the day of an end."""
    return datetime.combine(_day(until), _MORNING, HANOI).astimezone(UTC) - timedelta(days=days)


def _mornings(until: datetime) -> Iterator[datetime]:
    return (morning_before(until, days) for days in _REMINDED)


def _day(instant: datetime) -> date:
    return instant.astimezone(HANOI).date()


def _end(resource: Resource) -> datetime | None:
    """When what it is now is over."""
    if resource.status in ("trash", "expired") or resource.is_metered:
        return resource.trash_until
    return None if resource.until is None else resource.until + _LASTS.get(resource.status, timedelta())


_WATCHED: Final[frozenset[Status]] = frozenset({"active", "grace", "suspended"})
_STEPS: Final[dict[Status, Step]] = {
    "active": "end",
    "grace": "end_grace",
    "suspended": "end_suspension",
    "trash": "empty_trash",
    "expired": "empty_trash",
}
# From the end of what was paid to the end of what it is then.
_LASTS: Final[dict[Status, timedelta]] = {"grace": GRACE, "suspended": GRACE + SUSPENDED_FOR}
