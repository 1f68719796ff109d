"""What `invoicing` remembers of what is paid by its use: how it was used, how much of that is on record, and the months'
records, which are never changed. Values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.invoicing.state import Totals, month_key
from shared.contracts.parts import Kind, PartPrice, Per, Product

# How it is paid: out of what is held for it, or afterwards.
Metering = Literal["hold", "postpaid"]


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
    billing: Metering = "hold"
    parts: tuple[PartPrice, ...] = ()

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
class DueUse:
    """How much of a use is on record: all before `recorded_until` is in months' records, and what comes after `invoiced_from`
    is on an invoice already. Forgotten once the month in which the use ended is recorded."""

    usage: str
    account: str
    resource: str
    recorded_until: datetime
    until: datetime | None = None
    invoiced_from: datetime | None = None
    over: bool = False

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.usage


@dataclass(frozen=True, slots=True)
class UseLine:
    """What one interval of a use costs, in the record of a month. A document: never changed."""

    account: str
    month: str
    usage: str
    starts: datetime
    until: datetime
    units: int
    amount: int
    invoice: str | None
    cause_id: str


@dataclass(frozen=True, slots=True)
class MonthRecord:
    """That an account's use of a month is on record. A document: never changed."""

    account: str
    month: str
    amount: int
    totals: Totals
    lines: int
    invoice: str | None
    effective_at: datetime
    cause_id: str

    @property
    def key(self) -> str:
        """The id it is found by; an account's id has no slash."""
        return month_key(self.account, self.month)


@dataclass(frozen=True, slots=True)
class MonthUse:
    """Of an account whose month is to be recorded: its use that is due, and the lines the month has already."""

    account: str
    month: str
    due: tuple[str, ...] = ()
    lines: tuple[UseLine, ...] = ()

    @property
    def key(self) -> str:
        """The id it is found by."""
        return month_key(self.account, self.month)
