"""What `invoicing` remembers: documents, which are never changed, and what numbers them and says which of them still run.

Values only: nothing is changed in place, and an invoice that would not add up cannot be made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.contracts.invoicing import ClosedBy, InvoiceAction, InvoiceStatus
from shared.contracts.owed import PaidBy
from shared.contracts.parts import Kind, Line, Product

# What was used of each product, in money, by product.
Totals = tuple[tuple[Product, int], ...]


@dataclass(frozen=True, slots=True)
class AccountBooks:
    """An account that has documents: what is said about it is numbered, and whoever writes its documents locks it."""

    id: str

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id


@dataclass(frozen=True, slots=True)
class MonthBook:
    """The invoices of one account and month, counted: the last one's number."""

    account: str
    month: str
    issued: int = 0

    @property
    def key(self) -> str:
        """The id it is found by; an account's id has no slash."""
        return month_key(self.account, self.month)

    def with_one_more(self) -> MonthBook:
        """After one more invoice, which has the number `issued`."""
        return MonthBook(self.account, self.month, self.issued + 1)


def month_key(account: str, month: str) -> str:
    """The key of an account's month."""
    return f"{account}/{month}"


@dataclass(frozen=True, slots=True)
class Closing:
    """That what an invoice is for ended before its time, and what of it was not used. A document: never changed."""

    account: str
    invoice: str
    closed_by: ClosedBy
    at: datetime
    unused_minutes: int
    unused: int
    replaced_by: str | None
    order: str | None
    effective_at: datetime
    cause_id: str


@dataclass(frozen=True, slots=True)
class Invoice:
    """What was bought for a period, or used: a document, never changed. What became of it since are documents of their own.

    For a period it has a `line` and is born paid: `money` in money, and `carried` by the unused value of what it replaces.
    For use it has `totals` by product and is born unpaid: `paid` is what the payments since come to.
    """

    id: str
    account: str
    month: str
    sequence: int
    resource: str | None
    cluster: str | None
    product: Product | None
    kind: Kind | None
    action: InvoiceAction
    order: str | None
    money: int
    carried: int
    line: Line | None
    issued_at: datetime
    cause_id: str
    closed: Closing | None = None
    totals: Totals = ()
    paid: int = 0
    payments: int = 0

    def __post_init__(self) -> None:
        worth = sum(amount for _, amount in self.totals) if self.line is None else self.line.value
        if self.amount != worth or self.amount < 0:
            raise ValueError(f"an invoice of {self.money} + {self.carried} VND for what is worth {worth} VND")

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id

    @property
    def number(self) -> str:
        """The number on it."""
        return f"{self.month}-{self.sequence:06}"

    @property
    def amount(self) -> int:
        """What the period, or the use, costs."""
        return self.money + self.carried

    @property
    def paid_so_far(self) -> int:
        """How much of it is paid: of a period, all."""
        return self.paid if self.line is None else self.amount

    @property
    def outstanding(self) -> int:
        """What is left to pay."""
        return self.amount - self.paid_so_far

    @property
    def status(self) -> InvoiceStatus:
        """How it stands."""
        if self.outstanding == 0:
            return "paid"
        return "partially_paid" if self.paid_so_far else "unpaid"


@dataclass(frozen=True, slots=True)
class Payment:
    """That some of an invoice was paid after it was issued. A document: never changed."""

    account: str
    invoice: str
    number: int
    product: str | None
    amount: int
    from_hold: int
    by: PaidBy
    effective_at: datetime
    cause_id: str


@dataclass(frozen=True, slots=True)
class Owed:
    """An invoice that is not paid, and whether hold is asked for the money just now: by whom, how many answers are missing,
    and what the others were."""

    invoice: str
    account: str
    issued_at: datetime
    outstanding: int
    by: PaidBy | None = None
    awaited: int = 0
    paid_now: int = 0
    from_hold: int = 0

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.invoice

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it, and nothing is awaited."""
        return self.outstanding == 0 and self.awaited == 0

    def asked(self, by: PaidBy, answers: int = 1) -> Owed:
        """While hold is asked for the money."""
        return replace(self, by=by, awaited=answers, paid_now=0, from_hold=0)

    def answered(self, paid: int, from_hold: int) -> Owed:
        """With one more answer."""
        return replace(
            self,
            outstanding=self.outstanding - paid,
            awaited=self.awaited - 1,
            paid_now=self.paid_now + paid,
            from_hold=self.from_hold + from_hold,
        )


@dataclass(frozen=True, slots=True)
class Debts:
    """What an account owes, where it is asked for: its invoices that are not paid."""

    account: str
    invoices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.account


@dataclass(frozen=True, slots=True)
class Resource:
    """Which documents of a resource still run: invoices not closed, oldest first, and the use going on. Where a
    batch needs it, `due` is its use that is not all on record, oldest first; it is kept in rows of its own."""

    account: str
    id: str
    invoices: tuple[str, ...] = ()
    usage: str | None = None
    due: tuple[str, ...] = field(default=(), compare=False)

    @property
    def key(self) -> str:
        """The id it is found by; an account's id has no slash."""
        return resource_key(self.account, self.id)


def resource_key(account: str, resource: str) -> str:
    """The key of an account's resource."""
    return f"{account}/{resource}"
