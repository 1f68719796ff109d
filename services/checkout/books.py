"""Orders as an operator reads them. Read only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.contracts.orders import Order, OrderLine
from shared.engine.looking import documents
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("books.sql"))


async def order(dsn: str, key: str) -> Order | None:
    """The order of that id; else the latest one about that cluster or resource."""
    return next(iter(await documents(dsn, _SQL["read_order"], Order, key)), None)


async def lines(dsn: str, order: str) -> list[OrderLine]:
    """All lines of the order."""
    return await documents(dsn, _SQL["read_lines"], OrderLine, order)
