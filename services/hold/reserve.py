"""What `hold` remembers of credit that is set aside for orders of which the rest is paid from outside."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Reserve:
    """What was set aside for an order, once, and how much of it still is: all, or nothing any more."""

    account: str
    order: str
    asked: int
    amount: int
    left: int

    @property
    def key(self) -> str:
        """The id it is found by."""
        return reserve_key(self.account, self.order)

    def emptied(self) -> Reserve:
        """Paid with, or let go."""
        return replace(self, left=0)


def reserve_key(account: str, order: str) -> str:
    """The key of what was set aside for an order."""
    return f"{account}/{order}"
