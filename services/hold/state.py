"""What `hold` remembers: accounts with their wallets, what was counted and charged, and the ledger. What is held: `held`.

Values only: nothing is changed in place, and a transaction that does not sum to zero cannot be made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from services.hold.held import ProductHold
from shared.calendar import DAYS
from shared.contracts.charges import Wallet
from shared.contracts.hold import AccountMode
from shared.period import HANOI

# The account's own books first, then those outside it that money comes from and goes to (README.md).
Book = Literal["credit", "poc", "bank", "sales", "poc_granted", "poc_expired", "poc_used"]
TransactionKind = Literal[
    "deposit", "charge", "refund", "settle", "payment", "poc_grant", "poc_charge", "poc_refund", "poc_expiry"
]

# A POC wallet's end is announced so many days ahead.
WARNING_DAYS: Final = (7, 3, 1)
# Banks and gateways stay below 40; the limit keeps an index entry small.
MOST_REFERENCE_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class CreditWallet:
    """Real money: all there is, and the part of it held for metered products, never more than that."""

    total: int = 0
    held: int = 0

    @property
    def available(self) -> int:
        """What may be spent."""
        return self.total - self.held

    def plus(self, amount: int) -> CreditWallet:
        """With `amount` more; less, where that is below zero."""
        return CreditWallet(self.total + amount, self.held)

    def holding(self, amount: int) -> CreditWallet:
        """With `amount` more of it held; less, where that is below zero."""
        return CreditWallet(self.total, self.held + amount)


@dataclass(frozen=True, slots=True)
class PocWallet:
    """Granted money with an end: granted = spent - refunded + expired + left. What falls due of it, warnings and the end,
    has happened up to `told_until` (not known: all but the end has); once it has `ended` nothing more does."""

    until: datetime
    granted: int = 0
    spent: int = 0
    refunded: int = 0
    expired: int = 0
    told_until: datetime | None = None
    ended: bool = False

    @property
    def left(self) -> int:
        """What may be spent on POC resources, before the end."""
        return self.granted - self.spent + self.refunded - self.expired

    @property
    def due(self) -> PocDue | None:
        """What falls due next; nothing after the end."""
        if self.ended:
            return None
        told, end = self.told_until or self.until, PocDue(self.until, 0)
        return next((due for due in _warnings(self.until) if due.at > told), end)

    def ended_by(self, instant: datetime) -> bool:
        """Whether it pays nothing any more at that instant. Periods are half-open: not at its end either."""
        return self.ended or self.until <= instant

    def plus(self, amount: int, until: datetime, at: datetime) -> PocWallet:
        """With `amount` more granted at that instant, ending at `until`."""
        return replace(self, until=until, granted=self.granted + amount, told_until=at, ended=False)

    def spending(self, amount: int) -> PocWallet:
        """With `amount` paid out of it."""
        return replace(self, spent=self.spent + amount)

    def refunding(self, amount: int) -> PocWallet:
        """With `amount` given back into it."""
        return replace(self, refunded=self.refunded + amount)

    def emptied(self) -> PocWallet:
        """With all that was left expired."""
        return replace(self, expired=self.expired + self.left)

    def extended(self, until: datetime, at: datetime) -> PocWallet:
        """Ending at `until` instead, as was said at that instant."""
        return replace(self, until=until, told_until=at)

    def told(self, at: datetime) -> PocWallet:
        """With all that fell due up to that instant having happened."""
        return replace(self, told_until=at)


class PocDue(NamedTuple):
    """What time brings to a POC wallet: a warning so many days before its last, or, without any, its end."""

    at: datetime
    days: int


# Asked with every movement of the wallet, and many wallets end together.
@lru_cache(maxsize=1_024)
def _warnings(until: datetime) -> tuple[PocDue, ...]:
    """08:00 in Hanoi, so many days before the day on which it ends."""
    last = until.astimezone(HANOI).replace(hour=8, minute=0, second=0, microsecond=0)
    return tuple(PocDue((last - timedelta(days=days)).astimezone(UTC), days) for days in WARNING_DAYS)


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `transactions` counts its ledger transactions: the last one's sequence. `holds` are by product."""

    id: str
    mode: AccountMode
    email: str
    credit: CreditWallet = CreditWallet()
    poc: PocWallet | None = None
    transactions: int = 0
    holds: tuple[ProductHold, ...] = ()

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id

    def moved_credit(self, credit: CreditWallet) -> Account:
        """After one more transaction, which left the credit wallet so."""
        return Account(self.id, self.mode, self.email, credit, self.poc, self.transactions + 1, self.holds)

    def moved_poc(self, poc: PocWallet) -> Account:
        """After one more transaction, which left the POC wallet so."""
        return Account(self.id, self.mode, self.email, self.credit, poc, self.transactions + 1, self.holds)

    def with_poc(self, poc: PocWallet) -> Account:
        """With the POC wallet so; no money moved."""
        return Account(self.id, self.mode, self.email, self.credit, poc, self.transactions, self.holds)

    def hold_for(self, product: str) -> ProductHold | None:
        """What is held for that product, if ever anything was."""
        return next((hold for hold in self.holds if hold.product == product), None)

    def holding(self, hold: ProductHold) -> Account:
        """With that product's hold so, and as much more or less held of the credit; no money moved."""
        before = self.hold_for(hold.product)
        credit = self.credit.holding(hold.held - (before.held if before else 0))
        others = [other for other in self.holds if other is not before]
        holds = tuple(sorted((*others, hold), key=lambda one: one.product))
        return Account(self.id, self.mode, self.email, credit, self.poc, self.transactions, holds)

    @property
    def debt(self) -> int:
        """What should be held for metered products, and is not there. While there is any, nothing is available."""
        return sum(hold.debt for hold in self.holds)

    @property
    def next_night(self) -> datetime | None:
        """The end of the first day that is not closed for something it holds; none where it holds nothing."""
        closed = (hold.closed_until for hold in self.holds if hold.needed)
        first = min((until for until in closed if until is not None), default=None)
        return None if first is None else DAYS.next(first).instant


