"""What comes next for a resource, as it stands: when it ends, is stopped or gone, and from when on it renews itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from services.lifecycle.when import GRACE, RENEWED, SUSPENDED_FOR, morning_before
from shared.contracts.cloudevents import timestamp
from shared.contracts.lifecycle import Resource

# By status: what it is next, and how long after its end.
_NEXT: Final = {
    "active": ("grace", timedelta()),
    "grace": ("suspended", GRACE),
    "suspended": ("released", GRACE + SUSPENDED_FOR),
}


def next_of(one: Resource) -> str | None:
    """What it is next and when, unless somebody does something; nothing where time does nothing with it."""
    if one.trash_until is not None:
        return f"released {timestamp(one.trash_until)}"
    if one.until is None or one.status not in _NEXT:
        return None
    word, later = _NEXT[one.status]
    return f"{word} {timestamp(one.until + later)}"


def renewal_of(one: Resource) -> str | None:
    """By how much it renews itself, and from which morning on it is tried."""
    if not one.auto_renew or one.until is None:
        return None
    return f"by {one.months} months, from {timestamp(morning_before(one.until, max(RENEWED)))} on"
