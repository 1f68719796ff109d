"""`invoicing`'s rows <-> its entities, and nothing else: one statement per table and batch, documents only ever added.

Rows are locked in key order, and tables always in this one: account, month, resource. Documents are not locked: nobody
can change them, and who adds to them has the account's row; so has who changes what is due or owed of the account.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from services.invoicing import documents, use_rows
from services.invoicing.finding import Wanted, wanted
from services.invoicing.metered import DueUse, MonthRecord, MonthUse, Usage, UsageEnd, UseLine
from services.invoicing.rules.months import unrecorded
from services.invoicing.state import (
    AccountBooks,
    Closing,
    Debts,
    Invoice,
    MonthBook,
    Owed,
    Payment,
    Resource,
)
from shared.contracts.months import RecordMonth
from shared.contracts.owed import PayOwed
from shared.engine import slices
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))

R = TypeVar("R")

# With ten resources each, a batch with a slice of every share is over in about two seconds, and in memory that is freed.
MOST_ACCOUNTS: Final = 100


class InvoicingStore:
    """Documents, what numbers them, and which of them still run, are due, or owed."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """What the messages are about, locked, and the documents of it that still run."""
        await slices.find(conn, _SQL["find_month_slices"], asks, RecordMonth, known, most=MOST_ACCOUNTS)
        owing = await slices.find(conn, _SQL["find_owed_slices"], asks, PayOwed, known)
        found = wanted(asks, known)
        if accounts := found.accounts | set(owing):
            await _lock_accounts(conn, "lock_accounts", accounts, known)
        if found.numbered:
            await _lock_months(conn, found.numbered, known)
        resources = await _lock_resources(conn, found.resources, known) if found.resources else []
        invoices = [*found.invoices, *(invoice for each in resources for invoice in each.invoices)]
        await _find_invoices(conn, invoices, known)
        await _find_owed(conn, found.invoices, owing, known)
        usages = await _find_due(conn, found, resources, known)
        if usages:
            for row in await conn.fetch(_SQL["find_usages"], list(usages)):
                known.put(use_rows.usage_of(row))

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The invoices with these ids: their accounts are locked in their stead."""
        await _lock_accounts(conn, "lock_accounts_of_invoices", keys, known)
        await _find_invoices(conn, keys, known)

    async def save(self, conn: Connection, known: Known) -> None:
        """The rows as they are now, and the new documents."""
        await _save_counted(conn, known)
        await _save_resources(conn, known)
        new = known.made(Invoice)
        invoices = [each for each in _by_number(known) if each.key in new]
        usages = [each for each, _ in known.changed(Usage)]
        records = [each for each, _ in known.changed(MonthRecord)]
        await _add(conn, "invoice", documents.INVOICE_COLUMNS, documents.invoice_row, invoices)
        await _add(conn, "closing", documents.CLOSING_COLUMNS, documents.closing_row, known.added(Closing))
        await _add(conn, "payment", documents.PAYMENT_COLUMNS, documents.payment_row, known.added(Payment))
        await _add(conn, "usage", use_rows.USAGE_COLUMNS, use_rows.usage_row, usages)
        await _add(
            conn, "usage_end", use_rows.USAGE_END_COLUMNS, use_rows.usage_end_row, known.added(UsageEnd)
        )
        await _add(conn, "use_line", use_rows.LINE_COLUMNS, use_rows.line_row, known.added(UseLine))
        await _add(conn, "month_record", use_rows.RECORD_COLUMNS, use_rows.record_row, records)
        await _save_due(conn, known)
        await _save_owed(conn, known)

    async def first_owed(self, conn: Connection) -> datetime | None:
        """Since when something has been owed; nothing where all is paid."""
        first: datetime | None = await conn.fetchval(_SQL["read_first_owed"])
        return first


async def _lock_accounts(conn: Connection, query: str, keys: Collection[str], known: Known) -> None:
    for row in await conn.fetch(_SQL[query], list(keys)):
        known.put(AccountBooks(row["account_id"]), row["event_sequence"])


async def _lock_months(conn: Connection, months: set[tuple[str, str]], known: Known) -> None:
    for row in await conn.fetch(_SQL["lock_months"], *_columns(sorted(months))):
        known.put(MonthBook(row["account_id"], row["month"], row["issued"]))


async def _lock_resources(
    conn: Connection, resources: Collection[tuple[str, str]], known: Known
) -> list[Resource]:
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


async def _find_owed(conn: Connection, invoices: Collection[str], owing: Sequence[str], known: Known) -> None:
    if invoices:
        for row in await conn.fetch(_SQL["find_owed"], list(invoices)):
            known.put(documents.owed_of(row))
    if owing:
        debts: dict[str, list[str]] = {}
        for row in await conn.fetch(_SQL["find_owed_of_accounts"], list(owing)):
            owed = documents.owed_of(row)
            known.put(owed)
            debts.setdefault(owed.account, []).append(owed.invoice)
        for account, ids in debts.items():
            known.put(Debts(account, tuple(ids)))


