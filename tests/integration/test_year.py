"""Weeks of many accounts from a seed: whatever befalls the system, every few evenings the books are right, and in the end
they are the same books. STOPPOC_SEED brings other weeks."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from deploy.services import SERVICES
from deploy.simulate.year.books import together
from deploy.simulate.year.live import Lived, Plan, live

pytestmark = pytest.mark.postgres

SEED: Final = int(os.environ.get("STOPPOC_SEED", "1"))
# The end of January lies in the second outage; the first is a day alone.
PLAN: Final = Plan(
    seed=SEED, accounts=8, resources=40, days=36, asks=0.15, outages=((20, 1), (29, 3)), audit_every=4
)

Live = Callable[..., Awaitable[Lived]]


@asynccontextmanager
async def emptied(server: Postgres, name: str) -> AsyncIterator[str]:
    conn = await asyncpg.connect(server.dsn)
    try:
        await conn.execute(f'create database "{name}"')
        yield server.dsn_of(name)
    finally:
        await conn.execute(f'drop database "{name}" with (force)')
        await conn.close()


@pytest.fixture
def lived(postgres_server: Postgres) -> Live:
    """Lives the plan, changed so, on a database of its own."""
    numbers = iter(range(9))

    async def lives(**changes: Any) -> Lived:
        async with emptied(postgres_server, f"year_{next(numbers)}") as dsn:
            return await live(dsn, list(SERVICES.values()), replace(PLAN, **changes))

    return lives


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return sorted(table for table in one.keys() | other.keys() if one.get(table) != other.get(table))


@pytest.mark.timeout(300)
async def test_the_same_seed_brings_the_same_books_and_in_the_evenings_they_are_right(lived: Live) -> None:
    first, second = await lived(), await lived()
    assert first.breaks == []
    assert first.days == PLAN.days
    assert first.killed > 0
    assert differing(first.books, second.books) == []
    other = await lived(seed=SEED + 1, days=6, outages=())
    assert other.breaks == []
    assert together(other.books) != together(first.books)


@pytest.mark.timeout(300)
async def test_after_days_of_outage_the_books_are_as_if_nobody_had_been_away(lived: Live) -> None:
    away = await lived(storm=False)
    there = await lived(storm=False, down=False)
    assert away.breaks == there.breaks == []
    assert away.asked == there.asked > PLAN.accounts
    # How often a provider that is silent was asked follows from who was there to ask.
    assert [table for table in differing(away.books, there.books) if table != "provisioning.request"] == []
