"""Payments from outside as an operator reads them. Read only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.contracts.payments import Payment
from shared.engine.looking import documents
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("books.sql"))


async def payment(dsn: str, order: str) -> Payment | None:
    """The payment of that order."""
    return next(iter(await documents(dsn, _SQL["read_payment"], Payment, order)), None)
