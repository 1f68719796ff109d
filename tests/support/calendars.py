"""Calendars for tests: an instant every so often, from a beginning on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.calendar import Calendar


def every(
    step: timedelta, start: datetime, named: Callable[[int], str] = lambda number: f"period-{number}"
) -> Calendar:
    """Each step from the start on, called by its number."""
    return Calendar(
        lambda instant: start + (instant - start) // step * step,
        lambda instant: instant + step,
        lambda instant: named((instant - start) // step),
    )