class Deposit(NamedTuple):
    """A payment that was counted. It has no table of its own: the ledger line that carries its reference is its row."""

    account: str
    reference: str

    @property
    def key(self) -> str:
        """The id it is found by; an account's id has no slash."""
        return deposit_key(self.account, self.reference)


def deposit_key(account: str, reference: str) -> str:
    """The key of the deposit with that reference."""
    return f"{account}/{reference}"


def is_reference(text: str) -> bool:
    """Whether a payment can have this reference: short, printable (the database can store no NUL), nothing around it."""
    return 0 < len(text) <= MOST_REFERENCE_CHARACTERS and text.isprintable() and text == text.strip()


@dataclass(frozen=True, slots=True)
class Charge:
    """What an order was charged, once, and how much of it was given back since."""

    account: str
    order: str
    wallet: Wallet
    amount: int
    given_back: int = 0

    @property
    def key(self) -> str:
        """The id it is found by."""
        return charge_key(self.account, self.order)

    @property
    def left(self) -> int:
        """What can still be given back."""
        return self.amount - self.given_back

    def less(self, amount: int) -> Charge:
        """With `amount` more given back."""
        return Charge(self.account, self.order, self.wallet, self.amount, self.given_back + amount)


def charge_key(account: str, order: str) -> str:
    """The key of an order's charge."""
    return f"{account}/{order}"


class Entry(NamedTuple):
    """One line of a transaction: how much the book's balance rose, and to what (the account's own books only)."""

    book: Book
    amount: int
    balance_after: int | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """One movement of money: the account's own line first, and the sum of all lines is zero."""

    account: str
    sequence: int
    kind: TransactionKind
    cause_id: str
    effective_at: datetime
    entries: tuple[Entry, ...]
    reference: str | None = None

    def __post_init__(self) -> None:
        total = 0
        for entry in self.entries:
            total += entry.amount
        if total != 0:
            raise ValueError(
                f"transaction {self.sequence} of {self.account} is out of balance by {total} VND"
            )
