"""`checkout`'s rows <-> its entities, and nothing else: one statement per table and batch.

Tables are locked in this order, rows in key order: order, coupon, account, cluster, item, line, price. A cancelled or
paid order needs all its lines; an answer to a line needs that line and the order's counters, however long the order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from services.checkout import rows
from services.checkout.state import (
    Account,
    Cluster,
    Coupon,
    Item,
    Members,
    Order,
    OrderLine,
    Price,
    StillPoc,
)
from services.checkout.wanted import PriceOf, Told, WantedRows, parts_of, wanted_by
from shared import catalogue
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))

LineOf = tuple[str, int]


class _Kept(NamedTuple):
    """How entities of a kind are saved: those that are new, and those that were there."""

    kind: type[Entity]
    row: Callable[[Any, int], rows.Values]
    add: str
    save: str


_KEPT: Final = (
    _Kept(Order, rows.order_row, "add_orders", "save_orders"),
    _Kept(Coupon, rows.coupon_row, "add_coupons", "save_coupons"),
    _Kept(Account, rows.account_row, "add_accounts", "save_accounts"),
    _Kept(Cluster, rows.cluster_row, "add_clusters", "save_clusters"),
    _Kept(Item, rows.item_row, "add_items", "save_items"),
    _Kept(Price, rows.price_row, "add_prices", "save_prices"),
)


class CheckoutStore:
    """Orders, their lines, and all that orders are placed on and priced by."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """What these messages are about, locked."""
        want = wanted_by(ask.message for ask in asks)
        orders = await _orders(conn, want.orders | want.whole_orders, known)
        waiting = [order for order in orders if order.id in want.whole_orders and _is_open(order)]
        coupons = want.coupons | {order.coupon for order in orders if order.coupon and _may_return(order)}
        await _read(conn, known, "lock_coupons", coupons, rows.coupon_from)
        await _read(conn, known, "find_accounts", want.payers - want.accounts, rows.account_from)
        await _read(conn, known, "lock_accounts", want.accounts, rows.account_from)
        clusters = want.clusters | want.whole_clusters
        await _read(conn, known, "lock_clusters", clusters, rows.cluster_from)
        items = await _items(conn, want, waiting, known)
        open_lines = [(item.open_order, item.open_line) for item in items if item.resource in want.resources]
        lines = {(order, number) for order, number in open_lines if order in want.orders}
        lines |= {(order.id, number) for order in waiting for number in range(1, order.lines + 1)}
        await _lines(conn, lines, known)
        await _still_poc(conn, asks, orders, want.whole_orders, known)
        await _prices(conn, want, items, known)

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The orders, or the lines, with these ids."""
        if kind is Order:
            await _orders(conn, keys, known)
        else:
            parted = (key.rpartition(":") for key in keys)
            await _lines(conn, [(order, int(number)) for order, _, number in parted], known)

    async def save(self, conn: Connection, known: Known) -> None:
        """Everything as it is now: what is new is added, the rest is changed."""
        for kept in _KEPT:
            new = known.made(kept.kind)
            for query, made in ((kept.add, True), (kept.save, False)):
                changed = [one for one in known.changed(kept.kind) if (one[0].key in new) is made]
                if changed:
                    await conn.execute(_SQL[query], [kept.row(*one) for one in changed])
        await _save_lines(conn, known)


def _is_open(order: Order) -> bool:
    return order.status in ("awaiting_payment", "provisioning")


def _may_return(order: Order) -> bool:
    """Whether its coupon may be given back: while nothing of it stands. Others that use the coupon need not wait."""
    return _is_open(order) and order.done == 0


async def _read(
    conn: Connection, known: Known, query: str, keys: Collection[str], make: Callable[[rows.Row], Entity]
) -> None:
    if keys:
        for row in await conn.fetch(_SQL[query], list(keys)):
            known.put(make(row), row.get("event_sequence", 0))


async def _orders(conn: Connection, keys: Collection[str], known: Known) -> list[Order]:
    found = await conn.fetch(_SQL["lock_orders"], list(keys)) if keys else []
    orders = [rows.order_from(row) for row in found]
    for order, row in zip(orders, found, strict=True):
        known.put(order, row["event_sequence"])
    return orders


async def _items(conn: Connection, want: WantedRows, waiting: Sequence[Order], known: Known) -> list[Item]:
    asked = list(want.resources), list(want.whole_clusters), [order.id for order in waiting]
    items = (
        [rows.item_from(row) for row in await conn.fetch(_SQL["lock_items"], *asked)] if any(asked) else []
    )
    members: dict[str, list[str]] = {cluster: [] for cluster in want.whole_clusters}
    for item in items:
        known.put(item)
        if item.cluster in members:
            members[item.cluster].append(item.resource)
    for cluster, resources in members.items():
        known.put(Members(cluster, tuple(resources)))
    return items


async def _still_poc(
    conn: Connection, asks: Sequence[Ask], orders: Sequence[Order], whole: Collection[str], known: Known
) -> None:
    """What is still POC of the clusters of orders that may end with this batch."""
    answers = Counter(getattr(ask.message, "order", None) for ask in asks)
    clusters = {
        order.cluster
        for order in orders
        if order.cluster is not None
        and (order.status, order.action) == ("provisioning", "stop_poc")
        and (order.id in whole or order.done + order.failed + answers[order.id] >= order.lines)
    }
    if clusters:
        kinds = [kind for kind in catalogue.KINDS if catalogue.of(kind).converts]
        found: dict[str, list[str]] = {cluster: [] for cluster in clusters}
        for row in await conn.fetch(_SQL["find_still_poc"], list(clusters), kinds):
            found[row["cluster_id"]].append(row["resource_id"])
        for cluster, resources in found.items():
            known.put(StillPoc(cluster, tuple(resources)))


async def _lines(conn: Connection, lines: Iterable[LineOf], known: Known) -> None:
    if asked := list(lines):
        orders, numbers = zip(*asked, strict=True)
        for row in await conn.fetch(_SQL["lock_lines"], orders, numbers):
            known.put(rows.line_from(row))


async def _prices(conn: Connection, want: WantedRows, items: Sequence[Item], known: Known) -> None:
    there = {Told(item.resource, item.cluster, item.kind, item.flavor) for item in items} | want.told
    kinds = {told.resource: told.kind for told in there}
    prices = set(want.prices)
    for told in there:
        if told.resource in want.priced or told.cluster in want.whole_clusters:
            prices |= parts_of(told.kind, told.flavor)
    for resource, flavor in want.resized:
        if resource in kinds:
            prices |= parts_of(kinds[resource], flavor)
    await _read_prices(conn, "lock_prices", want.published, known)
    await _read_prices(conn, "find_prices", prices - want.published, known)


async def _read_prices(conn: Connection, query: str, prices: Collection[PriceOf], known: Known) -> None:
    if prices:
        kinds, flavors = zip(*prices, strict=True)
        for row in await conn.fetch(_SQL[query], kinds, flavors):
            known.put(rows.price_from(row))


async def _save_lines(conn: Connection, known: Known) -> None:
    new, changed = known.made(OrderLine), known.changed(OrderLine)
    if old := [rows.line_change(*one) for one in changed if one[0].key not in new]:
        await conn.execute(_SQL["save_lines"], old)
    if new:
        await conn.copy_records_to_table(
            "line",
            schema_name="checkout",
            columns=rows.LINE_COLUMNS,
            records=[rows.line_row(line) for line, _ in changed if line.key in new],
        )
