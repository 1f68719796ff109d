"""Makes one account many: whatever rows the services hold of number 0, again under each copy's number, by set-based SQL.

What the rows look like is found, not written down here: a name is known by its end, an id by its form. So a service may
change its tables, and what is measured still stands on rows as the service itself has made them. Its inbox is left out:
it grows with what is said, not with what is stored.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from string import Template
from typing import Final, NamedTuple

import asyncpg

from deploy.services import SERVICES
from shared.engine.sql import read_queries
from shared.shards import shard_of

_SQL: Final = read_queries(Path(__file__).with_name("copies.sql"))

# What each name ends with: nothing else in the rows of number 0 contains it.
FIRST: Final = ".0000000"

# An id's last digits become the number of the copy.
_ID: Final = "([0-9a-f]{4}-[0-9a-f]{6})[0-9a-f]{6}"
# Wherever rows carry it, it follows from the account (shared/shards.py).
_SHARE: Final = "shard"
_SLICE: Final = 2_000
_LIMIT_S: Final = 600.0


class Column(NamedTuple):
    """A column as the catalogue has it."""

    name: str
    type: str


def account_id(number: int) -> str:
    """The name of the account of that number."""
    return f"acc.{number:07d}"


async def copy_first(dsn: str, count: int) -> None:
    """Numbers 1 to `count` beside number 0; afterwards the database is as if it had stood for a while."""
    conn = await asyncpg.connect(dsn, command_timeout=_LIMIT_S)
    try:
        await conn.execute("set synchronous_commit = off; set jit = off")
        statements = await _statements(conn)
        for first in range(1, count + 1, _SLICE):
            numbers = list(range(first, min(count + 1, first + _SLICE)))
            shares = [shard_of(account_id(number)) for number in numbers]
            for statement in statements:
                await conn.execute(statement, numbers, shares)
        await conn.execute("vacuum (freeze, analyze)")
        await conn.execute("checkpoint")
    finally:
        await conn.close()


async def _statements(conn: asyncpg.Connection) -> list[str]:
    """One for each table that has rows of number 0: it copies them for the numbers $1, whose accounts are of shares $2."""
    rows = await conn.fetch(_SQL["find_columns"], list(SERVICES))
    statements = []
    for (schema, name), columns in groupby(rows, key=lambda row: (row["schema"], row["table"])):
        table, kept = f'{schema}."{name}"', f"first_{schema}_{name}"
        keep = Template(_SQL["keep_first"]).substitute(table=table, kept=kept, first=FIRST)
        if not (await conn.execute(keep)).endswith(" 0"):
            found = [Column(row["column"], row["type"]) for row in columns]
            values = [await _value(conn, kept, column) for column in found]
            named = ", ".join(_quoted(column) for column in found)
            statements.append(
                f"insert into {table} ({named}) select {', '.join(values)}"  # noqa: S608 - names of our own tables
                f" from unnest($1::int[], $2::smallint[]) as copy (copy_nr, copy_share), {kept} as kept order by copy_nr"
                # What a trigger has written already, it has written.
                " on conflict do nothing"
            )
    return statements


async def _value(conn: asyncpg.Connection, kept: str, column: Column) -> str:
    """What a copy has in that column: the same, but for names, ids, and the share its account belongs to."""
    if column.name == _SHARE:
        return "copy_share"
    text = f"{_quoted(column)}::text"
    has_name, has_id = await conn.fetchrow(
        f"select bool_or({text} like $1) is true, bool_or({text} ~ $2) is true from {kept}",  # noqa: S608
        f"%{FIRST}%",
        _ID,
    )
    if not has_name and not has_id:
        return _quoted(column)
    if has_name:
        text = f"replace({text}, '{FIRST}', '.' || lpad(copy_nr::text, 7, '0'))"
    if has_id:
        text = f"regexp_replace({text}, '{_ID}', '\\1' || lpad(to_hex(copy_nr), 6, '0'), 'g')"
    return f"({text})::{column.type}"


def _quoted(column: Column) -> str:
    return f'"{column.name}"'
