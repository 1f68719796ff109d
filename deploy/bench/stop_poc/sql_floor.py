"""The database's floor: the rows that a trial left, written again by one statement a table and kind of write, no logic.

All of a service's tables in one transaction, one service after the other, on one connection. Rows that a Stop POC writes
several times (an order as its lines are answered) are written once, as they are in the end.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from string import Template
from typing import IO, Final

import asyncpg

from deploy.bench.meter import Meter
from deploy.bench.stop_poc.ground import Ground, check
from deploy.bench.stop_poc.trial import Trial, thousand
from deploy.services import SERVICES
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("floors.sql"))
_LIMIT_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a service."""

    schema: str
    name: str
    columns: Sequence[str]
    key: Sequence[str]

    def says(self, query: str) -> str:
        """The statement of that name about this table."""
        others = [column for column in self.columns if column not in self.key]
        words = {
            "table": f'{self.schema}."{self.name}"',
            "left": f"{self.schema}.{self.name}",
            "same": " and ".join(f'kept."{column}" = there."{column}"' for column in self.key),
            "settings": ", ".join(f'"{column}" = there."{column}"' for column in others),
        }
        return Template(_SQL[query]).substitute(words)


async def sql_floor(ground: Ground, before: str, after: str, resources: int) -> Trial:
    """Writes what `after` has and `before` has not into a copy of `before`, which must look like `after` then."""
    dsn = await ground.new_database(before)
    async with _connected(dsn) as conn:
        writes = await _staged(conn, after)
        meter = Meter({"postgres": ground.servers["postgres"]} if "postgres" in ground.servers else {})
        used, started = meter.read(), time.perf_counter()
        for statements in writes.values():
            async with conn.transaction():
                for statement in statements:
                    await conn.execute(statement)
        seconds = time.perf_counter() - started
        cpu = thousand(meter.since(used, resources))
    check(await ground.books(dsn), await ground.books(after))
    await ground.drop(dsn)
    return Trial(resources, round(seconds, 4), cpu)


async def _staged(conn: asyncpg.Connection, after: str) -> Mapping[str, list[str]]:
    """What is to be written put beside the tables, and the statements that write it, by service."""
    tables = [
        Table(row["schema"], row["table"], row["columns"], row["key"])
        for row in await conn.fetch(_SQL["find_tables"], list(SERVICES))
    ]
    async with _connected(after) as done:
        for table in tables:
            await _carry(done, conn, table)
    written = [(table, await _parted(conn, table)) for table in tables]
    await conn.execute("analyze")
    await conn.execute("checkpoint")
    return {
        schema: [statement for _, statements in of for statement in statements]
        for schema, of in groupby(written, key=lambda pair: pair[0].schema)
    }


async def _carry(done: asyncpg.Connection, conn: asyncpg.Connection, table: Table) -> None:
    await conn.execute(table.says("make_left"))
    carried: IO[bytes]
    with tempfile.TemporaryFile() as carried:
        await done.copy_from_table(table.name, schema_name=table.schema, output=carried, format="binary")
        carried.seek(0)
        await conn.copy_to_table(f"{table.schema}.{table.name}", source=carried, format="binary")


async def _parted(conn: asyncpg.Connection, table: Table) -> list[str]:
    await conn.execute(table.says("part_new"))
    await conn.execute(table.says("part_changed"))
    count = await conn.fetchrow(table.says("count_left"))
    return [
        table.says(query) for query, rows in (("add", count["new"]), ("change", count["changed"])) if rows
    ]


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(dsn, command_timeout=_LIMIT_S, server_settings={"jit": "off"})
    try:
        yield conn
    finally:
        await conn.close()
