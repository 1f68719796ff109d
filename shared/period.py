"""Time as it is billed: whole minutes, months of exactly 30 days, and the calendar of Hanoi.

Periods are half-open: the minute of the end belongs to what comes after.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from shared.money import MONTH_MINUTES, share

MONTH: Final = MONTH_MINUTES
# Seven hours east since 1975, without summer time: an offset says it all, and needs no database of zones.
HANOI: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
# Nothing is bought or published further ahead: ten years with their leap days.
MOST_AHEAD: Final = timedelta(days=3_652)

_MINUTE: Final = timedelta(minutes=1)


def to_minute(instant: datetime) -> datetime:
    """The minute an instant lies in."""
    return instant.replace(second=0, microsecond=0)


def minutes_between(starts: datetime, until: datetime) -> int:
    """How many minutes are billed: both ends are truncated first, then subtracted. Below zero the wrong way round."""
    return (to_minute(until) - to_minute(starts)) // _MINUTE


def months_after(instant: datetime, months: int) -> datetime:
    """The minute so many months later; a month is 30 x 24 hours."""
    return to_minute(instant) + months * MONTH * _MINUTE


def unused(paid: int, starts: datetime, until: datetime, at: datetime) -> int:
    """The part of what was paid for a period that is not used up at an instant: all of it before, nothing after
    (docs/decisions/0701)."""
    if at < starts:
        return paid
    return share(paid, minutes_between(at, until), minutes_between(starts, until))


def billing_month(instant: datetime) -> str:
    """The month an instant is billed in, like 2026-03: it begins at midnight in Hanoi."""
    return instant.astimezone(HANOI).strftime("%Y-%m")