async def _find_due(conn: Connection, found: Wanted, resources: Iterable[Resource], known: Known) -> set[str]:
    """How much is on record of the use that the messages are about; the ids of all use that they are about."""
    usages = {each.usage for each in resources if each.usage is not None}
    if usages:
        for row in await conn.fetch(_SQL["find_due"], list(usages)):
            known.put(use_rows.due_of(row))
    if found.ended:
        usages |= await _find_due_of_resources(conn, found, known)
    if months := found.ended_months | found.months:
        for row in await conn.fetch(_SQL["find_month_records"], *_columns(sorted(months))):
            known.put(use_rows.record_of(row))
    if found.months:
        usages |= await _find_month_use(conn, found.months, known)
    return usages


async def _find_due_of_resources(conn: Connection, found: Wanted, known: Known) -> set[str]:
    due: dict[str, list[str]] = {}
    for row in await conn.fetch(_SQL["find_due_of_resources"], *_columns(sorted(found.ended))):
        each = use_rows.due_of(row)
        known.put(each)
        due.setdefault(f"{each.account}/{each.resource}", []).append(each.usage)
    for key, ids in due.items():
        resource = known.get(Resource, key)
        if resource is not None:
            known.put(Resource(resource.account, resource.id, resource.invoices, resource.usage, tuple(ids)))
    return {id_ for ids in due.values() for id_ in ids}


async def _find_month_use(conn: Connection, months: set[tuple[str, str]], known: Known) -> set[str]:
    due: dict[str, list[str]] = {account: [] for account, _ in months}
    for row in await conn.fetch(_SQL["find_due_of_accounts"], list(due)):
        each = use_rows.due_of(row)
        known.put(each)
        due[each.account].append(each.usage)
    wanted_months = months | {
        (account, before) for account, month in months for before in unrecorded(due[account], month, known)
    }
    lines: dict[tuple[str, str], list[UseLine]] = {one: [] for one in wanted_months}
    for row in await conn.fetch(_SQL["find_use_lines"], *_columns(sorted(wanted_months))):
        line = use_rows.line_of(row)
        lines[line.account, line.month].append(line)
    for account, month in wanted_months:
        ids = tuple(due[account]) if (account, month) in months else ()
        known.put(MonthUse(account, month, ids, tuple(lines[account, month])))
    return {id_ for ids in due.values() for id_ in ids} | {
        line.usage for some in lines.values() for line in some
    }


async def _save_counted(conn: Connection, known: Known) -> None:
    new = known.made(AccountBooks)
    accounts = [(books.id, sequence, books.key in new) for books, sequence in known.changed(AccountBooks)]
    for query, made in (("add_accounts", True), ("save_accounts", False)):
        await _write(conn, query, [row[:-1] for row in accounts if row[-1] is made])
    new = known.made(MonthBook)
    months = [
        (book.account, book.month, book.issued, book.key in new) for book, _ in known.changed(MonthBook)
    ]
    for query, made in (("add_months", True), ("save_months", False)):
        await _write(conn, query, [row[:-1] for row in months if row[-1] is made])


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


async def _save_due(conn: Connection, known: Known) -> None:
    new, due = known.made(DueUse), [each for each, _ in known.changed(DueUse)]
    kept = [each for each in due if not each.over]
    fresh = [each for each in kept if each.key in new]
    saved = [
        (each.usage, each.recorded_until, each.until, each.invoiced_from)
        for each in kept
        if each.key not in new
    ]
    await _add(conn, "due_use", use_rows.DUE_COLUMNS, use_rows.due_row, fresh)
    await _write(conn, "save_due", saved)
    await _write(conn, "forget_due", [(each.usage,) for each in due if each.over and each.key not in new])


async def _save_owed(conn: Connection, known: Known) -> None:
    new, owed = known.made(Owed), [each for each, _ in known.changed(Owed)]
    open_ = [each for each in owed if not each.is_over]
    fresh = [each for each in open_ if each.key in new]
    saved = [
        (each.invoice, each.outstanding, each.by, each.awaited, each.paid_now, each.from_hold)
        for each in open_
        if each.key not in new
    ]
    await _add(conn, "owed", documents.OWED_COLUMNS, documents.owed_row, fresh)
    await _write(conn, "save_owed", saved)
    await _write(
        conn, "forget_owed", [(each.invoice,) for each in owed if each.is_over and each.key not in new]
    )


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


async def _add(
    conn: Connection,
    table: str,
    columns: Sequence[str],
    row_of: Callable[[R], tuple[object, ...]],
    entities: Sequence[R],
) -> None:
    if entities:
        await conn.copy_records_to_table(
            table, schema_name="invoicing", columns=columns, records=map(row_of, entities)
        )
