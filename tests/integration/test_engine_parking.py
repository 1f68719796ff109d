"""Messages that can never work: their key waits, in order, the others go on; an operator lets it go on again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from shared.engine import unparking
from shared.engine.database import pool_for
from shared.engine.faults import TooManyParked
from shared.engine.metrics import Outcome
from shared.engine.unparking import Retried
from tests.support.stage import WITHIN_S, Running, Stage
from tests.support.toy import MOST, UNLUCKY, UNSPEAKABLE, Toy

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


async def parked(stage: Stage) -> list[tuple[str, str | None]]:
    """Keys and errors, in the order of their queues."""
    return [
        tuple(row) for row in await stage.sql.fetch("select key, error from parked order by key, position")
    ]


async def amounts(stage: Stage, key: str) -> list[int]:
    """What was added to the counter, in the order it was said."""
    return [one.body["amount"] for one in await stage.hear(stage.events) if one.key == key.encode()]


async def death_of(running: Running) -> BaseException:
    """What ended the worker, out of the groups it comes in."""
    await asyncio.wait([running.task], timeout=WITHIN_S)
    error = running.task.exception()
    while isinstance(error, BaseExceptionGroup):
        [error] = error.exceptions
    assert error is not None
    return error


@asynccontextmanager
async def desk(stage: Stage) -> AsyncIterator[asyncpg.Connection]:
    """An operator's transaction."""
    async with (
        pool_for(stage.toy.service, stage.database, "desk") as pool, pool.acquire() as conn, conn.transaction()
    ):  # fmt: skip
        yield conn


async def test_a_rule_that_raises_parks_its_key_and_the_others_go_on(stage: Stage) -> None:
    for amount in (1, UNLUCKY, 2):
        await stage.send(stage.toy.Add(counter="a", amount=amount))
        await stage.send(stage.toy.Add(counter="b", amount=4))
    running = stage.start_worker()
    await stage.settled()
    await stage.send(stage.toy.Add(counter="a", amount=3))
    await stage.send(stage.toy.Add(counter="b", amount=4))
    await stage.settled()

    error = f"ValueError: {UNLUCKY} is unlucky\N{REPLACEMENT CHARACTER} for a"
    assert await parked(stage) == [("a", error), ("a", None), ("a", None)]
    assert await stage.totals() == {"a": 1, "b": 16}
    assert await stage.uncommitted() == 0
    page = running.metrics.page().decode()
    assert f'outcome="{Outcome.PARKED}",service="{stage.toy.name}"}} 1.0' in page
    assert f'outcome="{Outcome.QUEUED}",service="{stage.toy.name}"}} 2.0' in page


async def test_a_mended_rule_lets_the_queue_go_on_in_order(stage: Stage) -> None:
    for amount in (1, UNLUCKY, 2, 3):
        await stage.send(stage.toy.Add(counter="a", amount=amount))
    await stage.start_worker().stop_after(stage.settled())
    async with desk(stage) as conn:
        still = await unparking.retry(conn, stage.toy.service, "a")
    assert still == Retried(0, 3, f"ValueError: {UNLUCKY} is unlucky\x00 for a")
    stage.toy.mended = True
    async with desk(stage) as conn:
        [waits] = await unparking.parked_keys(conn)
        assert (waits.key, waits.messages) == ("a", 3)
        assert await unparking.retry(conn, stage.toy.service, "a") == Retried(3, 0, None)
    stage.start_worker()
    await stage.send(stage.toy.Add(counter="a", amount=4))
    await stage.settled()
    assert await amounts(stage, "a") == [1, UNLUCKY, 2, 3, 4]
    assert await stage.totals() == {"a": 10 + UNLUCKY}
    said = await stage.hear(stage.events)
    assert [one["ce_sequence"] for one in said] == ["1", "2", "3", "4", "5"]
    assert await parked(stage) == []


async def test_a_retry_stops_at_the_next_that_fails_and_a_dropped_one_is_gone(stage: Stage) -> None:
    for amount in (UNLUCKY, 1, MOST, 2):
        await stage.send(stage.toy.Add(counter="a", amount=amount))
    await stage.start_worker().stop_after(stage.settled())
    stage.toy.mended = True
    async with desk(stage) as conn:
        retried = await unparking.retry(conn, stage.toy.service, "a")
    assert (retried.decided, retried.left) == (2, 2)
    assert (retried.error or "").startswith("CheckViolationError: ")
    stuck = await stage.sql.fetchval("select message_id::text from parked order by position limit 1")
    async with desk(stage) as conn:
        assert await unparking.drop(conn, "a", stuck)
        assert not await unparking.drop(conn, "a", stuck)
        assert await unparking.retry(conn, stage.toy.service, "a") == Retried(1, 0, None)
    stage.start_worker()
    await stage.settled()
    assert await amounts(stage, "a") == [UNLUCKY, 1, 2]


