"""Minutes, mornings, days and months of Hanoi: whatever the span, each instant comes once, in order, under its own name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import DAYS, MINUTES, MONTHS, MORNINGS, Calendar

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
EVERY = (MINUTES, MORNINGS, DAYS, MONTHS)

instants = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(
    lambda naive: naive.replace(tzinfo=UTC)
)


def local(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=HANOI).astimezone(UTC)


@pytest.mark.parametrize("calendar", EVERY)
@given(at=instants)
def test_next_and_last_are_neighbours(calendar: Calendar, at: datetime) -> None:
    last, following = calendar.last(at), calendar.next(at)
    assert last.instant <= at < following.instant
    assert calendar.next(last.instant) == following
    assert calendar.last(following.instant) == following
    assert calendar.last(following.instant - timedelta(microseconds=1)) == last
    assert last.instant.tzinfo is UTC
    assert last.name != following.name


@pytest.mark.parametrize("calendar", [MORNINGS, DAYS, MONTHS])
@given(at=instants, spans=st.lists(st.timedeltas(timedelta(0), timedelta(days=70)), max_size=6))
def test_looking_more_often_finds_the_same(calendar: Calendar, at: datetime, spans: list[timedelta]) -> None:
    ends = [at]
    for span in spans:
        ends.append(ends[-1] + span)
    in_parts = [period for a, b in pairwise(ends) for period in calendar.between(a, b)]
    at_once = list(calendar.between(at, ends[-1]))
    assert in_parts == at_once
    assert len({period.name for period in at_once}) == len(at_once)
    assert [period.instant for period in at_once] == sorted({period.instant for period in at_once})


@pytest.mark.parametrize("calendar", EVERY)
@given(at=instants, hours=st.integers(-12, 14))
def test_the_zone_an_instant_is_told_in_does_not_matter(calendar: Calendar, at: datetime, hours: int) -> None:
    elsewhere = at.astimezone(timezone(timedelta(hours=hours)))
    assert calendar.last(elsewhere) == calendar.last(at)
    assert calendar.next(elsewhere) == calendar.next(at)


@given(at=instants)
def test_instants_are_those_of_the_clock_in_hanoi(at: datetime) -> None:
    for calendar, hour in ((DAYS, 0), (MORNINGS, 8), (MONTHS, 0)):
        there = calendar.next(at).instant.astimezone(HANOI)
        assert (there.hour, there.minute, there.second, there.microsecond) == (hour, 0, 0, 0)
    assert MONTHS.next(at).instant.astimezone(HANOI).day == 1


def test_a_day_and_a_month_are_called_by_what_is_over_and_a_morning_by_its_day() -> None:
    assert DAYS.last(local(2028, 3, 1)) == ("2028-02-29", local(2028, 3, 1))
    assert MONTHS.last(local(2028, 3, 1)) == ("2028-02", local(2028, 3, 1))
    assert MONTHS.last(local(2027, 1, 31)) == ("2026-12", local(2027, 1, 1))
    assert MORNINGS.last(local(2028, 3, 1, 8)) == ("2028-03-01", local(2028, 3, 1, 8))
    assert MORNINGS.last(local(2028, 3, 1, 7)) == ("2028-02-29", local(2028, 2, 29, 8))
    assert MINUTES.next(local(2028, 3, 1)) == ("2028-02-29T17:01Z", local(2028, 3, 1) + timedelta(minutes=1))


def test_midnight_in_london_is_not_midnight_in_hanoi() -> None:
    before = datetime(2026, 3, 31, 17, 0, tzinfo=UTC) - timedelta(microseconds=1)
    assert MONTHS.last(before).name == "2026-02"
    assert MONTHS.last(before + timedelta(microseconds=1)).name == "2026-03"
    assert MONTHS.last(datetime(2026, 4, 1, tzinfo=UTC)).name == "2026-03"


def test_a_year_has_as_many_of_each_as_it_should() -> None:
    start, end = local(2028, 1, 1) - timedelta(microseconds=1), local(2029, 1, 1) - timedelta(microseconds=1)
    assert [len(list(calendar.between(start, end))) for calendar in (MORNINGS, DAYS, MONTHS)] == [
        366,
        366,
        12,
    ]
