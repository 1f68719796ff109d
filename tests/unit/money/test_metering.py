"""Metered use against an oracle that looks at every minute: none is counted twice, none is lost, each piece rounded once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from shared.contracts.parts import Metered, PartPrice, Per
from shared.metering import Piece, Rate, amount, chained, cost, estimate, month_start, pieces, rate_of, units
from tests.support.seeds import seeded_random

NOON: Final = datetime(2026, 3, 6, 5, 0, tzinfo=UTC)  # in Hanoi
MONTH_ENDS: Final = datetime(2026, 3, 31, 17, 0, tzinfo=UTC)  # midnight in Hanoi
HANOI: Final = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
NODE: Final = Rate(362_000, 1, "30d")
SNAPSHOT: Final = Rate(3, 40, "gb_hour")

# Seconds of work. More, before a release: STOPPOC_HISTORIES=1000000.
HISTORIES: Final = int(os.environ.get("STOPPOC_HISTORIES") or 100_000)
PARTS: Final = 8
LONG_HISTORIES: Final = max(1, HISTORIES // 10_000)

Changes = Sequence[tuple[datetime, Rate | None]]


def test_minutes_are_prorated_and_rounded_once() -> None:
    assert amount(NODE, NOON, NOON + timedelta(days=3)) == 36_200
    assert amount(NODE, NOON, NOON + MINUTE) == 8  # 8.38
    assert amount(Rate(21_600, 1, "30d"), NOON, NOON + MINUTE) == 1  # 0.5
    assert amount(NODE, NOON, NOON) == 0


def test_seconds_do_not_count() -> None:
    late = timedelta(seconds=59, microseconds=999_999)
    assert amount(NODE, NOON + late, NOON + MINUTE) == amount(NODE, NOON, NOON + MINUTE + late)
    assert pieces(NOON + late, NOON + late) == []


def test_a_size_is_sampled_at_the_beginning_of_each_hour() -> None:
    assert amount(SNAPSHOT, NOON, NOON + 24 * HOUR) == 3 * 40 * 24
    assert units("gb_hour", NOON, NOON + MINUTE) == 1
    assert units("gb_hour", NOON + MINUTE, NOON + HOUR) == 0
    assert units("gb_hour", NOON + MINUTE, NOON + HOUR + MINUTE) == 1
    assert units("gb_hour", NOON - MINUTE, NOON + HOUR) == 1


def test_use_before_it_begins_is_none() -> None:
    for rate in (NODE, SNAPSHOT):
        assert amount(rate, NOON + 2 * HOUR, NOON) == 0
        assert cost(rate, NOON + 2 * HOUR, NOON) == 0


def test_an_interval_is_cut_where_a_month_ends_in_hanoi() -> None:
    before, after = MONTH_ENDS - MINUTE, MONTH_ENDS + MINUTE
    assert pieces(before, after) == [
        Piece("2026-03", before, MONTH_ENDS),
        Piece("2026-04", MONTH_ENDS, after),
    ]
    assert pieces(before, MONTH_ENDS) == [Piece("2026-03", before, MONTH_ENDS)]
    assert [piece.month for piece in pieces(datetime(2026, 11, 30, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))] == [
        "2026-11", "2026-12", "2027-01", "2027-02",
    ]  # fmt: skip


def test_each_month_is_a_line_of_its_own() -> None:
    half = Rate(21_600, 1, "30d")
    assert amount(half, MONTH_ENDS - MINUTE, MONTH_ENDS + MINUTE) == 1
    assert cost(half, MONTH_ENDS - MINUTE, MONTH_ENDS + MINUTE) == 2


@pytest.mark.parametrize(
    ("days", "node", "snapshot"), [(1, 12_067, 2_880), (3, 36_200, 8_640), (31, 374_067, 89_280)]
)
def test_an_estimate_is_for_days_at_the_present_configuration(days: int, node: int, snapshot: int) -> None:
    assert estimate(NODE, days) == node
    assert estimate(SNAPSHOT, days) == snapshot


def test_each_part_is_rounded_and_discounted_by_itself() -> None:
    server = PartPrice(flavor="s-general-1x1", vnd=21_600, discount_percent=50)
    rate = Rate(43_200, 1, "30d", (server, PartPrice(flavor="boot-20", vnd=21_600)))
    assert amount(rate, NOON, NOON + MINUTE) == 1  # 1 - 1 + 1
    assert amount(rate, NOON, NOON + 4 * MINUTE) == 3  # 2 - 1 + 2
    assert estimate(rate, 3) == 3_240
    assert rate == rate_of(
        Metered(
            resource="node-1",
            kind="k8s_node",
            flavor="s-general-1x1+boot-20",
            quantity=1,
            vnd=43_200,
            per="30d",
            estimate=3_240,
            parts=list(rate.parts),
        )
    )


def test_a_month_starts_at_midnight_in_hanoi() -> None:
    assert month_start("2026-04") == MONTH_ENDS
    assert month_start("2027-01") == datetime(2026, 12, 31, 17, 0, tzinfo=UTC)


def test_one_configuration_begins_where_the_one_before_ends() -> None:
    two = Rate(362_000, 2, "30d")
    changes = [(NOON, NODE), (NOON + HOUR, two), (NOON + 2 * HOUR, None), (NOON + 3 * HOUR, NODE)]
    assert chained(changes, NOON + 4 * HOUR) == [
        (Piece("2026-03", NOON, NOON + HOUR), NODE),
        (Piece("2026-03", NOON + HOUR, NOON + 2 * HOUR), two),
        (Piece("2026-03", NOON + 3 * HOUR, NOON + 4 * HOUR), NODE),
    ]


def test_what_is_heard_of_late_begins_no_earlier_than_what_was_before_it() -> None:
    two = Rate(362_000, 2, "30d")
    assert chained([(NOON, NODE), (NOON - HOUR, two)], NOON + HOUR) == [
        (Piece("2026-03", NOON, NOON + HOUR), two)
    ]
    assert chained([(NOON, NODE), (NOON + 2 * HOUR, None)], NOON + HOUR) == [
        (Piece("2026-03", NOON, NOON + HOUR), NODE)
    ]


# In parts, so that no single test takes long on a machine that is busy.
@pytest.mark.parametrize("part", range(PARTS))
def test_random_histories_cost_what_every_minute_of_them_costs(part: int) -> None:
    random = Random(seeded_random().random() + part)
    for _ in range(HISTORIES // PARTS):
        _matches(*_history(random, span=random.randrange(1, 90), most=5))


def test_long_random_histories_cost_what_every_minute_of_them_costs() -> None:
    random = seeded_random()
    for _ in range(LONG_HISTORIES):
        _matches(*_history(random, span=random.randrange(40_000, 100_000), most=40))


def _history(random: Random, span: int, most: int) -> tuple[datetime, list[tuple[int, Rate | None]], int]:
    """A month's end, and around it, in minutes from there, a history and its end."""
    year, month = random.randrange(2020, 2040), random.randrange(1, 13)
    midnight = datetime(year, month, 1, tzinfo=HANOI).astimezone(UTC)
    first = -random.randrange(span)
    times = sorted(random.randrange(first, first + span) for _ in range(random.randrange(1, most)))
    return midnight, [(at, _rate(random)) for at in times], first + span


