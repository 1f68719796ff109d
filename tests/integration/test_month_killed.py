"""The close of a month, killed again and again before its commits, and read twice: the documents of an undisturbed one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any, Final

import asyncpg
import pytest

from deploy.bench.copies import copy_first
from deploy.bench.jobs.crowd import OPENED, settle
from deploy.local.postgres import Postgres
from deploy.services import SERVICES
from deploy.simulate.stage import stage_on
from deploy.simulate.world import Stage, World
from deploy.simulate.year import books, live
from deploy.simulate.year.square import Square, unruly
from shared.calendar import MONTHS
from shared.engine import slices

pytestmark = pytest.mark.postgres

ACCOUNTS: Final = 48
KILLED: Final = 20
END: Final = MONTHS.next(OPENED).instant
BEFORE: Final = END - timedelta(minutes=1)


async def closed(dsn: str, *, disturbed: bool) -> tuple[Mapping[str, str], int]:
    """The books after the month, and how often work on it was killed."""
    services = list(SERVICES.values())
    async with stage_on(dsn, services) as orderly:
        await settle(orderly)
        await copy_first(dsn, ACCOUNTS - 1)
        for conn in orderly.connections.values():
            # The days of the month are not what is looked at.
            await conn.execute("update job_progress set instant = $1, done = true", BEFORE)
        chance = Random(1)
        turns = unruly(services, chance) if disturbed else orderly.turns
        stage = Stage(services, orderly.connections, turns)

        def made(stage: Stage, begins: Any) -> World:
            if not disturbed:
                return World(stage, begins, Square(services))
            world = live.Stormy(stage, begins, Square(services))
            world.chance = chance
            return world

        async with stage.world(BEFORE, keep=True, of=made) as world:
            await world.advance(END)
    conn = await asyncpg.connect(dsn)
    try:
        return await books.sums(conn, services), getattr(world, "killed", 0)
    finally:
        await conn.close()


@pytest.mark.timeout(300)
async def test_a_month_killed_twenty_times_has_the_same_documents(
    postgres_server: Postgres, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "MOST_KEYS", 2)
    monkeypatch.setattr(live, "_KILLED", 0.7)
    conn = await asyncpg.connect(postgres_server.dsn)
    try:
        await conn.execute("create database month_undisturbed")
        undisturbed, never = await closed(postgres_server.dsn_of("month_undisturbed"), disturbed=False)
    finally:
        await conn.execute("drop database month_undisturbed with (force)")
        await conn.close()
    disturbed, killed = await closed(database, disturbed=True)
    assert never == 0
    assert killed >= KILLED
    assert {name for name in undisturbed if disturbed[name] != undisturbed[name]} == set()
