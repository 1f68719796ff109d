"""`invoicing`'s documents as an operator reads them. Read only."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import UUID

from shared.contracts.invoicing import Invoice
from shared.engine.looking import documents
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("books.sql"))


async def invoice(dsn: str, key: UUID) -> Invoice | None:
    """The invoice of that id."""
    found = await documents(dsn, _SQL["read_invoices"], Invoice, key, None, None)
    return next(iter(found), None)


async def invoices(dsn: str, account: str, order: str | None = None) -> list[Invoice]:
    """All invoices of an account, or of one order of it, oldest first."""
    return await documents(dsn, _SQL["read_invoices"], Invoice, None, account, order)
