"""Many clusters stop their POC at once while workers of all services are killed at random; whatever happens on the way,
in the end every dong and every minute is where it belongs, and what was left is stopped by asking again."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from deploy import topics
from deploy.audit.look import Finding
from deploy.local.kafka import Kafka
from deploy.local.postgres import embedded_postgres
from deploy.services import SERVICES
from shared.engine.migrate import migrate
from tests.e2e.estate import SERVERS, VOLUMES, Estate
from tests.e2e.household import Household, household
from tests.e2e.portal import Heard, Portal
from tests.support.seeds import SEED, seeded_random

# The whole of it, run by hand: the numbers of a provider's busy day.
_FULL = os.environ.get("STOPPOC_E2E") == "full"
_CLUSTERS = 200 if _FULL else 12
# So many messages are decided between two kills.
_APART = (300, 1500) if _FULL else (60, 300)
_WITHIN_S = 900.0 if _FULL else 150.0
_SETTLES_S = 30.0

T = TypeVar("T")

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(3000 if _FULL else 400)]


@pytest.fixture
async def house(broker: Kafka, tmp_path: Path) -> AsyncIterator[Household]:
    """All services on servers of their own; two workers where one key's work can move from one to the other."""
    async with embedded_postgres(tmp_path / "postgres") as postgres:
        topics.apply(broker.bootstrap, topics.wanted(SERVICES.values()))
        await migrate(postgres.dsn, list(SERVICES.values()))
        counts = {"checkout": 2, "lifecycle": 2}
        async with household(broker, postgres, tmp_path / "logs", counts) as ready:
            yield ready


async def test_every_dong_is_where_it_belongs_whoever_is_killed(house: Household) -> None:
    dice = seeded_random()
    estate = Estate(_CLUSTERS, dice)
    portal = Portal(house.kafka.bootstrap, SERVICES)
    try:
        await _furnish(house, portal, estate)
        stopped = await _storm(house, portal, estate)
        _as_asked(estate, stopped)
        await _sound(house)
        await _press_again(house, portal, estate)
        await _sound(house)
    finally:
        portal.close()


async def _furnish(house: Household, portal: Portal, estate: Estate) -> None:
    """All clusters are there, and POC."""
    asked = portal.ask([estate.prices(), *estate.openings()])
    assert not [one for one in await _ended(house, portal, asked) if one.name.endswith("Refused")]
    # What is bought is priced from what checkout has heard of the accounts.
    await house.quiet(_WITHIN_S)
    bought = await _amid_murders(house, estate.dice, _ended(house, portal, portal.ask(estate.purchases())))
    assert {one.name for one in bought} == {"OrderCompleted"}, bought[0]
    await _ended(house, portal, portal.ask(estate.plans()))
    await house.quiet(_WITHIN_S)


async def _storm(house: Household, portal: Portal, estate: Estate) -> list[Heard]:
    """Everybody presses Stop POC at once, some of them twice; meanwhile workers are killed."""
    asks = [cluster.stop() for cluster in estate.clusters]
    asked = portal.ask(asks)
    portal.ask_again(asks[0], asked[0])
    asked += portal.ask(asks[1:4])
    asked += portal.ask(estate.reports())
    # In the middle of it nothing looks broken that only waits for a message.
    meanwhile = asyncio.create_task(house.audited(_WITHIN_S))
    ended = await _amid_murders(house, estate.dice, _ended(house, portal, asked))
    _none(house, await meanwhile)
    stopped, late = ended[:_CLUSTERS], ended[_CLUSTERS : _CLUSTERS + 3]
    # Two at once: one of them is told that the other has it in hand, or, later, that little or nothing is left.
    assert {one.name for one in late} <= {"OrderRefused", "PocStopped"}
    return [*stopped, *(one for one in late if one.name == "PocStopped")]


def _as_asked(estate: Estate, stopped: list[Heard]) -> None:
    """What refused stayed, what was stopped elsewhere may have been left out; everything else is converted, once."""
    ended = [one.body for one in stopped if one.name == "PocStopped"]
    elsewhere = {item.resource for item in estate.stopped_elsewhere}
    all_of_them = _CLUSTERS * (SERVERS + VOLUMES)
    assert sum(one["converted"] for one in ended) >= all_of_them - len(estate.refusing) - len(elsewhere)
    # What the other of two orders had in hand was left out of this one.
    told = [failure for one in ended for failure in one["failed"] if failure["reason"] != "resource_busy"]
    failed = {failure["resource"] for failure in told}
    assert sorted(failed - elsewhere) == estate.refusing


async def _amid_murders(house: Household, dice: Random, work: Awaitable[T]) -> T:
    """What comes of the work while workers are killed, until it is done."""
    killed: Counter[str] = Counter()

    async def kill() -> None:
        async for name in house.murders(dice, _APART):
            killed[name] += 1

    murders = asyncio.create_task(kill())
    try:
        return await work
    finally:
        murders.cancel()
        await asyncio.gather(murders, return_exceptions=True)
        print("killed:", dict(killed))  # noqa: T201 - told with the seed
        assert killed


async def _press_again(house: Household, portal: Portal, estate: Estate) -> None:
    """Each Stop POC is pressed until its cluster is no longer POC."""
    rounds = 0
    while poc := await house.rows("select cluster_id from lifecycle.cluster where poc"):
        assert (rounds := rounds + 1) <= 3, poc
        left = {row["cluster_id"] for row in poc}
        asked = portal.ask([one.stop() for one in estate.clusters if one.id in left])
        assert {one.name for one in await _ended(house, portal, asked)} == {"PocStopped"}
        await house.quiet(_WITHIN_S)
    still_poc = await house.rows("select resource_id from lifecycle.resource where billing = 'poc'")
    elsewhere = {item.resource for item in estate.stopped_elsewhere}
    assert {row["resource_id"] for row in still_poc} <= elsewhere
    assert await house.sum("select count(*) from lifecycle.resource") == _CLUSTERS * (SERVERS + VOLUMES)


async def _sound(house: Household) -> None:
    await house.quiet(_WITHIN_S)
    _none(house, await house.audited(_SETTLES_S))


def _none(house: Household, broken: list[Finding]) -> None:
    told = "\n".join(f"{one.check.name}: {one.broken}, as {one.breaks[:3]}" for one in broken)
    assert not broken, f"STOPPOC_SEED={SEED}\n{told}\n{house.story()}"


async def _ended(house: Household, portal: Portal, asked: list[str]) -> list[Heard]:
    return await asyncio.to_thread(portal.answers, asked, _WITHIN_S, house.story)
