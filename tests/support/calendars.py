"""Calendars for tests: an instant every so often, from a beginning on; and instants at which real ones are odd."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from shared.calendar import Calendar
from shared.period import HANOI


def every(
    step: timedelta, start: datetime, named: Callable[[int], str] = lambda number: f"period-{number}"
) -> Calendar:
    """Each step from the start on, called by its number."""
    return Calendar(
        lambda instant: start + (instant - start) // step * step,
        lambda instant: instant + step,
        lambda instant: named((instant - start) // step),
    )


def odd_instant(random: Random) -> datetime:
    """Near the end of a month of any length, a leap day among them, or its middle; at midnight in Hanoi or in London, or a
    little before or after it."""
    year, month = random.randint(2024, 2040), random.choice((1, 2, 2, 3, 4, 12, random.randint(1, 12)))
    day = random.choice((1, 15, 28, 29, 30, 31))
    zone = random.choice((UTC, HANOI))
    midnight = datetime(year, month, min(day, monthrange(year, month)[1]), tzinfo=zone)
    seconds = random.choice((-61, -60, -1, 0, 1, 59, 60, 30_601, random.randint(-86_400, 86_400)))
    return midnight.astimezone(UTC) + timedelta(seconds=seconds)
