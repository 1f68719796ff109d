"""A line explains its amount with the inputs of its formula."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.parts import Line, Part, explained
from shared.period import months_after

NOON = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)


def line(**said: Any) -> Line:
    return Line.model_validate(
        {
            "resource": "srv-1", "kind": "server", "flavor": "s-general-1x1", "quantity": 2,
            "starts": NOON, "until": months_after(NOON, 1), "minutes": 43_200,
            "parts": [Part(flavor="s-general-1x1", vnd=181_000, amount=362_000)],
            "gross": 362_000, "amount": 362_000,
        }
        | said
    )  # fmt: skip


def test_a_plain_line_is_explained_by_its_formula() -> None:
    assert explained(line()) == [
        "s-general-1x1: 181,000 VND per 30 days x 2 x 43,200 minutes / 43,200 = 362,000 VND.",
        "To be paid: 362,000 VND.",
    ]


def test_everything_that_lowers_a_line_is_explained() -> None:
    parts = [
        Part(flavor="s-general-1x1", vnd=181_000, amount=362_000, discount_percent=10, discount=36_200),
        Part(flavor="boot-20", vnd=20_000, amount=40_000),
    ]
    told = line(
        flavor="s-general-1x1+boot-20", parts=parts, gross=402_000, discount=36_200, coupon=5_800,
        carried=400_000, amount=-40_000,
    )  # fmt: skip
    assert explained(told) == [
        "s-general-1x1: 181,000 VND per 30 days x 2 x 43,200 minutes / 43,200 = 362,000 VND.",
        "Item discount of 10 % on s-general-1x1: less 36,200 VND.",
        "boot-20: 20,000 VND per 30 days x 2 x 43,200 minutes / 43,200 = 40,000 VND.",
        "Together before discounts: 402,000 VND.",
        "Its share of the coupon: less 5,800 VND.",
        "Unused value of what it replaces: less 400,000 VND.",
        "Given back: 40,000 VND.",
    ]
    assert told.value == 360_000


@pytest.mark.parametrize("flavor", ["", "+boot-20", "s-1x1+", "s-1x1++boot-20", "a b", "+".join(["a"] * 21)])
def test_a_flavor_is_one_name_or_a_few_joined_by_plus(flavor: str) -> None:
    with pytest.raises(ValidationError):
        line(flavor=flavor)
