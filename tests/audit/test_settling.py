"""A system at work does not look broken: what a message under way explains is looked at again, and is gone or another."""

from __future__ import annotations

import asyncio
import json

import asyncpg
import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from tests.audit.breaks import BREAKS
from tests.audit.conftest import broken

pytestmark = pytest.mark.postgres

_SAID = "insert into hold.outbox (lane, keys, messages) values ('lane', '{k}', '[]') returning position"


async def _said(conn: asyncpg.Connection, times: int) -> None:
    """Something is always on its way out, each time another."""
    for _ in range(times):
        position = await conn.fetchval(_SAID)
        await asyncio.sleep(0.2)
        await conn.execute("delete from hold.outbox where position = $1", position)


async def test_what_is_under_way_is_not_broken(books: str) -> None:
    conn = await asyncpg.connect(books)
    try:
        speaking = asyncio.create_task(_said(conn, 30))
        await asyncio.sleep(0.1)
        assert await broken(books, wait_s=5) == {}
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
    finally:
        await conn.close()


async def test_what_stays_is_broken_when_the_wait_is_over(books: str) -> None:
    conn = await asyncpg.connect(books)
    try:
        stays = await conn.fetchval(_SAID)
        speaking = asyncio.create_task(_said(conn, 10))
        [(name, found)] = (await broken(books, wait_s=1)).items()
        await speaking
    finally:
        await conn.close()
    assert (name, [one.id for one in found.breaks]) == ("hold.outbox_is_empty", [str(stays)])


async def test_the_command_names_what_is_broken_and_exits_with_1(books: str) -> None:
    env = {"STOPPOC_POSTGRES": books}
    whole = await asyncio.to_thread(CliRunner().invoke, app, ["audit", "--no-topics", "--json"], env=env)
    assert whole.exit_code == 0, whole.output
    assert json.loads(whole.stdout)["ok"] is True
    conn = await asyncpg.connect(books)
    await conn.execute("set session_replication_role = replica")
    await conn.execute(BREAKS["hold.wallets_equal_their_entries"])
    await conn.close()
    found = await asyncio.to_thread(
        CliRunner().invoke, app, ["audit", "--no-topics", "--wait", "0", "--json"], env=env
    )
    assert found.exit_code == 1
    [check] = [one for one in json.loads(found.stdout)["checks"] if one["broken"]]
    assert (check["check"], check["broken"], check["first"][0]["id"]) == (
        "hold.wallets_equal_their_entries",
        1,
        "acme",
    )
    said = await asyncio.to_thread(CliRunner().invoke, app, ["audit", "--no-topics", "--wait", "0"], env=env)
    assert said.exit_code == 1
    assert "acme: credit" in said.stdout
