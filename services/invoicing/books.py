"""`invoicing`'s documents as an operator reads them. Read only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from shared.contracts.invoicing import Invoice, UseLine
from shared.engine.looking import documents, looking
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("books.sql"))
# A record has as many lines as there was use: they are read so many at a time.
_PREFETCH: Final = 5_000


class Payment(NamedTuple):
    """What was paid of an invoice after it was issued."""

    effective_at: datetime
    paid_by: str
    product: str | None
    amount: int
    from_hold: int


class RecordLine(NamedTuple):
    """One line of a month's record, and how it was settled: by which invoice, and how that is paid."""

    account: str
    month: str
    product: str
    resource: str
    cluster: str | None
    kind: str
    flavor: str
    quantity: int
    vnd: int
    per: str
    starts: datetime
    until: datetime
    units: int
    amount: int
    billing: str
    number: str | None
    invoice_amount: int | None
    invoice_paid: int | None
    invoice_from_hold: int | None
    settled: str


class MonthStatus(NamedTuple):
    """How far a month is: accounts on record and those that wait, and what was invoiced and paid."""

    accounts: int
    amount: int
    waiting: int
    invoices: int
    invoiced: int
    paid: int
    unpaid: int


async def invoice(dsn: str, key: UUID) -> Invoice | None:
    """The invoice of that id."""
    found = await documents(dsn, _SQL["read_invoices"], Invoice, key, None, None)
    return next(iter(found), None)


async def invoices(dsn: str, account: str, order: str | None = None) -> list[Invoice]:
    """All invoices of an account, or of one order of it, oldest first."""
    return await documents(dsn, _SQL["read_invoices"], Invoice, None, account, order)


async def uses(dsn: str, invoice: UUID) -> list[UseLine]:
    """The intervals of use an invoice is for; none where it is for a period."""
    return await documents(dsn, _SQL["read_lines_of_invoice"], UseLine, invoice)


async def payments(dsn: str, invoice: UUID) -> list[Payment]:
    """What was paid of it after it was issued, oldest first."""
    async with looking(dsn) as conn:
        return [Payment(*row.values()) for row in await conn.fetch(_SQL["read_payments"], invoice)]


async def record(dsn: str, month: str) -> AsyncIterator[RecordLine]:
    """Every line of a month's record, by account; those of accounts whose month is not on record yet are left out."""
    async with looking(dsn) as conn, conn.transaction():
        async for row in conn.cursor(_SQL["read_month"], month, prefetch=_PREFETCH):
            yield RecordLine(*row.values())


async def month_status(dsn: str, month: str, ends: datetime) -> MonthStatus:
    """How far that month is, which ends then."""
    async with looking(dsn) as conn:
        return MonthStatus(*(await conn.fetchrow(_SQL["read_month_status"], month, ends)).values())
