"""The broker or the database goes away and comes back: the worker waits, loses nothing, and stops in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from shared.engine import courier, publisher
from shared.engine.app import STOP_SECONDS
from tests.support.stage import Running, Stage, eventually, staged

# Brokers and databases that start again take their time where others work too.
pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[Postgres]:
    server = Postgres(tmp_path / "postgres")
    await server.start()
    yield server
    await server.stop()
    server.remove_socket()


async def add(stage: Stage, first: int, last: int) -> None:
    for number in range(first, last):
        await stage.send(stage.toy.Add(counter=f"k{number % 5}", amount=1))


async def sequences(stage: Stage) -> dict[str, list[int]]:
    """The sequences of each key's events in the order of the topic, each id once."""
    said: dict[str, dict[str, int]] = {}
    for one in await stage.hear(stage.events):
        said.setdefault(one["ce_subject"], {}).setdefault(one["ce_id"], int(one["ce_sequence"]))
    return {key: list(numbers.values()) for key, numbers in said.items()}


def without_gap(count: int) -> dict[str, list[int]]:
    return {f"k{number}": list(range(1, count // 5 + 1)) for number in range(5)}


async def not_ready(running: Running, within: float = 20.0) -> None:
    async def seen() -> bool:
        return not running.health.ready()[0]

    await eventually(seen, within)


async def ready(running: Running, within: float = 30.0) -> None:
    async def seen() -> bool:
        return running.health.ready()[0]

    await eventually(seen, within)


async def test_a_broker_that_restarts_in_mid_run_costs_time_only(broker: Kafka, database: str) -> None:
    async with staged(broker.bootstrap, database) as stage:
        running = stage.start_worker(batch_messages=10)
        await add(stage, 0, 100)
        await broker.kill()
        await not_ready(running, 40)
        assert running.health.live()[0]
        await broker.start()
        await ready(running, 60)
        await add(stage, 100, 200)
        await stage.settled(60)
        assert await stage.totals() == {f"k{number}": 40 for number in range(5)}
        assert await sequences(stage) == without_gap(200)


async def test_a_worker_waits_for_a_broker_that_is_away_when_it_starts(broker: Kafka, database: str) -> None:
    async with staged(broker.bootstrap, database) as stage:
        await add(stage, 0, 5)
        await broker.stop()
        running = stage.start_worker()
        await asyncio.sleep(1)
        assert not running.health.ready()[0]
        assert running.health.live()[0]
        await broker.start()
        await stage.settled()
        assert await stage.count("inbox") == 5


async def test_a_worker_whose_broker_is_away_stops_in_time(broker: Kafka, database: str) -> None:
    """An idempotent producer would wait for ever, and so would stopping it."""
    async with staged(broker.bootstrap, database) as stage:
        running = stage.start_worker()
        await add(stage, 0, 5)
        await stage.settled()
        stage.toy.store.delay_s = 1.0
        await add(stage, 5, 10)
        await asyncio.sleep(0.7)
        await broker.kill()
        started = time.monotonic()
        await asyncio.sleep(2.0)
        await running.stop(within=STOP_SECONDS)
        assert time.monotonic() - started < STOP_SECONDS
        assert await stage.count("outbox") > 0, "it had something to say"
        await broker.start()
        stage.toy.store.delay_s = 0.0
        stage.start_worker()
        await stage.settled()
        assert await sequences(stage) == without_gap(10)


async def test_the_limit_of_a_publish_is_shorter_than_a_claim_may_idle() -> None:
    from shared.engine import database as rooms

    assert publisher.PUBLISH_LIMIT_S < rooms._IDLE_IN_TRANSACTION_S <= courier.STALE_S


async def test_a_database_stopped_in_mid_run_costs_time_only(postgres: Postgres, kafka: str) -> None:
    async with staged(kafka, postgres.dsn) as stage:
        running = stage.start_worker(batch_messages=10)
        await add(stage, 0, 100)
        await postgres.stop(immediate=True)
        await add(stage, 100, 150)
        await not_ready(running)
        assert running.health.live()[0]
        await postgres.start()
        await ready(running)
        await stage.reconnect()
        await add(stage, 150, 200)
        await stage.settled()
        assert await stage.totals() == {f"k{number}": 40 for number in range(5)}
        assert await sequences(stage) == without_gap(200)


async def test_a_worker_waits_for_a_database_that_is_away_when_it_starts(
    postgres: Postgres, kafka: str
) -> None:
    async with staged(kafka, postgres.dsn) as stage:
        await postgres.stop()
        running = stage.start_worker()
        await add(stage, 0, 5)
        await asyncio.sleep(2)
        assert not running.task.done()
        await postgres.start()
        await stage.reconnect()
        await stage.settled()
        assert await sequences(stage) == without_gap(5)
