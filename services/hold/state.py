"""What `hold` remembers: accounts with their wallets and holds, what was counted, charged and held, and the ledger.

Values only: nothing is changed in place, and a transaction that does not sum to zero cannot be made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

from shared.contracts.charges import Wallet
from shared.contracts.hold import AccountMode

# The account's own books first, then those outside it that money comes from and goes to (README.md).
Book = Literal["credit", "poc", "bank", "sales", "poc_granted", "poc_expired", "poc_used"]
TransactionKind = Literal[
    "deposit", "charge", "refund", "poc_grant", "poc_charge", "poc_refund", "poc_expiry"
]

# Banks and gateways stay below 40; the limit keeps an index entry small.
MOST_REFERENCE_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class CreditWallet:
    """Real money: all there is, and the part of it held for metered products."""

    total: int = 0
    held: int = 0

    @property
    def available(self) -> int:
        """What may be spent; below zero only by a daily hold."""
        return self.total - self.held

    def plus(self, amount: int) -> CreditWallet:
        """With `amount` more; less, where that is below zero."""
        return CreditWallet(self.total + amount, self.held)

    def holding(self, amount: int) -> CreditWallet:
        """With `amount` more of it held; less, where that is below zero."""
        return CreditWallet(self.total, self.held + amount)


@dataclass(frozen=True, slots=True)
class PocWallet:
    """Granted money with an end: granted = spent - refunded + expired + left."""

    until: datetime
    granted: int = 0
    spent: int = 0
    refunded: int = 0
    expired: int = 0

    @property
    def left(self) -> int:
        """What may be spent on POC resources, before the end."""
        return self.granted - self.spent + self.refunded - self.expired

    def ended_by(self, instant: datetime) -> bool:
        """Whether it pays nothing any more at that instant. Periods are half-open: not at its end either."""
        return self.until <= instant

    def plus(self, amount: int, until: datetime) -> PocWallet:
        """With `amount` more granted, ending at `until`."""
        return PocWallet(until, self.granted + amount, self.spent, self.refunded, self.expired)

    def spending(self, amount: int) -> PocWallet:
        """With `amount` paid out of it."""
        return PocWallet(self.until, self.granted, self.spent + amount, self.refunded, self.expired)

    def refunding(self, amount: int) -> PocWallet:
        """With `amount` of what was paid out of it back."""
        return PocWallet(self.until, self.granted, self.spent, self.refunded + amount, self.expired)

    def emptied(self) -> PocWallet:
        """With all that was left expired."""
        return PocWallet(self.until, self.granted, self.spent, self.refunded, self.expired + self.left)

    def extended(self, until: datetime) -> PocWallet:
        """Ending at `until` instead."""
        return PocWallet(until, self.granted, self.spent, self.refunded, self.expired)


@dataclass(frozen=True, slots=True)
class ProductHold:
    """What an account holds for one metered product: held + debt = actual + estimate."""

    account: str
    product: str
    actual: int = 0
    estimate: int = 0
    held: int = 0
    debt: int = 0

    @property
    def key(self) -> str:
        """The id it is found by; an account's id has no slash."""
        return f"{self.account}/{self.product}"

    def more(self, amount: int) -> ProductHold:
        """With `amount` more estimated, and held."""
        return ProductHold(
            *(self.account, self.product, self.actual, self.estimate + amount, self.held + amount, self.debt)
        )

    def less(self, amount: int) -> ProductHold:
        """With `amount` less estimated. The debt is let go first: what is not there cannot be made available."""
        needed = self.actual + self.estimate - amount
        held = min(self.held, needed)
        return ProductHold(
            *(self.account, self.product, self.actual, self.estimate - amount, held, needed - held)
        )


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


@dataclass(frozen=True, slots=True)
class OrderHold:
    """What was held for a product by one order, once, and how much of it was let go since because a line failed."""

    account: str
    order: str
    product: str
    amount: int
    released: int = 0

    @property
    def key(self) -> str:
        """The id it is found by."""
        return order_hold_key(self.account, self.order, self.product)

    @property
    def left(self) -> int:
        """What can still be let go."""
        return self.amount - self.released

    def less(self, amount: int) -> OrderHold:
        """With `amount` more let go."""
        return OrderHold(self.account, self.order, self.product, self.amount, self.released + amount)


def order_hold_key(account: str, order: str, product: str) -> str:
    """The key of what an order held for a product."""
    return f"{account}/{order}/{product}"


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
