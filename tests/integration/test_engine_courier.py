"""The order of a key across workers: who publishes takes along what must go before, and nobody publishes it twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import pytest
from aiokafka.errors import UnknownTopicOrPartitionError

from shared import ids
from shared.contracts.cloudevents import Envelope
from shared.engine import outbox
from shared.engine.courier import Courier
from shared.engine.database import pool_for
from shared.engine.metrics import Metrics
from shared.engine.outbox import Bundle, Outgoing, lane_of
from shared.engine.publisher import Publisher
from tests.support.stage import Stage, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


@asynccontextmanager
async def courier_of(stage: Stage, name: str) -> AsyncIterator[tuple[asyncpg.Pool, Courier]]:
    publisher = Publisher(stage.kafka, name)
    async with pool_for(stage.toy.service, stage.database, name) as pool:
        try:
            yield pool, Courier(stage.toy.service, pool, publisher, Metrics(stage.toy.name))
        finally:
            await publisher.stop()


def bundle(stage: Stage, lane: str, *said: tuple[str, int]) -> Bundle:
    """What a batch said from that lane: (key, amount) each."""
    at = datetime.now(UTC)
    messages = []
    for key, amount in said:
        event = stage.toy.Added(counter=key, amount=amount, total=amount, effective_at=at)
        envelope = Envelope(ids.new_id(), event.type, "/test", key, ids.new_id(), at, key)
        messages.append(Outgoing(stage.events, envelope, event.model_dump_json()))
    return Bundle(lane, messages)


async def store(pool: asyncpg.Pool, *bundles: Bundle) -> list[Bundle]:
    async with pool.acquire() as conn, conn.transaction():
        return await outbox.add(conn, bundles)


async def said(stage: Stage, key: str) -> Sequence[int]:
    return [one.body["amount"] for one in await stage.hear(stage.events) if one.key == key.encode()]


async def test_what_another_left_for_the_same_key_goes_out_before_ours(stage: Stage) -> None:
    async with courier_of(stage, "one") as (pool, courier):
        await store(pool, bundle(stage, "theirs/0", ("a", 1)))
        await store(pool, bundle(stage, "theirs/1", ("b", 1)))
        await courier.deliver(await store(pool, bundle(stage, "ours/0", ("a", 2))))
        assert await said(stage, "a") == [1, 2]
        assert await stage.count("outbox") == 0


async def test_what_goes_before_may_itself_have_something_before_it(stage: Stage) -> None:
    async with courier_of(stage, "one") as (pool, courier):
        await store(pool, bundle(stage, "x/0", ("b", 1)))
        await store(pool, bundle(stage, "y/0", ("a", 1), ("b", 2)))
        await store(pool, bundle(stage, "z/0", ("b", 3)))
        await courier.deliver(await store(pool, bundle(stage, "ours/0", ("a", 2))))
        await courier.deliver_lanes(["z/0"])
        assert await said(stage, "a") == [1, 2]
        assert await said(stage, "b") == [1, 2, 3]


async def test_others_bundles_of_other_keys_are_left_to_them(stage: Stage) -> None:
    async with courier_of(stage, "one") as (pool, courier):
        await store(pool, bundle(stage, "theirs/0", ("b", 1)))
        await courier.deliver(await store(pool, bundle(stage, "ours/0", ("a", 1))))
        assert [row["lane"] for row in await stage.sql.fetch("select lane from outbox")] == ["theirs/0"]


async def test_two_couriers_never_publish_one_bundle_twice_nor_a_key_out_of_order(stage: Stage) -> None:
    keys = "abc"
    async with courier_of(stage, "one") as (pool, one), courier_of(stage, "two") as (_, two):
        for number in range(1, 31):
            mine = await store(pool, bundle(stage, "ours/0", *((key, number) for key in keys)))
            theirs = [one.deliver(mine), two.deliver_lanes(["ours/0"])]
            if number % 2:
                theirs.append(two.deliver(mine))
            await asyncio.gather(*theirs)
    for key in keys:
        assert await said(stage, key) == list(range(1, 31))
    assert await stage.count("outbox") == 0


async def test_a_claim_that_died_leaves_its_bundles_to_the_next(stage: Stage) -> None:
    async with courier_of(stage, "one") as (pool, courier):
        mine = await store(pool, bundle(stage, "ours/0", ("a", 1)))
        dead = await pool.acquire()
        await dead.transaction().start()
        await outbox.claim(dead, mine)
        delivering = asyncio.create_task(courier.deliver(mine))
        await asyncio.sleep(0.3)
        assert await said(stage, "a") == [], "as long as its owner holds it, nobody else publishes it"
        dead.terminate()
        await delivering
    assert await said(stage, "a") == [1]


async def test_what_nobody_owns_is_published_once_it_is_old(stage: Stage) -> None:
    async with courier_of(stage, "one") as (pool, courier):
        await store(pool, bundle(stage, "nobody/0", ("a", 1)))
        assert await courier.deliver_stale() == 0
        await stage.sql.execute("update outbox set said_at = now() - interval '11 seconds'")
        assert await courier.deliver_stale() == 1
    assert await said(stage, "a") == [1]


async def test_a_lane_is_cleared_on_assignment_before_anything_new(stage: Stage) -> None:
    async with courier_of(stage, "dead") as (pool, _):
        lane = lane_of(stage.commands, 0)
        await store(pool, bundle(stage, lane, ("a", 1), ("b", 1)))
    await stage.send(stage.toy.Add(counter="a", amount=2), partition=0)
    stage.start_worker()
    await stage.settled()
    assert await said(stage, "a") == [1, 2]
    assert await said(stage, "b") == [1]


async def test_a_bundle_larger_than_a_record_batch_keeps_its_order(stage: Stage) -> None:
    """More than a megabyte for one partition is sent as several batches, one after the other."""
    big = bundle(stage, "ours/0", *(("a", number) for number in range(4000)))
    async with courier_of(stage, "one") as (pool, courier):
        await courier.deliver(await store(pool, big))
    assert await said(stage, "a") == list(range(4000))


async def test_a_failed_publish_leaves_the_bundle_for_the_next_attempt(stage: Stage) -> None:
    [message] = bundle(stage, "", ("a", 1)).messages
    lost = Bundle("ours/0", [message._replace(topic="billing.nowhere.events.v1")])
    async with courier_of(stage, "one") as (pool, courier):
        stored = await store(pool, lost)
        with pytest.raises((UnknownTopicOrPartitionError, TimeoutError)):
            await courier.deliver(stored)
        assert await stage.count("outbox") == 1
        await stage.sql.execute("delete from outbox")
        await courier.deliver(await store(pool, bundle(stage, "ours/0", ("a", 2))))
    assert await said(stage, "a") == [2]


async def test_two_workers_keep_every_key_in_order_through_a_change_of_hands(stage: Stage) -> None:
    async def count() -> bool:
        return await stage.count("inbox") >= 150

    first = stage.start_worker(batch_messages=20)
    for number in range(300):
        await stage.send(stage.toy.Add(counter=f"k{number % 10}", amount=1))
        if number == 100:
            stage.start_worker(batch_messages=20)
    await eventually(count)
    await first.stop()
    stage.workers.remove(first)
    await stage.settled()
    for number in range(10):
        heard = [one for one in await stage.hear(stage.events) if one.key == b"k%d" % number]
        assert [one["ce_sequence"] for one in heard] == [str(number) for number in range(1, 31)]
