"""The embedded PostgreSQL: starts for anyone, keeps what was committed, leaves nothing running."""

from __future__ import annotations

import asyncio
import os
import pwd
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.local import guarded
from deploy.local.guarded import Account, StartError
from deploy.local.postgres import account, embedded_postgres

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
        with pytest.raises(OSError, match=r"No such file|refused"):
            await asyncpg.connect(dsn)
        await server.start()
        assert server.dsn == dsn
        assert await _one(dsn, "select count(*) from kept") == 1000


async def test_database_fixture_gives_an_empty_database(database: str) -> None:
    assert await _one(database, "select count(*) from pg_tables where schemaname = 'public'") == 0


_AS_OTHER = """
import asyncio, os, sys
from pathlib import Path
from deploy.local.postgres import embedded_postgres

async def main(directory):
    async with embedded_postgres(directory) as server:
        assert (directory / "data").stat().st_uid == os.geteuid() != 0
        print("runs as", os.geteuid(), server.pid > 0)

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.skipif(os.geteuid() == 0, reason="covered as another user below")
async def test_postgres_runs_as_ourselves(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path) as server:
        assert psutil.Process(server.pid).uids().real == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
async def test_postgres_starts_without_root(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    directory = tmp_path / "his"
    directory.mkdir()
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    log = tmp_path / "log"
    process = guarded.start(
        [sys.executable, "-c", _AS_OTHER, str(directory)],
        log=log,
        env={"PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(directory), "PATH": os.environ["PATH"]},
        account=Account(nobody.pw_uid, nobody.pw_gid),
    )
    assert await process.wait(30.0) == 0, log.read_text()
    assert log.read_text() == f"runs as {nobody.pw_uid} True\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
async def test_root_hands_postgres_to_a_user_without_rights_even_behind_a_closed_door(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    other = account()
    assert other is not None
    async with embedded_postgres(closed / "inside") as server:
        assert psutil.Process(server.pid).uids().effective == other.uid != 0
        assert await _one(server.dsn, "select 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700


async def test_long_directory_name_is_no_hindrance(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path / ("long-" * 20)) as server:
        assert await _one(server.dsn, "select 1") == 1


async def test_second_start_on_a_running_servers_directory_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path):
        with pytest.raises(StartError, match=r"another .*postmaster.* running"):
            async with embedded_postgres(tmp_path):
                pass
