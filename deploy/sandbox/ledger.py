"""The sandbox gateway's own books, and how each payment is to go. It knows nothing of the billing's code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final, Literal, get_args

Behaviour = Literal[
    "pays",
    "declines",
    "late",
    "twice",
    "early",
    "never",
    "silent",
    "forged",
    "wrong_amount",
    "error",
    "cut_off",
    "pays_twice",
]
BEHAVIOURS: Final[tuple[Behaviour, ...]] = get_args(Behaviour)
# The payer pays in all of them, sooner or later.
PAYING: Final[frozenset[Behaviour]] = frozenset(BEHAVIOURS) - {"declines", "never"}

MEANING: Final[dict[Behaviour, str]] = {
    "pays": "paid, and told at once",
    "declines": "the payer says no",
    "late": "paid, and told, after a while",
    "twice": "told twice",
    "early": "told before the payment's making is answered",
    "never": "the payer does nothing",
    "silent": "paid, and not told: only who asks learns of it",
    "forged": "paid, and told with a wrong signature",
    "wrong_amount": "paid, and told with a wrong amount, rightly signed",
    "error": "its making is answered with an error 500 first, and nothing is made",
    "cut_off": "made and paid, but its making is never answered",
    "pays_twice": "paid twice, each with a number of its own and told; who asks learns of the first",
}

# A second payment of the same has this much more for its number: no other has that.
_ANOTHER: Final = 1_000_000_000

Status = Literal["unpaid", "paid", "declined"]


@dataclass(slots=True)
class Entry:
    """One payment as the gateway has it."""

    gateway: str
    id: str
    amount: int
    account: str
    callback_url: str
    expires_at: datetime
    transaction: int
    behaviour: Behaviour
    request: str = ""
    status: Status = "unpaid"
    refunds: dict[str, int] = field(default_factory=dict)

    def stands(self, now: datetime) -> Status:
        """How it stands; nobody can pay any more once it has expired."""
        return "declined" if self.status == "unpaid" and self.expires_at <= now else self.status

    def pay(self, now: datetime) -> bool:
        """The payer pays; whether that was possible."""
        if self.stands(now) == "unpaid":
            self.status = "paid"
        return self.status == "paid"

    @property
    def payments(self) -> Sequence[int]:
        """The numbers under which it was paid."""
        if self.status != "paid":
            return ()
        times = 2 if self.behaviour == "pays_twice" else 1
        return [self.transaction + _ANOTHER * nth for nth in range(times)]

    def refund(self, refund: str, amount: int) -> bool:
        """Paid back; the same refund is paid back once. Whether so much was left."""
        if refund in self.refunds:
            return self.refunds[refund] == amount
        if self.status != "paid" or not 0 < amount <= self.amount - sum(self.refunds.values()):
            return False
        self.refunds[refund] = amount
        return True


@dataclass(slots=True)
class Ledger:
    """All payments. How one goes is drawn from `ways` when it is first asked for."""

    random: Random
    ways: Sequence[Behaviour] = ("pays",)
    entries: dict[str, Entry] = field(default_factory=dict)
    drawn: dict[str, Behaviour] = field(default_factory=dict)
    answered_with_error: set[str] = field(default_factory=set)

    def way_of(self, payment: str) -> Behaviour:
        """How that payment goes, however often it is asked for."""
        if payment not in self.drawn:
            self.drawn[payment] = self.random.choice(self.ways)
        return self.drawn[payment]

    def fails_now(self, payment: str) -> bool:
        """Whether its making is answered with an error this time: the first time, where it goes so."""
        if self.way_of(payment) != "error" or payment in self.answered_with_error:
            return False
        self.answered_with_error.add(payment)
        return True

    def made(self, entry: Entry) -> Entry:
        """Kept."""
        self.entries[entry.id] = entry
        return entry

    def next_transaction(self) -> int:
        """Its number at the gateway."""
        return 4_000_000_000 + len(self.entries)

    def by_transaction(self, transaction: int) -> Entry | None:
        """The payment with that number."""
        return next((entry for entry in self.entries.values() if entry.transaction == transaction), None)

    @property
    def received(self) -> int:
        """All that was paid, in VND."""
        return sum(entry.amount * len(entry.payments) for entry in self.entries.values())
