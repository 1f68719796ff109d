"""`notify`'s rows <-> its entities, and nothing else: one statement per table and batch.

Accounts are locked first, in the order of their ids, then orders in the order of theirs; what came of an order belongs to
it, and is found after that is locked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from services.notify.state import Account, Draft, Ended, Letter, Order, Part, Recipient
from shared.contracts.notify import MailItem
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))

_RECIPIENTS: Final = TypeAdapter(tuple[Recipient, ...])
_WAITING: Final = TypeAdapter(tuple[Draft, ...])
_ENDED: Final = TypeAdapter(Ended)

_PART_COLUMNS: Final = ("order_id", "what", "resource_id", "item", "invoiced")
_MAIL_COLUMNS: Final = ("mail_id", "account_id", "kind", "language", "facts", "effective_at")
_LETTER_COLUMNS: Final = ("mail_id", "recipient")

Row = Mapping[str, Any]


class NotifyStore:
    """Accounts, orders with what came of them, and the mails that were asked for."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """The accounts and orders that are told about, locked."""
        await self.lock(conn, Account, list({ask.message.account for ask in asks}), known)  # type: ignore[attr-defined]
        if orders := list({order for ask in asks if (order := getattr(ask.message, "order", None))}):
            await self.lock(conn, Order, orders, known)

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The accounts, or the orders, with these ids."""
        if kind is Account:
            for row in await conn.fetch(_SQL["lock_accounts"], keys):
                known.put(_account(row), row["event_sequence"])
        elif rows := await conn.fetch(_SQL["lock_orders"], keys):
            parts = await _parts(conn, [row["order_id"] for row in rows])
            for row in rows:
                known.put(_order(row, parts[row["order_id"]]))

    async def save(self, conn: Connection, known: Known) -> None:
        """Accounts and orders as they are now, and the new mails with a letter for each who gets one."""
        new = known.made(Account)
        for query, made in (("add_accounts", True), ("save_accounts", False)):
            if rows := [_account_row(*one) for one in known.changed(Account) if (one[0].key in new) is made]:
                await conn.execute(_SQL[query], *zip(*rows, strict=True))
        await _save_orders(conn, known)
        if letters := known.added(Letter):
            await _add(conn, "mail", _MAIL_COLUMNS, {each.mail: _mail_row(each) for each in letters}.values())
            await _add(conn, "letter", _LETTER_COLUMNS, [(each.mail, each.recipient) for each in letters])


async def _save_orders(conn: Connection, known: Known) -> None:
    orders, new = [order for order, _ in known.changed(Order)], known.made(Order)
    for query, made in (("add_orders", True), ("save_orders", False)):
        if rows := [_order_row(order) for order in orders if (order.key in new) is made]:
            await conn.execute(_SQL[query], *zip(*rows, strict=True))
    over = {order.id for order in orders if order.is_over}
    if parts := [_part_row(part) for part in known.added(Part) if part.order not in over]:
        await _add(conn, "part", _PART_COLUMNS, parts)
    if kept := over - new:
        await conn.execute(_SQL["drop_parts"], sorted(kept))


async def _add(
    conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    await conn.copy_records_to_table(table, schema_name="notify", columns=columns, records=rows)


async def _parts(conn: Connection, orders: Sequence[str]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = defaultdict(list)
    for row in await conn.fetch(_SQL["find_parts"], orders):
        item = MailItem.model_validate_json(row["item"])
        found[row["order_id"]].append(
            Part(row["order_id"], row["what"], row["resource_id"], item, row["invoiced"])
        )
    return found


def _account(row: Row) -> Account:
    return Account(
        row["account_id"],
        row["owner"],
        row["language"],
        _RECIPIENTS.validate_json(row["recipients"]),
        _WAITING.validate_json(row["waiting"]),
    )


def _account_row(account: Account, event_sequence: int) -> tuple[object, ...]:
    return (
        *(account.id, account.owner, account.language),
        _RECIPIENTS.dump_json(account.recipients).decode(),
        _WAITING.dump_json(account.waiting).decode(),
        event_sequence,
    )


def _order(row: Row, parts: Sequence[Part]) -> Order:
    return Order(
        row["order_id"],
        row["account_id"],
        None if row["ended"] is None else _ENDED.validate_json(row["ended"]),
        row["told"],
        row["invoices_told"],
        {(part.of, part.resource): part for part in parts},
    )


def _order_row(order: Order) -> tuple[object, ...]:
    ended = None if order.ended is None else _ENDED.dump_json(order.ended).decode()
    return order.id, order.account, ended, order.told, order.invoices_told


def _part_row(part: Part) -> tuple[object, ...]:
    return part.order, part.of, part.resource, part.item.model_dump_json(), part.invoiced


def _mail_row(letter: Letter) -> tuple[object, ...]:
    facts = letter.facts.model_dump_json(exclude_none=True)
    return letter.mail, letter.account, letter.kind, letter.language, facts, letter.at
