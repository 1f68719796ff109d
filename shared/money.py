"""Money in whole VND: every rounding of the house is made here, on integers, and a float never appears.

What is split adds up to what was split, and nothing is ever given back beyond what was paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

# A unit price is quoted for a month of exactly 30 days.
MONTH_MINUTES: Final = 30 * 24 * 60


def prorated(vnd_30d: int, quantity: int, minutes: int) -> int:
    """What `quantity` of a thing costs for so many minutes at its price per 30 days, half up."""
    return _half_up(vnd_30d * quantity * minutes, MONTH_MINUTES)


def share(amount: int, part: int, whole: int) -> int:
    """`part` of `whole` of an amount, half up; never more than the amount, and nothing of nothing."""
    if whole <= 0 or part <= 0:
        return 0
    return min(amount, _half_up(amount * part, whole))


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """The amount in proportion to the weights, exact: what rounding down leaves goes to the largest remainders,
    of equal ones to the earlier. Nobody is given more than his weight unless there is more than all of it."""
    whole = sum(weights)
    if whole <= 0:
        return [0] * len(weights)
    shares = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: -(amount * weights[at] % whole))
    for at in by_remainder[: amount - sum(shares)]:
        shares[at] += 1
    return shares


def _half_up(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)
