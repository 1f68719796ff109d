"""Weeks of many accounts from a seed: whatever befalls the system, every few evenings the books are right, and in the end
they are the same books. STOPPOC_SEED brings other weeks."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from deploy.services import SERVICES
from deploy.simulate.year.books import NOTHING, Apart, together
from deploy.simulate.year.live import Lived, Plan, live
from shared.engine.service import Connection, Job, Service

pytestmark = pytest.mark.postgres

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
SEED: Final = int(os.environ.get("STOPPOC_SEED", "1"))
# The end of January lies in the second outage; the first is a day alone.
PLAN: Final = Plan(
    seed=SEED, accounts=8, resources=40, days=36, asks=0.15, outages=((20, 1), (29, 3)), audit_every=4
)

# The whole of it, run by hand: hours of minutes in a row, and weeks of them.
FULL: Final = os.environ.get("STOPPOC_E2E") == "full"

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

    async def lives(
        services: Iterable[Service] = SERVICES.values(), apart: Apart = NOTHING, **changes: Any
    ) -> Lived:
        async with emptied(postgres_server, f"year_{next(numbers)}") as dsn:
            return await live(dsn, list(services), replace(PLAN, **changes), apart=apart)

    return lives


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return sorted(table for table in one.keys() | other.keys() if one.get(table) != other.get(table))


@pytest.mark.timeout(300)
async def test_the_same_seed_brings_the_same_books_and_in_the_evenings_they_are_right(lived: Live) -> None:
    first, second = await lived(), await lived()
    assert first.breaks == []
    assert first.days == PLAN.days
    assert first.killed > 0
    assert first.payments > 0
    assert differing(first.books, second.books) == []
    other = await lived(seed=SEED + 1, days=6, outages=())
    assert other.breaks == []
    assert together(other.books) != together(first.books)


def impatient(service: Service, often: float) -> Service:
    """Its jobs are done in minutes too in which they have nothing to do: so often, one after the other."""
    chance = Random(f"minutes/{SEED}")

    def poked(job: Job) -> Job:
        async def wakes(conn: Connection) -> datetime | None:
            assert job.wakes is not None
            return LONG_AGO if chance.random() < often else await job.wakes(conn)

        return replace(job, wakes=wakes) if job.skips else replace(job, wakes=None)

    return replace(service, jobs=tuple(map(poked, service.jobs)))


@pytest.mark.timeout(3000 if FULL else 300)
async def test_minutes_in_which_nothing_is_due_may_be_passed_over(lived: Live) -> None:
    passed = await lived(storm=False, outages=())
    often = 0.99 if FULL else 0.7
    every = [impatient(service, often) for service in SERVICES.values()]
    played = await lived(every, storm=False, outages=())
    assert played.breaks == passed.breaks == []
    assert played.batches > 2 * passed.batches
    assert differing(played.books, passed.books) == []


# What an outage may change. A job that passes minutes over finds what was due at several of them at once: it has its own
# instants, but follows from one message. And between services nothing orders what they catch up: a renewal may be booked
# after an end that came after it, and what is held and needed at midnight may still have the month's use in it, which its
# invoice takes from both.
OF_AN_OUTAGE: Final[Apart] = {
    "hold.ledger_entry": ("cause_id", "sequence"),
    "notify.letter": ("mail_id",),
    "notify.mail": ("mail_id", "facts.held", "facts.needed"),
}


@pytest.mark.timeout(300)
async def test_after_days_of_outage_the_books_are_as_if_nobody_had_been_away(lived: Live) -> None:
    away = await lived(storm=False, apart=OF_AN_OUTAGE)
    there = await lived(storm=False, down=False, apart=OF_AN_OUTAGE)
    assert away.breaks == there.breaks == []
    assert away.asked == there.asked > PLAN.accounts
    # How often a provider that is silent was asked follows from who was there to ask.
    assert [table for table in differing(away.books, there.books) if table != "provisioning.request"] == []
