"""A sum over all that the services have in their books: the same books, the same sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

import asyncpg

from shared.engine.service import Service

# The engine's own: when and how often something was done is no part of the books.
_ENGINES: Final = ("inbox", "outbox", "outbox_message", "parked", "job_progress", "migration")
_TABLES: Final = """
select format('%I.%I', nspname, relname) as name,
  -- What the clock on the wall says is no part of them either.
  array(
    select attname::text from pg_attrdef join pg_attribute on (attrelid, attnum) = (adrelid, adnum)
    where adrelid = class.oid and pg_get_expr(adbin, adrelid) = 'now()'
  ) as clocks
from pg_class as class join pg_namespace as n on n.oid = relnamespace
where nspname = $1 and relkind in ('r', 'p') and relname <> all($2) order by relname
"""

# What is left out of a table's sum, by its name: columns, or what lies in one ("facts.held").
Apart = Mapping[str, Sequence[str]]
NOTHING: Final[Apart] = MappingProxyType({})


async def sums(
    conn: asyncpg.Connection, services: Sequence[Service], apart: Apart = NOTHING
) -> dict[str, str]:
    """One sum for each table, of its rows in an order that their content gives; without what is to be left apart."""
    found: dict[str, str] = {}
    for service in services:
        for row in await conn.fetch(_TABLES, service.schema, list(_ENGINES)):
            name = row["name"]
            found[name] = await _sum(conn, name, [*row["clocks"], *apart.get(name, ())])
    return found


def together(found: Mapping[str, str]) -> str:
    """One sum of them all."""
    text = "\n".join(f"{name} {value}" for name, value in sorted(found.items()))
    return sha256(text.encode()).hexdigest()[:16]


async def _sum(conn: asyncpg.Connection, table: str, apart: Sequence[str]) -> str:
    digest = sha256()
    async with conn.transaction(readonly=True):
        rest = "".join(f" #- '{{{name.replace('.', ',')}}}'" for name in apart)
        of = f"select (to_jsonb(t){rest})::text as row from {table} as t"  # noqa: S608 - our own names
        query = f'select row from ({of}) as t order by row collate "C"'  # noqa: S608 - the same
        async for row in conn.cursor(query, prefetch=1000):
            text: Any = row["row"]
            digest.update(text.encode() + b"\n")
    return digest.hexdigest()[:16]
