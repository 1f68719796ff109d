"""Looking into services' tables as an operator does: nothing can be changed, and what is seen is told as contracts do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import asyncpg
from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

_CONNECT_S: Final = 10.0
_STATEMENT_S: Final = 60.0


@asynccontextmanager
async def looking(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that can only read."""
    conn = await asyncpg.connect(
        dsn,
        timeout=_CONNECT_S,
        command_timeout=_STATEMENT_S,
        server_settings={"default_transaction_read_only": "on"},
    )
    try:
        yield conn
    finally:
        await conn.close()


async def documents(dsn: str, query: str, model: type[M], *args: object) -> list[M]:
    """The rows of a query whose one column is a JSON document, each as this model."""
    async with looking(dsn) as conn:
        return [model.model_validate_json(row[0]) for row in await conn.fetch(query, *args)]
