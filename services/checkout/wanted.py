"""Which rows a batch's messages are about, before any is read. Pure: what the store loads, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.checkout.rules.projections import Became
from shared.contracts import hold, lifecycle
from shared.contracts.charges import Charged, ChargeRefused, HoldPlaced, HoldRefused
from shared.contracts.checkout import (
    Buy,
    CancelOrder,
    GrantCoupon,
    PublishPrices,
    Recover,
    Renew,
    RenewDue,
    Resize,
    StopPoc,
)
from shared.contracts.message import Message
from shared.contracts.parts import Kind
from shared.contracts.payments import PaymentFailed
from shared.contracts.refusals import ClusterConversionRefused

PriceOf = tuple[Kind, str]


class Told(NamedTuple):
    """A resource as a message of this batch tells it: what comes after it may ask its price."""

    resource: str
    cluster: str | None
    kind: Kind
    flavor: str


@dataclass
class WantedRows:
    """The ids asked about, by table. Of `whole_orders` every line and resource is needed; of `orders` only those named."""

    orders: set[str] = field(default_factory=set)
    whole_orders: set[str] = field(default_factory=set)
    coupons: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    # Those that order: only read.
    payers: set[str] = field(default_factory=set)
    clusters: set[str] = field(default_factory=set)
    whole_clusters: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)
    # Resources whose own prices are needed, as they stand; and what they are to become.
    priced: set[str] = field(default_factory=set)
    resized: set[tuple[str, str]] = field(default_factory=set)
    prices: set[PriceOf] = field(default_factory=set)
    published: set[PriceOf] = field(default_factory=set)
    told: set[Told] = field(default_factory=set)


def wanted_by(messages: Iterable[Message]) -> WantedRows:
    """The rows these messages are about."""
    rows = WantedRows()
    for message in messages:
        match message:
            case StopPoc() | Buy() | Renew() | Resize() | Recover() | RenewDue():
                _ordered(message, rows)
            case GrantCoupon():
                rows.coupons.add(message.code)
            case PublishPrices():
                rows.published |= {(price.kind, price.flavor) for price in message.prices}
            case CancelOrder() | Charged() | ChargeRefused() | HoldPlaced() | HoldRefused() | PaymentFailed():
                rows.whole_orders.add(message.order)
            case ClusterConversionRefused():
                rows.whole_orders.add(message.order)
            case hold.Account():
                rows.accounts.add(message.account)
            case lifecycle.Cluster():
                rows.clusters.add(message.cluster)
            case lifecycle.Resource():
                rows.resources.add(message.resource)
                rows.told.add(Told(message.resource, message.cluster, message.kind, message.flavor))
            case _:
                _answered(message, rows)
    return rows


def parts_of(kind: Kind, flavor: str) -> set[PriceOf]:
    """The prices of a thing's parts."""
    return {(kind, part) for part in flavor.split("+")}


def _ordered(ask: StopPoc | Buy | Renew | Resize | Recover | RenewDue, rows: WantedRows) -> None:
    match ask:
        case StopPoc():
            named = set(ask.resources or ())
            if ask.cluster is not None:
                rows.whole_clusters.add(ask.cluster)
        case Buy():
            named = {item.resource for item in ask.items}
            rows.clusters |= {item.cluster for item in ask.items if item.cluster is not None}
            rows.prices |= {price for item in ask.items for price in parts_of(item.kind, item.flavor)}
        case Renew():
            named = set(ask.resources)
        case RenewDue():
            named = {due.resource for due in ask.resources}
            rows.prices |= {price for due in ask.resources for price in parts_of(due.kind, due.flavor)}
        case Resize():
            named = {ask.resource}
            rows.resized.add((ask.resource, ask.flavor))
        case Recover():
            named = {ask.resource}
    rows.resources |= named
    rows.priced |= named
    rows.payers.add(ask.account)
    if isinstance(ask, StopPoc | Buy | Renew) and ask.coupon is not None:
        rows.coupons.add(ask.coupon)


def _answered(message: Message, rows: WantedRows) -> None:
    """An answer to one line of an order: it names both."""
    order, resource = getattr(message, "order", None), getattr(message, "resource", None)
    if isinstance(order, str) and isinstance(resource, str):
        rows.orders.add(order)
        rows.resources.add(resource)
    if isinstance(message, Became):
        rows.told.add(Told(message.resource, message.cluster, message.kind, message.flavor))
