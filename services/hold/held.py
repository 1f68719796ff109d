"""What `hold` remembers of what is metered: what each resource has cost and costs now, and the credit set aside for it.

Values only. A product needs what it has cost since it was last settled, and what the next days cost; orders that are not
carried out yet have their estimate in reserve.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared import catalogue, metering
from shared.contracts.message import MOST_VND
from shared.contracts.parts import Kind, Product
from shared.metering import Rate, month_start, pieces
from shared.period import to_minute

# At the close of so many days in a row in debt a product is stopped.
MOST_DEBT_DAYS: Final = 5


@dataclass(frozen=True, slots=True)
class ProductHold:
    """What an account holds for one metered product. `reserved` is the part of the estimate that orders not carried out yet
    have asked for. `debt_days` counts the days in a row that ended in debt, the last of them at `closed_until`."""

    account: str
    product: str
    actual: int = 0
    estimate: int = 0
    held: int = 0
    reserved: int = 0
    debt_days: int = 0
    counted_until: datetime | None = None
    closed_until: datetime | None = None

    @property
    def key(self) -> str:
        """The id it is found by; an account's id has no slash."""
        return product_key(self.account, self.product)

    @property
    def needed(self) -> int:
        """What should be held."""
        return self.actual + self.estimate

    @property
    def debt(self) -> int:
        """What should be held and is not: it is not there."""
        return self.needed - self.held

    def needed_from(self, at: datetime) -> ProductHold:
        """Before something is: where nothing was needed yet, days that ended before are none of its."""
        return self if self.needed else replace(self, closed_until=max(self.closed_until or at, at))

    def holding(self, amount: int) -> ProductHold:
        """With so much held."""
        return replace(self, held=amount)

    def reserving(self, amount: int) -> ProductHold:
        """With `amount` more in reserve for orders; less, where that is below zero."""
        return replace(self, reserved=self.reserved + amount, estimate=self.estimate + amount)

    def counting(self, actual: int, metered: int, until: datetime) -> ProductHold:
        """With its use counted up to that minute, and what its resources cost in the next days."""
        return replace(
            self,
            actual=min(actual, MOST_VND),
            estimate=min(self.reserved + metered, MOST_VND),
            counted_until=until,
        )


def product_key(account: str, product: str) -> str:
    """The key of what an account holds for a product."""
    return f"{account}/{product}"


@dataclass(frozen=True, slots=True)
class OrderHold:
    """What was held for a product by one order, once; how much of it was let go since because a line failed, and how much is
    held for the resources it brought instead."""

    account: str
    order: str
    product: str
    amount: int
    released: int = 0
    taken: int = 0

    @property
    def key(self) -> str:
        """The id it is found by."""
        return order_hold_key(self.account, self.order, self.product)

    @property
    def left(self) -> int:
        """What is still in reserve for it."""
        return self.amount - self.released - self.taken

    def less(self, amount: int) -> OrderHold:
        """With `amount` more let go."""
        return replace(self, released=self.released + amount)

    def taking(self, amount: int) -> OrderHold:
        """With `amount` more held for a resource instead."""
        return replace(self, taken=self.taken + amount)


def order_hold_key(account: str, order: str, product: str) -> str:
    """The key of what an order held for a product."""
    return f"{account}/{order}/{product}"


@dataclass(frozen=True, slots=True)
class Meter:
    """What one metered resource has cost since it was last settled: `closed` by configurations that are over, by month,
    and by the present one `since`. Without a rate it is not used any more."""

    account: str
    resource: str
    product: Product
    kind: Kind
    since: datetime
    rate: Rate | None = None
    closed: tuple[tuple[str, int], ...] = ()

    @property
    def key(self) -> str:
        """The id it is found by; an account's id has no slash."""
        return meter_key(self.account, self.resource)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to be settled, and nothing more will be."""
        return self.rate is None and not self.closed

    @property
    def estimate(self) -> int:
        """What the next days of it cost as it is now."""
        if self.rate is None:
            return 0
        return min(metering.estimate(self.rate, catalogue.of(self.kind).held_days), MOST_VND)

    def used(self, until: datetime) -> int:
        """What it has cost up to that minute, and has not been settled."""
        running = 0 if self.rate is None else metering.cost(self.rate, self.since, until)
        return min(sum(amount for _, amount in self.closed) + running, MOST_VND)

    def configured(self, rate: Rate | None, at: datetime) -> Meter:
        """Costing that from then on; where one configuration begins the one before it ends, be it heard of late."""
        at = max(to_minute(at), self.since)
        return replace(self, since=at, rate=rate, closed=self._closed_at(at))

    def settled(self, until: datetime, month: str | None = None) -> Meter:
        """With what it has cost before that minute paid for: in that month alone, where one is named."""
        at = max(self.since, to_minute(until))
        kept = tuple(
            (of, amount)
            for of, amount in self._closed_at(at)
            if month_start(of) >= until or month not in (None, of)
        )
        return replace(self, since=at, closed=kept)

    def _closed_at(self, at: datetime) -> tuple[tuple[str, int], ...]:
        if self.rate is None:
            return self.closed
        sums = dict(self.closed)
        for piece in pieces(self.since, at):
            amount = metering.amount(self.rate, piece.starts, piece.until)
            sums[piece.month] = min(sums.get(piece.month, 0) + amount, MOST_VND)
        return tuple(sorted((month, amount) for month, amount in sums.items() if amount))


def meter_key(account: str, resource: str) -> str:
    """The key of an account's metered resource."""
    return f"{account}/{resource}"


@dataclass(frozen=True, slots=True)
class Meters:
    """Which resources of one product an account has metered. It has no table: the store finds it."""

    account: str
    product: str
    resources: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """The id it is found by."""
        return product_key(self.account, self.product)

    def having(self, meter: Meter) -> Meters:
        """With that one among them; without it, where it is over."""
        if meter.is_over:
            return replace(self, resources=self.resources - {meter.resource})
        return (
            self
            if meter.resource in self.resources
            else replace(self, resources=self.resources | {meter.resource})
        )


@dataclass(frozen=True, slots=True)
class Payment:
    """What was paid of an invoice at once: a settlement of a product's use, or out of the available credit. Never changed."""

    account: str
    id: str
    invoice: str
    product: str | None
    amount: int
    paid: int
    from_hold: int = 0

    @property
    def key(self) -> str:
        """The id it is found by."""
        return payment_key(self.account, self.id)


def payment_key(account: str, payment: str) -> str:
    """The key of a payment."""
    return f"{account}/{payment}"


def settlement_id(invoice: str, product: str) -> str:
    """The id of the payment by which an invoice is settled for a product: the same whoever asks for it."""
    return f"{invoice}/{product}"
