"""The embedded PostgreSQL: starts for anyone, keeps what was committed, leaves nothing running."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import embedded_postgres

pytestmark = pytest.mark.postgres


async def _one(dsn: str, question: str) -> object:
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchval(question)
    finally:
        await conn.close()


async def test_postgres_is_durable_and_closed_to_the_network(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path, name="billing") as server:
        assert await _one(server.dsn, "select current_database()") == "billing"
        for setting, value in {"fsync": "on", "synchronous_commit": "on", "listen_addresses": ""}.items():
            assert await _one(server.dsn, f"show {setting}") == value


async def test_two_postgres_run_side_by_side(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path / "a") as one, embedded_postgres(tmp_path / "b") as two:
        first, second = await asyncio.gather(
            *(_one(dsn, "select pg_backend_pid()") for dsn in (one.dsn, two.dsn))
        )
        assert first != second
        assert one.pid != two.pid


async def test_committed_rows_survive_an_immediate_stop(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path) as server:
        dsn = server.dsn
        await _one(dsn, "create table kept as select generate_series(1, 1000) as n")
        await server.stop(immediate=True)
        with pytest.raises(OSError, match=r".*"):
            await asyncpg.connect(dsn)
        await server.start()
        assert server.dsn == dsn
        assert await _one(dsn, "select count(*) from kept") == 1000


async def test_database_fixture_gives_an_empty_database(database: str) -> None:
    assert await _one(database, "select count(*) from pg_tables where schemaname = 'public'") == 0
