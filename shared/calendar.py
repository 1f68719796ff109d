"""When time brings work: minutes, mornings, days and months as they are in Hanoi, each with a name and its instant.

Pure arithmetic, and no list of all there are: the next one after an instant, and the last one up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from shared.period import HANOI, billing_month, to_minute

_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_MORNING: Final = timedelta(hours=8)
# A day before the first instant of a month lies in the month before; 32 days after it, in the month after.
_OVER_A_MONTH: Final = timedelta(days=32)


class Period(NamedTuple):
    """What fell due: its name, unique within its calendar, and the instant at which it did."""

    name: str
    instant: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """Instants that come again and again. `floor` is the last of them up to an instant, `following` the one after one of
    them, `named` what it is called."""

    floor: Callable[[datetime], datetime]
    following: Callable[[datetime], datetime]
    named: Callable[[datetime], str]

    def next(self, after: datetime) -> Period:
        """The first one later than that."""
        return self._period(self.following(self.floor(after)))

    def last(self, until: datetime) -> Period:
        """The last one that is not later than that."""
        return self._period(self.floor(until))

    def between(self, after: datetime, until: datetime) -> Iterator[Period]:
        """All in (after, until], oldest first."""
        period = self.next(after)
        while period.instant <= until:
            yield period
            period = self.next(period.instant)

    def _period(self, instant: datetime) -> Period:
        return Period(self.named(instant), instant.astimezone(UTC))


def _midnight(instant: datetime) -> datetime:
    return instant.astimezone(HANOI).replace(hour=0, minute=0, second=0, microsecond=0)


def _eight(instant: datetime) -> datetime:
    return _midnight(instant - _MORNING) + _MORNING


def _first(instant: datetime) -> datetime:
    return _midnight(instant).replace(day=1)


def _day(instant: datetime) -> str:
    return instant.astimezone(HANOI).strftime("%Y-%m-%d")


MINUTES: Final = Calendar(
    lambda instant: to_minute(instant.astimezone(UTC)),
    lambda minute: minute + _MINUTE,
    lambda minute: minute.strftime("%Y-%m-%dT%H:%MZ"),
)
# 08:00, called by its day.
MORNINGS: Final = Calendar(_eight, lambda eight: eight + _DAY, _day)
# 24:00, called by the day that is over.
DAYS: Final = Calendar(_midnight, lambda midnight: midnight + _DAY, lambda midnight: _day(midnight - _DAY))
# 24:00 on the last of a month, called by the month that is over.
MONTHS: Final = Calendar(
    _first, lambda first: _first(first + _OVER_A_MONTH), lambda first: billing_month(first - _DAY)
)
