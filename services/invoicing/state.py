"""What `invoicing` remembers: documents, which are never changed, and what numbers them and says which of them still run.

Values only: nothing is changed in place, and an invoice that would not add up cannot be made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.invoicing import ClosedBy, InvoiceAction
from shared.contracts.parts import Kind, Line, Per, Product
from shared.period import minutes_between, unused


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
    """What was bought for a period: a document, never changed. What became of it since are documents of their own.

    It is born paid: `money` in money, and `carried` by the unused value of what it replaces.
    """

    id: str
    account: str
    month: str
    sequence: int
    resource: str
    cluster: str | None
    product: Product
    kind: Kind
    action: InvoiceAction
    order: str | None
    money: int
    carried: int
    line: Line
    issued_at: datetime
    cause_id: str
    closed: Closing | None = None

    def __post_init__(self) -> None:
        if self.amount != self.line.value or self.amount < 0:
            raise ValueError(
                f"an invoice of {self.money} + {self.carried} VND for a line worth {self.line.value} VND"
            )

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
        """What the period costs, all of it paid."""
        return self.money + self.carried

    def unused_minutes(self, at: datetime) -> int:
        """How many of the minutes that were paid for are not used when it ends at that instant."""
        line = self.line
        return min(line.minutes, max(0, minutes_between(at, line.until)))

    def unused(self, at: datetime) -> int:
        """What of its amount is not used when it ends at that instant."""
        return unused(self.amount, self.line.starts, self.line.until, at)


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of a resource in one configuration, from a minute on. A document: never changed."""

    id: str
    account: str
    resource: str
    cluster: str | None
    product: Product
    kind: Kind
    flavor: str
    quantity: int
    vnd: int
    per: Per
    starts: datetime
    cause_id: str

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id


@dataclass(frozen=True, slots=True)
class UsageEnd:
    """That the use in one configuration ended: its last minute is the one before `until`. A document: never changed."""

    account: str
    usage: str
    until: datetime
    cause_id: str


@dataclass(frozen=True, slots=True)
class Resource:
    """Which documents of a resource still run: invoices not closed, oldest first, and the use going on."""

    account: str
    id: str
    invoices: tuple[str, ...] = ()
    usage: str | None = None

    @property
    def key(self) -> str:
        """The id it is found by; an account's id has no slash."""
        return resource_key(self.account, self.id)


def resource_key(account: str, resource: str) -> str:
    """The key of an account's resource."""
    return f"{account}/{resource}"
