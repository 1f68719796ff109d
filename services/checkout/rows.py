"""`checkout`'s entities as rows, and back. Parts that are only ever read with their row are JSON in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter

from services.checkout.state import (
    Account,
    Cluster,
    Coupon,
    Held,
    Item,
    Order,
    OrderLine,
    Price,
    PriceVersion,
)
from shared.contracts.orders import Failure
from shared.contracts.parts import Line, Metered, Term

Row = Mapping[str, Any]
Values = tuple[object, ...]

_TERMS: Final = TypeAdapter(tuple[Term, ...])
_FAILURES: Final = TypeAdapter(tuple[Failure, ...])
_HOLDS: Final = TypeAdapter(tuple[Held, ...])
_VERSIONS: Final = TypeAdapter(tuple[PriceVersion, ...])


def order_from(row: Row) -> Order:
    """The order of that row."""
    return Order(
        *(row["order_id"], row["subject"], row["account_id"], row["action"], row["pay"], row["status"]),
        *(row["total_vnd"], row["lines"], row["placed_at"], row["cluster_id"], row["coupon"]),
        *(row["received_vnd"], row["given_back_vnd"], row["done"], row["failed"], row["spared"]),
        *(row["left_poc"], _HOLDS.validate_json(row["holds"]), _FAILURES.validate_json(row["failures"])),
        *(row["version"], row["auto"]),
    )


def order_row(order: Order, event_sequence: int) -> Values:
    """The order as a row."""
    return (
        *(order.id, order.subject, order.account, order.action, order.pay, order.status),
        *(order.total, order.lines, order.placed_at, order.cluster, order.coupon),
        *(order.received, order.given_back, order.done, order.failed, order.spared),
        *(order.left, _HOLDS.dump_json(order.holds).decode(), _FAILURES.dump_json(order.failures).decode()),
        *(order.version, event_sequence, order.auto),
    )


LINE_COLUMNS: Final = (
    *("order_id", "number", "resource_id", "kind", "flavor", "quantity", "line", "metered", "cluster_id"),
    *("auto_renew", "months", "status", "reason", "version"),
)


def line_from(row: Row) -> OrderLine:
    """The order line of that row."""
    return OrderLine(
        *(row["order_id"], row["number"], row["resource_id"], row["kind"], row["flavor"], row["quantity"]),
        None if row["line"] is None else Line.model_validate_json(row["line"]),
        _metered(row["metered"]),
        *(row["cluster_id"], row["auto_renew"], row["months"], row["status"], row["reason"], row["version"]),
    )


def line_row(line: OrderLine) -> Values:
    """The order line as a new row."""
    return (
        *(line.order, line.number, line.resource, line.kind, line.flavor, line.quantity),
        *(_json(line.line), _json(line.metered), line.cluster),
        *(line.auto_renew, line.months, line.status, line.reason, line.version),
    )


def line_change(line: OrderLine, _: int) -> Values:
    """What changes of an order line: what was ordered never does."""
    return line.order, line.number, line.status, line.reason, line.version


def item_from(row: Row) -> Item:
    """The resource of that row."""
    return Item(
        *(row["resource_id"], row["account_id"], row["kind"], row["flavor"], row["quantity"]),
        *(row["cluster_id"], row["billing"], row["status"], row["until"]),
        *(_TERMS.validate_json(row["terms"]), _metered(row["metered"]), row["trash_until"], row["version"]),
        *(row["open_order"], row["open_line"]),
    )


def item_row(item: Item, _: int) -> Values:
    """The resource as a row."""
    return (
        *(item.resource, item.account, item.kind, item.flavor, item.quantity),
        *(item.cluster, item.billing, item.status, item.until),
        *(_TERMS.dump_json(item.terms).decode(), _json(item.metered), item.trash_until, item.version),
        *(item.open_order, item.open_line),
    )


def cluster_from(row: Row) -> Cluster:
    """The cluster of that row."""
    return Cluster(row["cluster_id"], row["account_id"], row["poc"], row["version"])


def cluster_row(cluster: Cluster, _: int) -> Values:
    """The cluster as a row."""
    return cluster.id, cluster.account, cluster.poc, cluster.version


def account_from(row: Row) -> Account:
    """The account of that row."""
    return Account(row["account_id"], row["mode"], row["poc_until"])


def account_row(account: Account, _: int) -> Values:
    """The account as a row."""
    return account.id, account.mode, account.poc_until


def coupon_from(row: Row) -> Coupon:
    """The coupon of that row."""
    until: datetime | None = row["until"]
    return Coupon(row["code"], row["amount_vnd"], tuple(row["products"]), until, row["uses"], row["used"])


def coupon_row(coupon: Coupon, event_sequence: int) -> Values:
    """The coupon as a row."""
    return (
        *(coupon.code, coupon.amount, list(coupon.products), coupon.until, coupon.uses, coupon.used),
        event_sequence,
    )


def price_from(row: Row) -> Price:
    """The price of that row."""
    return Price(row["kind"], row["flavor"], _VERSIONS.validate_json(row["versions"]))


def price_row(price: Price, _: int) -> Values:
    """The price as a row."""
    return price.kind, price.flavor, _VERSIONS.dump_json(price.versions).decode()


def _metered(text: str | None) -> Metered | None:
    return None if text is None else Metered.model_validate_json(text)


def _json(model: Line | Metered | None) -> str | None:
    return None if model is None else model.model_dump_json()
