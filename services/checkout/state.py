"""What `checkout` remembers: orders and their lines, coupons and prices; and, as others tell it, what can be ordered for.

Values only: nothing is changed in place. An order holds counters, so that how far it has come is told without its lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from shared.contracts.checkout import Action, PaidBy
from shared.contracts.hold import AccountMode
from shared.contracts.orders import Failure, LineStatus, OrderStatus
from shared.contracts.parts import Kind, Line, Metered, Per, Product, Term
from shared.contracts.resources import Billing, Status

# Billed as POC, and not gone: what Stop POC is about.
_STANDS: Final = frozenset({"creating", "active", "grace", "suspended"})


@dataclass(frozen=True, slots=True)
class Item:
    """A resource, as lifecycle tells it (version 0: bought, and not told of yet), and the order that has it in hand."""

    resource: str
    account: str
    kind: Kind
    flavor: str
    quantity: int
    cluster: str | None = None
    billing: Billing = "prepaid"
    status: Status = "active"
    until: datetime | None = None
    terms: tuple[Term, ...] = ()
    metered: Metered | None = None
    trash_until: datetime | None = None
    version: int = 0
    open_order: str | None = None
    open_line: int = 0

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.resource

    @property
    def is_metered(self) -> bool:
        """Whether it is paid by its use, in advance or by the month."""
        return self.billing in ("hold", "postpaid")

    @property
    def is_poc(self) -> bool:
        """Whether it is POC now: one that ended keeps its billing."""
        return self.billing == "poc" and self.status in _STANDS

    def claimed(self, order: str, line: int) -> Item:
        """In the hands of that order: no other may touch it."""
        return replace(self, open_order=order, open_line=line)

    @property
    def is_imagined(self) -> bool:
        """Whether it was bought once and never came to be: its name is free."""
        return self.version == 0 and self.status == "released"

    def freed(self) -> Item:
        """In nobody's hands."""
        return replace(self, open_order=None, open_line=0)

    def dropped(self) -> Item:
        """In nobody's hands; and what was bought, and never came to be, is gone."""
        freed = self.freed()
        return replace(freed, status="released") if self.status == "creating" else freed


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, as lifecycle tells it."""

    id: str
    account: str
    poc: bool
    version: int

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id


@dataclass(frozen=True, slots=True)
class Members:
    """The resources of a cluster that a command of this batch names: found for it, and stored nowhere."""

    cluster: str
    resources: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The cluster's id."""
        return self.cluster

    def joined_by(self, resource: str) -> Members:
        """With that resource too."""
        return self if resource in self.resources else Members(self.cluster, (*self.resources, resource))


class StillPoc(NamedTuple):
    """Servers and volumes of a cluster that are POC: found where a Stop POC of it may end, and stored nowhere."""

    cluster: str
    resources: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The cluster's id."""
        return self.cluster


@dataclass(frozen=True, slots=True)
class Account:
    """An account, as hold tells it."""

    id: str
    mode: AccountMode
    poc_until: datetime | None = None

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id


@dataclass(frozen=True, slots=True)
class Coupon:
    """An amount over one order, for some products or all (none named)."""

    code: str
    amount: int
    products: tuple[Product, ...] = ()
    until: datetime | None = None
    uses: int | None = None
    used: int = 0

    @property
    def key(self) -> str:
        """The code it is found by."""
        return self.code

    def reserved(self) -> Coupon:
        """With one more order that uses it."""
        return replace(self, used=self.used + 1)

    def returned(self) -> Coupon:
        """With one order less that uses it."""
        return replace(self, used=self.used - 1)


class PriceVersion(NamedTuple):
    """A price, from an instant until the next version's."""

    starts: datetime
    vnd: int
    per: Per
    discount: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """What one thing costs: its versions, oldest first, one for each instant."""

    kind: Kind
    flavor: str
    versions: tuple[PriceVersion, ...] = ()

    @property
    def key(self) -> str:
        """The id it is found by; no kind has a slash."""
        return price_key(self.kind, self.flavor)

    def at(self, instant: datetime) -> PriceVersion | None:
        """The version that stands at an instant, if one does."""
        return next((each for each in reversed(self.versions) if each.starts <= instant), None)

    def with_version(self, version: PriceVersion) -> Price:
        """With this version; of two from the same instant, the one published later stands."""
        others = (each for each in self.versions if each.starts != version.starts)
        return replace(self, versions=tuple(sorted((*others, version))))


def price_key(kind: Kind, flavor: str) -> str:
    """The key of the price of that thing."""
    return f"{kind}/{flavor}"


class Held(NamedTuple):
    """What an order asks to be held for one product, and whether it is."""

    product: Product
    amount: int
    placed: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """An order: how it stands, what was paid for it and given back, and how many of its lines are resolved."""

    id: str
    subject: str
    account: str
    action: Action
    pay: PaidBy
    status: OrderStatus
    total: int
    lines: int
    placed_at: datetime
    cluster: str | None = None
    coupon: str | None = None
    received: int = 0
    given_back: int = 0
    done: int = 0
    failed: int = 0
    # Of those that failed: how many needed nothing any more, so that their failing is none.
    spared: int = 0
    # How many resources it leaves POC: those it was not for, and those that could not be converted. Of a cluster's, as they
    # stand when it ends.
    left: int = 0
    holds: tuple[Held, ...] = ()
    failures: tuple[Failure, ...] = ()
    version: int = 1
    # Nobody asked for it: a resource is renewed by itself.
    auto: bool = False

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id

    @property
    def is_resolved(self) -> bool:
        """Whether every line of it is done or failed."""
        return self.done + self.failed == self.lines

    def having(self, **changes: object) -> Order:
        """Changed so: its next version."""
        return replace(self, **({"version": self.version + 1} | changes))  # type: ignore[arg-type]  # fields of its own


@dataclass(frozen=True, slots=True)
class OrderLine:
    """What an order asks for one resource: all that lifecycle has to be told once it is paid."""

    order: str
    number: int
    resource: str
    kind: Kind
    flavor: str
    quantity: int
    line: Line | None = None
    metered: Metered | None = None
    cluster: str | None = None
    auto_renew: bool = False
    months: int = 1
    status: LineStatus = "pending"
    reason: str | None = None
    version: int = 1

    @property
    def key(self) -> str:
        """The id it is found by: the order's, and its number in it."""
        return line_key(self.order, self.number)

    @property
    def amount(self) -> int:
        """What was paid for it; what a resize below zero gives back is lifecycle's to say."""
        return max(self.line.amount, 0) if self.line else 0

    def ended(self, status: LineStatus, reason: str | None = None) -> OrderLine:
        """Done, or failed for that reason."""
        return replace(self, status=status, reason=reason, version=self.version + 1)


def line_key(order: str, number: int) -> str:
    """The key of that line."""
    return f"{order}:{number}"
