"""The consumer's traps: dead for ever after a fatal error, offsets that move without us, members that hold us up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from shared.engine import consumer
from shared.engine.health import Health
from tests.support.faulty_broker import (
    COORDINATOR_NOT_AVAILABLE,
    HEARTBEAT,
    OFFSET_COMMIT,
    OFFSET_FETCH,
    FaultyBroker,
    faulty_broker,
)
from tests.support.stage import Running, Stage, eventually, staged

pytestmark = [pytest.mark.postgres]


@pytest.fixture
def broker() -> Iterator[FaultyBroker]:
    with faulty_broker() as running:
        yield running


def rebuilds(running: Running) -> int:
    [line] = [
        line
        for line in running.metrics.page().decode().splitlines()
        if line.startswith("stoppoc_consumer_rebuilds_total{")
    ]
    return int(float(line.split()[-1]))


async def goes_on(stage: Stage, count: int) -> None:
    async def done() -> bool:
        return await stage.count("inbox") >= count

    await eventually(done, 40, stage.alive)


@pytest.mark.parametrize(
    ("request_", "errors"),
    [
        (HEARTBEAT, (-1,)),
        (HEARTBEAT, (30,)),
        (HEARTBEAT, (42,)),
        (HEARTBEAT, (25,)),
        (OFFSET_COMMIT, (42, 42, 42)),
    ],
)
async def test_a_consumer_that_met_an_error_is_made_anew_where_it_must(
    broker: FaultyBroker, database: str, request_: int, errors: tuple[int, ...]
) -> None:
    async with staged(broker.bootstrap, database, make=broker.make_topics) as stage:
        running = stage.start_worker()
        await stage.send(stage.toy.Add(counter="a", amount=1))
        await goes_on(stage, 1)
        broker.answer(request_, *errors)
        await stage.send(stage.toy.Add(counter="a", amount=1))
        await asyncio.sleep(1.5)
        await stage.send(stage.toy.Add(counter="a", amount=1))
        await goes_on(stage, 3)
        assert await stage.totals() == {"a": 3}
        if request_ == HEARTBEAT and errors != (25,):
            assert rebuilds(running) >= 1, "without that it would have been dead for ever"


async def test_a_consumer_that_cannot_learn_its_offsets_is_made_anew(
    broker: FaultyBroker, database: str
) -> None:
    async with staged(broker.bootstrap, database, make=broker.make_topics) as stage:
        broker.answer(OFFSET_FETCH, -1)
        stage.start_worker()
        await stage.send(stage.toy.Add(counter="a", amount=1))
        await goes_on(stage, 1)


async def test_a_broker_that_does_not_move_offsets_is_not_waited_for_without_end(
    broker: FaultyBroker, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client would try for ever, and the worker say all the while that it is ready."""
    monkeypatch.setattr(consumer, "_COMMIT_LIMIT_S", 0.5)
    async with staged(broker.bootstrap, database, make=broker.make_topics) as stage:
        running = stage.start_worker()
        await stage.send(stage.toy.Add(counter="a", amount=1))
        await stage.settled()
        broker.answer(OFFSET_COMMIT, *[COORDINATOR_NOT_AVAILABLE] * 40)
        await stage.send(stage.toy.Add(counter="a", amount=1))
        await eventually(lambda: fails_of(running, "TimeoutError"))
        await stage.settled()
        await eventually(lambda: has_partitions(running.health))
        assert await stage.totals() == {"a": 2}


async def fails_of(running: Running, what: str) -> bool:
    return running.health.ready()[1].startswith(what)


