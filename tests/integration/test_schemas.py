"""What holds for the tables of every service."""

from __future__ import annotations

import asyncpg
import pytest

from deploy.services import SERVICES
from shared.engine.migrate import migrate

pytestmark = [pytest.mark.postgres]


async def test_no_statistics_are_kept_of_json(database: str) -> None:
    """They serve nothing, and took most of the time that `analyze` did: a new column of JSON goes without them too."""
    await migrate(database, list(SERVICES.values()))
    conn = await asyncpg.connect(database)
    try:
        columns = await conn.fetch(
            """
            select attrelid::regclass::text || '.' || attname as name, attstattarget as target
            from pg_attribute join pg_class on pg_class.oid = attrelid
            where atttypid = 'jsonb'::regtype and relkind = 'r'
              and relnamespace::regnamespace::text = any($1::text[])
            """,
            [service.schema for service in SERVICES.values()],
        )
    finally:
        await conn.close()
    assert len(columns) > 10
    assert [column["name"] for column in columns if column["target"] != 0] == []
