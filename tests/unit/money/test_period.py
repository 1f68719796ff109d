"""Time is billed by whole minutes, months of 30 days, and the calendar of Hanoi."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.period import HANOI, MONTH, billing_month, minutes_between, months_after, to_minute, unused
from tests.support.seeds import seeded, tell_seed

NOON = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
INSTANTS = some.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=some.just(UTC))


def test_both_instants_are_truncated_to_the_minute_before_they_are_subtracted() -> None:
    assert minutes_between(NOON + 59 * SECOND, NOON + MINUTE) == 1
    assert minutes_between(NOON, NOON + MINUTE + 59 * SECOND) == 1
    assert minutes_between(NOON + SECOND, NOON + 59 * SECOND) == 0
    assert minutes_between(NOON + MINUTE, NOON) == -1


def test_a_month_is_thirty_days_whatever_the_calendar_says() -> None:
    assert MONTH == 43_200
    february = datetime(2026, 1, 31, 17, 30, 59, tzinfo=UTC)
    assert months_after(february, 1) == datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
    assert minutes_between(february, months_after(february, 12)) == 12 * MONTH


@seeded
@given(INSTANTS, some.integers(0, 60), some.integers(0, 60))
def test_months_one_after_the_other_are_months_together(at: datetime, first: int, then: int) -> None:
    tell_seed()
    assert months_after(months_after(at, first), then) == months_after(at, first + then)


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (-DAY, 300),
        (0 * DAY, 300),
        (SECOND, 300),
        (10 * DAY, 200),
        (30 * DAY - MINUTE, 0),
        (30 * DAY, 0),
        (31 * DAY, 0),
    ],
)
def test_unused_is_in_proportion_to_the_minutes_left_all_before_and_nothing_after(
    after: timedelta, left: int
) -> None:
    assert unused(300, NOON, NOON + 30 * DAY, NOON + after) == left


@seeded
@given(some.integers(0, 10**12), INSTANTS, some.integers(0, 60 * MONTH), INSTANTS, INSTANTS)
def test_unused_only_falls_and_is_never_more_than_was_paid(
    paid: int, starts: datetime, minutes: int, at: datetime, later: datetime
) -> None:
    tell_seed()
    starts = to_minute(starts)
    until = starts + minutes * MINUTE
    at, later = sorted((at, later))
    assert 0 <= unused(paid, starts, until, later) <= unused(paid, starts, until, at) <= paid


def test_a_period_without_a_minute_is_worth_what_was_paid_until_it_begins() -> None:
    assert unused(300, NOON, NOON, NOON - SECOND) == 300
    assert unused(300, NOON, NOON, NOON) == 0


@pytest.mark.parametrize(
    ("instant", "month"),
    [
        ("2026-02-28T16:59:59Z", "2026-02"),
        ("2026-02-28T17:00:00Z", "2026-03"),
        ("2026-12-31T16:59:59Z", "2026-12"),
        ("2026-12-31T17:00:00Z", "2027-01"),
    ],
)
def test_a_billing_month_begins_at_midnight_in_hanoi(instant: str, month: str) -> None:
    assert billing_month(datetime.fromisoformat(instant)) == month


@seeded
@given(INSTANTS)
def test_hanoi_is_what_the_database_of_zones_says(at: datetime) -> None:
    tell_seed()
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    assert at.astimezone(HANOI).replace(tzinfo=None) == at.astimezone(zone).replace(tzinfo=None)
