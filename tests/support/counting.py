"""A connection that counts what a store asks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg


class Counting:
    """A connection that counts what it is asked."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn
        self.statements = 0

    async def fetch(self, query: str, *args: object) -> list[Mapping[str, Any]]:
        """All rows."""
        self.statements += 1
        rows: list[Mapping[str, Any]] = await self._conn.fetch(query, *args)
        return rows

    async def fetchval(self, query: str, *args: object) -> object:
        """The first value of the first row."""
        self.statements += 1
        return await self._conn.fetchval(query, *args)

    async def copy_records_to_table(
        self, table: str, *, schema_name: str, columns: Sequence[str], records: Iterable[Sequence[object]]
    ) -> str:
        """Adds rows."""
        self.statements += 1
        return str(
            await self._conn.copy_records_to_table(
                table, schema_name=schema_name, columns=columns, records=records
            )
        )

    async def execute(self, query: str, *args: object) -> str:
        """The command's tag."""
        self.statements += 1
        return str(await self._conn.execute(query, *args))