def _rate(random: Random) -> Rate | None:
    roll = random.random()
    if roll < 0.1:
        return None
    per: Per = "gb_hour" if roll < 0.4 else "30d"
    return Rate(random.randrange(10**6), random.randrange(1, 100), per)


def _matches(midnight: datetime, history: Sequence[tuple[int, Rate | None]], until: int) -> None:
    changes: Changes = [(midnight + at * MINUTE, rate) for at, rate in history]
    found = chained(changes, midnight + until * MINUTE)
    assert sum(amount(rate, piece.starts, piece.until) for piece, rate in found) == _by_the_minute(
        midnight, history, until
    ), (midnight, history, until)


def _by_the_minute(midnight: datetime, history: Sequence[tuple[int, Rate | None]], until: int) -> int:
    """What every minute costs, gathered by configuration and month, each sum rounded half up."""
    minutes: Counter[tuple[int, int]] = Counter()
    samples = 0
    ends = _month_ends(midnight, history[0][0], until)
    following = [at for at, _ in history[1:]] + [until]
    for number, ((at, rate), upto) in enumerate(zip(history, following, strict=True)):
        if rate is None:
            continue
        vnd = rate.vnd * rate.quantity
        for minute in range(at, upto):
            if rate.per == "30d":
                minutes[number, sum([end <= minute for end in ends])] += vnd
            elif minute % 60 == 0:
                samples += vnd
    return samples + sum((2 * vnd + 43_200) // 86_400 for vnd in minutes.values())


def _month_ends(midnight: datetime, first: int, until: int) -> list[int]:
    """The first days of months between the two, in minutes from that midnight, by the calendar of the system's zone."""
    local, ends = midnight.astimezone(HANOI), [0]
    while ends[0] > first:
        ends.insert(0, _minutes((local := (local - timedelta(days=1)).replace(day=1)), midnight))
    local = midnight.astimezone(HANOI)
    while ends[-1] < until:
        ends.append(_minutes((local := (local + timedelta(days=40)).replace(day=1)), midnight))
    return [end for end in ends if first < end < until]


def _minutes(instant: datetime, midnight: datetime) -> int:
    return (instant.astimezone(UTC) - midnight) // MINUTE
