"""Metered use: what one configuration of a resource costs from a minute to a minute, month by month.

Intervals are half-open and cut where a month ends in Hanoi, so a chain of them counts every minute once, and every
hourly sample once. Each piece is one line: rounded on its own, exactly as it is invoiced and held for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from shared.calendar import MONTHS
from shared.contracts.parts import Metered, PartPrice, Per
from shared.money import prorated, share
from shared.period import HANOI, billing_month, minutes_between, to_minute

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MINUTES: Final = 24 * 60


class Rate(NamedTuple):
    """What a configuration costs: so many pieces, or GB, at the price of one; of several parts, each at its own."""

    vnd: int
    quantity: int
    per: Per
    parts: tuple[PartPrice, ...] = ()


class Piece(NamedTuple):
    """The part of an interval that lies in one month: one line of its record."""

    month: str
    starts: datetime
    until: datetime


def pieces(starts: datetime, until: datetime) -> list[Piece]:
    """The interval cut where months end, in order: together it, to the minute. None where it has no minute."""
    starts, until = to_minute(starts), to_minute(until)
    found = []
    while starts < until:
        ends = min(until, month_end(starts))
        found.append(Piece(billing_month(starts), starts, ends))
        starts = ends
    return found


def month_start(month: str) -> datetime:
    """The instant at which a month like 2026-03 begins in Hanoi."""
    year, number = map(int, month.split("-"))
    return datetime(year, number, 1, tzinfo=HANOI).astimezone(UTC)


def month_end(instant: datetime) -> datetime:
    """The instant at which the month an instant lies in ends in Hanoi: the start of the next."""
    return MONTHS.next(instant).instant


def rate_of(metered: Metered) -> Rate:
    """What a metered product costs, as it is configured."""
    return Rate(metered.vnd, metered.quantity, metered.per, tuple(metered.parts))


def units(per: Per, starts: datetime, until: datetime) -> int:
    """What is counted between the two: minutes; or samples, one at the beginning of each hour, for the hour."""
    if per == "gb_hour":
        return max(0, _hours_begun(until) - _hours_begun(starts))
    return max(0, minutes_between(starts, until))


def amount(rate: Rate, starts: datetime, until: datetime) -> int:
    """What one piece costs: one line, rounded once, half up. Of several parts each is, less its discount."""
    return _amount(rate, units(rate.per, starts, until))


def cost(rate: Rate, starts: datetime, until: datetime) -> int:
    """What an interval costs, however many months it lies in: the sum of its pieces."""
    return sum(amount(rate, piece.starts, piece.until) for piece in pieces(starts, until))


def estimate(rate: Rate, days: int) -> int:
    """What the next days cost as it is configured now."""
    return _amount(rate, days * 24 if rate.per == "gb_hour" else days * _DAY_MINUTES)


def chained(changes: Sequence[tuple[datetime, Rate | None]], until: datetime) -> list[tuple[Piece, Rate]]:
    """A history of configurations, oldest first (None: no use from there on), as the lines it is recorded by.

    Where one begins the one before it ends; one that is heard of late begins no earlier than the one before it.
    """
    lines: list[tuple[Piece, Rate]] = []
    starts, rate = _EPOCH, None
    for since, following in [*changes, (until, None)]:
        ends = min(max(since, starts), until)
        if rate is not None:
            lines += [(piece, rate) for piece in pieces(starts, ends)]
        starts, rate = ends, following
    return lines


def _amount(rate: Rate, counted: int) -> int:
    if not rate.parts:
        return _of_one(rate.vnd, rate, counted)
    gross = [(part, _of_one(part.vnd, rate, counted)) for part in rate.parts]
    return sum(vnd - share(vnd, part.discount_percent, 100) for part, vnd in gross)


def _of_one(vnd: int, rate: Rate, counted: int) -> int:
    if rate.per == "gb_hour":
        return vnd * rate.quantity * counted
    return prorated(vnd, rate.quantity, counted)


def _hours_begun(instant: datetime) -> int:
    """How many full hours have begun before the minute of an instant. Hanoi's hours begin when all hours do."""
    return -((_EPOCH - to_minute(instant)) // timedelta(hours=1))