async def test_a_retry_and_a_running_worker_keep_the_order_of_a_key(stage: Stage) -> None:
    """Whoever comes first, the worker's next message is decided after the queue, or waits at its end."""
    mended = Toy(stage.toy.name)
    mended.mended = True
    sent = [UNLUCKY if number % 4 == 0 else number % 3 + 1 for number in range(60)]
    stage.start_worker(batch_messages=1)
    retried = 0

    async def send_all() -> None:
        for amount in sent:
            await stage.send(stage.toy.Add(counter="a", amount=amount))

    sending = asyncio.create_task(send_all())
    while not sending.done() or await stage.uncommitted() or await stage.count("parked"):
        async with desk(stage) as conn:
            retried += (await unparking.retry(conn, mended.service, "a")).decided
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
    await sending
    await stage.settled()
    assert await amounts(stage, "a") == sent
    assert [one["ce_sequence"] for one in await stage.hear(stage.events)] == [
        str(number) for number in range(1, 61)
    ]
    assert retried > sent.count(UNLUCKY), "some were queued behind"


async def test_what_the_database_refuses_is_found_one_by_one(stage: Stage) -> None:
    for counter, amount in (("a", 1), ("b", MOST + 1), ("c", 3), ("b", 2), ("a", 5)):
        await stage.send(stage.toy.Add(counter=counter, amount=amount), partition=0)
    stage.start_worker()
    await stage.settled()
    [(key, error), behind] = await parked(stage)
    assert key == "b"
    assert (error or "").startswith("CheckViolationError: ")
    assert behind == ("b", None)
    assert await stage.totals() == {"a": 6, "c": 3}
    assert stage.toy.store.loads[0] == 5, "first all of them together"


async def test_a_snapshot_that_raises_parks_the_message_that_led_to_it(stage: Stage) -> None:
    for counter, amount in (("a", 1), ("b", UNSPEAKABLE), ("c", 3)):
        await stage.send(stage.toy.Add(counter=counter, amount=amount), partition=0)
    stage.start_worker()
    await stage.settled()
    assert await parked(stage) == [("b", "snapshot: ValueError: this total cannot be told")]
    assert await stage.totals() == {"a": 1, "c": 3}


async def test_text_the_database_cannot_hold_parks_its_message_only(stage: Stage) -> None:
    await stage.send(stage.toy.Add(counter="a", amount=1, label="nul\x00"), partition=0)
    await stage.send(stage.toy.Add(counter="b", amount=1), partition=0)
    stage.start_worker()
    await stage.settled()
    [(key, error)] = await parked(stage)
    assert key == "a"
    assert (error or "").startswith("CharacterNotInRepertoireError: ")
    assert await stage.totals() == {"b": 1}


async def test_who_loses_a_race_for_a_new_thing_finds_it_made(stage: Stage) -> None:
    async def another_goes_first() -> None:
        stage.toy.store.before_save = lambda: None
        await stage.sql.execute("insert into label (label, counter) values ('wanted', 'other')")

    stage.toy.store.before_save = another_goes_first
    await stage.send(stage.toy.Add(counter="a", amount=1, label="wanted"))
    stage.start_worker()
    await stage.settled()
    [refused] = await stage.hear(stage.events)
    assert refused.body["reason"] == "label_taken"
    assert await parked(stage) == []


async def test_the_eleventh_key_stops_the_worker_and_nothing_is_lost(stage: Stage) -> None:
    for number in range(10):
        await stage.send(stage.toy.Add(counter=f"bad{number:02}", amount=UNLUCKY))
    running = stage.start_worker()
    await stage.settled()
    assert len(await parked(stage)) == 10
    await stage.send(stage.toy.Add(counter="bad10", amount=UNLUCKY))
    await stage.send(stage.toy.Add(counter="good", amount=1))
    assert isinstance(await death_of(running), TooManyParked)
    assert len(await parked(stage)) == 10, "the eleventh is not parked"
    stage.workers.clear()

    mended = Toy(stage.toy.name)
    mended.mended = True
    stage.start_worker(toy=mended)
    await stage.settled()
    assert await stage.totals() == {"bad10": UNLUCKY, "good": 1}
    assert len(await parked(stage)) == 10


async def test_a_release_that_fails_everybody_parks_nobody(stage: Stage) -> None:
    """All in one batch, settled as three streams: none parks its ten."""
    for number in range(220):
        await stage.send(stage.toy.Add(counter=f"bad{number}", amount=UNLUCKY))
    running = stage.start_worker()
    assert isinstance(await death_of(running), TooManyParked)
    assert await parked(stage) == []
    assert await stage.count("inbox") == 0
    stage.workers.clear()