async def test_who_cannot_join_the_group_is_not_ready_and_tries_anew(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that goes away at that moment would be waited for without end."""
    monkeypatch.setattr(consumer, "_JOIN_LIMIT_S", 0.5)
    joined = AIOKafkaConsumer.start

    async def never(_: AIOKafkaConsumer) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(AIOKafkaConsumer, "start", never)
    running = stage.start_worker()
    await eventually(lambda: fails_of(running, "TimeoutError"))
    monkeypatch.setattr(AIOKafkaConsumer, "start", joined)
    monkeypatch.setattr(consumer, "_JOIN_LIMIT_S", 30.0)
    await eventually(lambda: has_partitions(running.health))


async def test_offsets_move_only_when_we_move_them(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    made: list[dict[str, Any]] = []

    class Spy(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
        def __init__(self, *topics: str, **options: Any) -> None:
            made.append(options)
            super().__init__(*topics, **options)

    monkeypatch.setattr(consumer, "AIOKafkaConsumer", Spy)
    stage.start_worker()
    await stage.send(stage.toy.Add(counter="a", amount=1))
    await stage.settled()
    [options] = made
    assert options["enable_auto_commit"] is False
    assert options["auto_offset_reset"] == "earliest"
    assert options["rebalance_timeout_ms"] == 60_000


async def test_offsets_stay_where_they_are_while_a_batch_fails(stage: Stage) -> None:
    def away() -> None:
        raise ConnectionResetError("the database is away")

    stage.toy.store.before_save = away
    running = stage.start_worker()
    await stage.send(stage.toy.Add(counter="a", amount=1))

    async def failed_twice() -> bool:
        return len(stage.toy.store.loads) >= 2

    await eventually(failed_twice)
    assert await stage.uncommitted() == 1
    assert running.health.ready()[1].startswith("ConnectionResetError")
    assert await stage.count("inbox") == 0
    stage.toy.store.before_save = lambda: None
    await stage.settled()
    assert await stage.totals() == {"a": 1}


async def test_a_stop_finishes_the_batch_in_hand_and_leaves_the_group(stage: Stage) -> None:
    first = stage.start_worker(session_timeout_ms=30_000)
    stage.toy.store.delay_s = 1.5
    await stage.send(stage.toy.Add(counter="a", amount=1))

    async def in_hand() -> bool:
        return bool(stage.toy.store.loads)

    await eventually(in_hand)
    started = time.monotonic()
    await first.stop()
    assert 0.5 < time.monotonic() - started < 10
    assert await stage.uncommitted() == 0
    assert await stage.count("outbox") == 0
    assert await stage.totals() == {"a": 1}
    assert len(stage.toy.store.loads) == 1

    # Had it not left, the group would wait for its session to end: thirty seconds.
    second = stage.start_worker()
    await eventually(lambda: has_partitions(second.health), 10)


async def has_partitions(health: Health) -> bool:
    return health.ready() == (True, "3 partitions")


async def test_a_stop_need_not_wait_for_a_batch_of_another_member(stage: Stage) -> None:
    """Who joins waits until all others have given up their partitions: as long as their batch takes."""
    stage.start_worker(session_timeout_ms=10_000)
    stage.toy.store.delay_s = 18.0
    await stage.send(stage.toy.Add(counter="a", amount=1))
    await eventually(lambda: in_hand_of(stage))
    second = stage.start_worker(session_timeout_ms=10_000)
    await asyncio.sleep(1.0)
    started = time.monotonic()
    await second.stop()
    assert time.monotonic() - started < 14, "a client that waits for the others is given up"
    stage.toy.store.delay_s = 0.0
    await stage.settled()


async def in_hand_of(stage: Stage) -> bool:
    return bool(stage.toy.store.loads)


async def test_a_worker_that_lost_its_partitions_in_mid_batch_changes_nothing_twice(stage: Stage) -> None:
    """Its session ends while it stands still; another does the batch; it wakes, and finds it done."""
    first = stage.start_worker(session_timeout_ms=1000)
    stage.toy.store.delay_s = 0.1
    await stage.send(stage.toy.Add(counter="a", amount=1))
    await stage.settled()
    waking = asyncio.Event()

    async def stand_still() -> None:
        stage.toy.store.before_save = lambda: None
        await first_stands.set_and_wait(waking)

    first_stands = _Stand()
    stage.toy.store.before_save = stand_still
    await stage.send(stage.toy.Add(counter="a", amount=2))
    await first_stands.reached.wait()
    # The database ends its transaction, as it does with one that idles.
    await stage.sql.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'"
    )
    stage.start_worker(session_timeout_ms=1000)
    waking.set()
    await stage.settled()
    assert not first.task.done()
    assert await stage.totals() == {"a": 3}
    assert [one["ce_sequence"] for one in await stage.hear(stage.events)] == ["1", "2"]


class _Stand:
    """A place where somebody stands still until he is woken."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    async def set_and_wait(self, waking: asyncio.Event) -> None:
        self.reached.set()
        await waking.wait()


async def test_what_is_old_is_forgotten_and_nothing_else(stage: Stage) -> None:
    keep = stage.toy.service.inbox_retention
    await stage.sql.execute(
        "insert into inbox (message_id, seen_at) select gen_random_uuid(), now() - $1::interval - interval '1 minute'"
        " from generate_series(1, 12000)", keep,
    )  # fmt: skip
    await stage.sql.execute(
        "insert into inbox (message_id, seen_at) values (gen_random_uuid(), now() - $1::interval + interval '1 minute')",
        keep,
    )
    stage.start_worker()

    async def forgotten() -> bool:
        return await stage.count("inbox") == 1

    await eventually(forgotten)
    assert keep.days == 8
