"""Money is rounded half up, split exactly, and never given back beyond what was paid."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.money import MONTH_MINUTES, prorated, share, split
from tests.support.seeds import seeded, tell_seed

AMOUNTS = some.integers(0, 10**12)
WEIGHTS = some.lists(some.integers(0, 10**10), max_size=40)


@pytest.mark.parametrize(
    ("vnd_30d", "quantity", "minutes", "amount"),
    [
        (181_000, 1, MONTH_MINUTES, 181_000),
        (181_000, 2, 2 * MONTH_MINUTES, 724_000),
        (181_000, 1, 12_345, 51_723),  # 51,723.26
        (1, 1, MONTH_MINUTES // 2, 1),  # exactly a half is rounded up
        (1, 1, MONTH_MINUTES // 2 - 1, 0),
        (3, 1, MONTH_MINUTES // 2, 2),
        (181_000, 1, 0, 0),
        (0, 1, MONTH_MINUTES, 0),
    ],
)
def test_a_price_is_prorated_by_the_minute_and_rounded_half_up(
    vnd_30d: int, quantity: int, minutes: int, amount: int
) -> None:
    assert prorated(vnd_30d, quantity, minutes) == amount


@seeded
@given(some.integers(0, 10**10), some.integers(1, 100_000), some.integers(0, 60 * MONTH_MINUTES))
def test_a_prorated_price_is_what_decimal_arithmetic_rounds_half_up(
    vnd: int, quantity: int, minutes: int
) -> None:
    tell_seed()
    exact = Decimal(vnd * quantity * minutes) / MONTH_MINUTES
    assert prorated(vnd, quantity, minutes) == exact.quantize(Decimal(1), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("amount", "part", "whole", "expected"),
    [
        (100, 1, 2, 50),
        (101, 1, 2, 51),
        (100, 1, 3, 33),
        (100, 0, 3, 0),
        (100, 3, 3, 100),
        (100, 4, 3, 100),
        (100, -1, 3, 0),
        (100, 0, 0, 0),
        (0, 1, 2, 0),
    ],
)
def test_a_share_is_rounded_half_up_and_stays_between_nothing_and_all(
    amount: int, part: int, whole: int, expected: int
) -> None:
    assert share(amount, part, whole) == expected


@seeded
@given(AMOUNTS, some.integers(1, 10**7), some.data())
def test_a_share_and_the_rest_are_the_amount_within_one_vnd(
    amount: int, whole: int, data: some.DataObject
) -> None:
    tell_seed()
    part = data.draw(some.integers(0, whole))
    # Two halves may both be rounded up: which is why what was used is what is left, and is never rounded itself.
    assert 0 <= share(amount, part, whole) + share(amount, whole - part, whole) - amount <= 1


@seeded
@given(AMOUNTS, some.integers(1, 10**7), some.data())
def test_a_larger_part_is_never_a_smaller_share(amount: int, whole: int, data: some.DataObject) -> None:
    tell_seed()
    less = data.draw(some.integers(0, whole))
    more = data.draw(some.integers(less, whole))
    assert share(amount, less, whole) <= share(amount, more, whole)


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),  # equal remainders: the earlier
        (100, [1, 1, 4], [17, 17, 66]),  # three equal remainders, two VND left
        (150_000, [181_000, 362_000], [50_000, 100_000]),
        (10, [0, 5, 0], [0, 10, 0]),
        (7, [3, 3, 1], [3, 3, 1]),
        (1, [1, 2], [0, 1]),  # the largest remainder, not the earlier line
        (0, [5, 5], [0, 0]),
        (5, [], []),
        (5, [0, 0], [0, 0]),
    ],
)
def test_an_amount_is_split_by_largest_remainder_and_ties_go_to_the_earlier(
    amount: int, weights: list[int], shares: list[int]
) -> None:
    assert split(amount, weights) == shares


@seeded
@given(AMOUNTS, WEIGHTS)
def test_what_is_split_adds_up_to_the_vnd(amount: int, weights: list[int]) -> None:
    tell_seed()
    assert sum(split(amount, weights)) == (amount if sum(weights) else 0)


@seeded
@given(some.data(), WEIGHTS)
def test_nobody_is_given_more_than_his_weight_nor_a_whole_vnd_off_his_part(
    data: some.DataObject, weights: list[int]
) -> None:
    tell_seed()
    whole = sum(weights)
    amount = data.draw(some.integers(0, whole))
    for weight, given_ in zip(weights, split(amount, weights), strict=True):
        assert 0 <= given_ <= weight
        assert abs(given_ * whole - amount * weight) < max(whole, 1)


@seeded
@given(AMOUNTS, some.lists(some.integers(0, 50), min_size=2, max_size=10))
def test_of_two_equal_weights_the_earlier_is_given_at_least_as_much(amount: int, weights: list[int]) -> None:
    tell_seed()
    shares = split(amount, weights)
    for at, weight in enumerate(weights):
        assert all(
            shares[at] >= shares[later] for later in range(at, len(weights)) if weights[later] == weight
        )
