"""A database on which all services have lived through a story, and copies of it to break."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence

import asyncpg
import pytest

from deploy.audit.checks import checks
from deploy.audit.look import Finding, look
from deploy.local.postgres import Postgres
from deploy.services import SERVICES
from deploy.simulate.gateway import Gateways, Ways
from deploy.simulate.stage import stage_on
from deploy.simulate.world import World
from tests.audit.story import BEGINS, STORY
from tests.conftest import run_apart

Audited = Callable[[str], Awaitable[Sequence[Finding]]]


async def _order(server: Postgres, statement: str) -> None:
    conn = await asyncpg.connect(server.dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


async def _live(dsn: str) -> None:
    async with stage_on(dsn, list(SERVICES.values())) as stage:
        world = World(stage, BEGINS)
        world.gateways = Gateways(Ways(("pays_twice", "pays")))
        await world.begin()
        for number, (at, message) in enumerate(STORY, start=1):
            await world.advance(at)
            await world.send(message, f"0195668e-0000-7000-8000-{number:012d}")
    conn = await asyncpg.connect(dsn)
    try:
        # What was said there lies on no topic, but a bus in memory.
        for service in SERVICES:
            await conn.execute(f"delete from {service}.outbox")
    finally:
        await conn.close()


@pytest.fixture(scope="session")
def lived(postgres_server: Postgres) -> Iterator[str]:
    """The name of the database after the story; it stays as it is."""
    name = f"lived_{secrets.token_hex(6)}"
    run_apart(_order(postgres_server, f'create database "{name}"'))
    run_apart(_live(postgres_server.dsn_of(name)))
    yield name
    run_apart(_order(postgres_server, f'drop database "{name}" with (force)'))


@pytest.fixture
def books(lived: str, postgres_server: Postgres) -> Iterator[str]:
    """A copy of it, to do with as one likes."""
    name = f"copy_{secrets.token_hex(6)}"
    run_apart(_order(postgres_server, f'create database "{name}" template "{lived}"'))
    yield postgres_server.dsn_of(name)
    run_apart(_order(postgres_server, f'drop database "{name}" with (force)'))


async def broken(dsn: str, wait_s: float = 0) -> dict[str, Finding]:
    """The checks that find something."""
    return {one.check.name: one for one in await look(dsn, checks(SERVICES), wait_s) if one.broken}
