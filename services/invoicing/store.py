"""`invoicing`'s rows <-> its entities, and nothing else: one statement per table and batch, documents only ever added.

Rows are locked in key order, and tables always in this one: account, month, resource. Documents are not locked: nobody
can change them, and who adds to them has the account's row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

from services.invoicing import documents
from services.invoicing.rules.told import Told
from services.invoicing.state import AccountBooks, Closing, Invoice, MonthBook, Resource, Usage, UsageEnd
from shared.contracts.lifecycle import UsageReported
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries
from shared.period import billing_month

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))


class InvoicingStore:
    """Documents, what numbers them, and which of them still run."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """What the messages are about, locked, and the documents of it that still run."""
        told = [(message, ask.cause.at) for ask in asks if (message := _of_concern(ask)) is not None]
        if not told:
            return
        await _lock_accounts(conn, "lock_accounts", {message.account for message, _ in told}, known)
        await _lock_months(conn, {(message.account, billing_month(at)) for message, at in told}, known)
        resources = await _lock_resources(conn, {(m.account, m.resource) for m, _ in told}, known)
        await _find_invoices(conn, [invoice for each in resources for invoice in each.invoices], known)
        await _find_usages(conn, [each.usage for each in resources if each.usage is not None], known)

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The invoices with these ids: their accounts are locked in their stead."""
        await _lock_accounts(conn, "lock_accounts_of_invoices", keys, known)
        await _find_invoices(conn, keys, known)

    async def save(self, conn: Connection, known: Known) -> None:
        """The rows as they are now, and the new documents."""
        await _save_accounts(conn, known)
        await _save_months(conn, known)
        await _save_resources(conn, known)
        new = known.made(Invoice)
        await _add(
            conn,
            "invoice",
            documents.INVOICE_COLUMNS,
            [documents.invoice_row(each) for each in _by_number(known) if each.key in new],
        )
        await _add(
            conn,
            "closing",
            documents.CLOSING_COLUMNS,
            [documents.closing_row(each) for each in known.added(Closing)],
        )
        await _add(
            conn,
            "usage",
            documents.USAGE_COLUMNS,
            [documents.usage_row(each) for each, _ in known.changed(Usage)],
        )
        await _add(
            conn,
            "usage_end",
            documents.USAGE_END_COLUMNS,
            [documents.usage_end_row(each) for each in known.added(UsageEnd)],
        )


def _of_concern(ask: Ask) -> Told | None:
    """What is told, where a document may follow from it: none ever does of POC."""
    message = ask.message
    if not isinstance(message, Told) or (not isinstance(message, UsageReported) and message.billing == "poc"):
        return None
    return message


async def _lock_accounts(conn: Connection, query: str, keys: Collection[str], known: Known) -> None:
    for row in await conn.fetch(_SQL[query], list(keys)):
        known.put(AccountBooks(row["account_id"]), row["event_sequence"])


async def _lock_months(conn: Connection, months: set[tuple[str, str]], known: Known) -> None:
    for row in await conn.fetch(_SQL["lock_months"], *_columns(sorted(months))):
        known.put(MonthBook(row["account_id"], row["month"], row["issued"]))


async def _lock_resources(conn: Connection, resources: set[tuple[str, str]], known: Known) -> list[Resource]:
    rows = await conn.fetch(_SQL["lock_resources"], *_columns(sorted(resources)))
    found = [
        Resource(row["account_id"], row["resource_id"], tuple(row["invoice_ids"]), row["usage_id"])
        for row in rows
    ]
    for resource in found:
        known.put(resource)
    return found


async def _find_invoices(conn: Connection, ids: Sequence[str], known: Known) -> None:
    if ids:
        for row in await conn.fetch(_SQL["find_invoices"], ids):
            known.put(documents.invoice_of(row))


async def _find_usages(conn: Connection, ids: Sequence[str], known: Known) -> None:
    if ids:
        for row in await conn.fetch(_SQL["find_usages"], ids):
            known.put(documents.usage_of(row))


async def _save_accounts(conn: Connection, known: Known) -> None:
    new = known.made(AccountBooks)
    rows = [(books.id, sequence, books.key in new) for books, sequence in known.changed(AccountBooks)]
    for query, made in (("add_accounts", True), ("save_accounts", False)):
        await _write(conn, query, [row[:-1] for row in rows if row[-1] is made])


async def _save_months(conn: Connection, known: Known) -> None:
    new = known.made(MonthBook)
    rows = [(book.account, book.month, book.issued, book.key in new) for book, _ in known.changed(MonthBook)]
    for query, made in (("add_months", True), ("save_months", False)):
        await _write(conn, query, [row[:-1] for row in rows if row[-1] is made])


async def _save_resources(conn: Connection, known: Known) -> None:
    new = known.made(Resource)
    for query, made in (("add_resources", True), ("save_resources", False)):
        rows = [
            (each.account, each.id, list(each.invoices), each.usage)
            for each, _ in known.changed(Resource)
            if (each.key in new) is made
        ]
        if rows:
            await conn.execute(_SQL[query], rows)


async def _write(conn: Connection, query: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        await conn.execute(_SQL[query], *_columns(rows))


def _columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _by_number(known: Known) -> list[Invoice]:
    return sorted(
        (invoice for invoice, _ in known.changed(Invoice)),
        key=lambda invoice: (invoice.account, invoice.month, invoice.sequence),
    )


async def _add(conn: Connection, table: str, columns: Sequence[str], rows: list[tuple[object, ...]]) -> None:
    if rows:
        await conn.copy_records_to_table(table, schema_name="invoicing", columns=columns, records=rows)
