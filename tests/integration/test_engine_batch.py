"""What one worker makes of commands: an effect, an answer, a snapshot, once each and in order."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import groupby

import pytest

from shared import ids
from shared.contracts.cloudevents import Envelope, record_headers
from shared.engine.metrics import Outcome
from tests.support.stage import Heard, Stage, eventually
from tests.support.toy import Toy

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


def by_key(heard: list[Heard]) -> dict[str, list[Heard]]:
    """What was said about each key, in the order of its partition."""
    ordered = sorted(heard, key=lambda one: (one["ce_partitionkey"], one.offset))
    return {key: list(group) for key, group in groupby(ordered, lambda one: one["ce_partitionkey"])}


def headers_of(one: Heard) -> dict[str, str]:
    return {name: value.decode() for name, value in one.headers}


async def test_a_command_is_answered_by_an_event_and_a_snapshot(stage: Stage) -> None:
    stage.start_worker()
    ask, id_ = stage.toy.Add(counter="a", amount=5), ids.new_id()
    correlation = {"ce_correlationid": b"order-1", "traceparent": TRACE.encode()}
    headers = stage.headers(ask, id_, **correlation)
    sent = await stage.send_raw(ask.model_dump_json().encode(), b"a", headers)
    await stage.settled()

    [event] = await stage.hear(stage.events)
    [snapshot] = await stage.hear(stage.state)
    assert sent.timestamp_type == 1, "the broker's clock says when it was accepted"
    at_ms = sent.timestamp
    told = headers_of(event)
    at = told.pop("ce_time")
    assert told == {
        "ce_id": ids.derived_id(id_, f"{stage.toy.name}/0", at_ms),
        "ce_source": f"/stoppoc/{stage.toy.name}",
        "ce_specversion": "1.0",
        "ce_type": stage.toy.Added.type,
        "ce_subject": "a",
        "ce_partitionkey": "a",
        "ce_correlationid": "order-1",
        "ce_causationid": id_,
        "ce_sequence": "1",
        "content-type": "application/json",
        "traceparent": TRACE,
    }
    assert event.body == {"counter": "a", "amount": 5, "total": 5, "effective_at": at}
    assert headers_of(snapshot) == headers_of(event) | {
        "ce_id": ids.derived_id(id_, f"{stage.toy.name}/state/Counter/a", at_ms),
        "ce_type": stage.toy.Stands.type,
    }
    assert snapshot.body == {"counter": "a", "total": 5}
    assert event.key == snapshot.key == b"a"


async def test_the_brokers_clock_alone_says_when_it_was_accepted(stage: Stage) -> None:
    stage.start_worker()
    ask = stage.toy.Add(counter="a", amount=5)
    headers = stage.headers(ask, ids.new_id(), ce_time=b"1999-12-31T23:59:59Z")
    value = ask.model_dump_json().encode()
    sent = await stage.send_raw(value, b"a", headers, timestamp_ms=946_684_799_000)
    await stage.settled()
    [event] = await stage.hear(stage.events)
    assert sent.timestamp > 1_700_000_000_000
    assert event.body["effective_at"].startswith("20")
    assert event["ce_time"] == event.body["effective_at"]


async def test_order_and_sequence_hold_per_key_over_many_batches(stage: Stage) -> None:
    keys = [f"k{number}" for number in range(7)]
    for amount in range(1, 31):
        for key in keys:
            await stage.send(stage.toy.Add(counter=key, amount=amount))
    stage.start_worker(batch_messages=17)
    await stage.settled()

    events = by_key(await stage.hear(stage.events))
    assert {key: [one.body["amount"] for one in said] for key, said in events.items()} == {
        key: list(range(1, 31)) for key in keys
    }
    for said in events.values():
        assert [one["ce_sequence"] for one in said] == [str(number) for number in range(1, 31)]
    assert await stage.totals() == dict.fromkeys(keys, 465)


async def test_a_large_batch_keeps_the_order_of_its_keys(stage: Stage) -> None:
    """More than two hundred messages are settled as three streams at once."""
    keys = [f"k{number}" for number in range(40)]
    for amount in range(1, 11):
        for key in keys:
            await stage.producer.send(
                stage.commands,
                stage.toy.Add(counter=key, amount=amount).model_dump_json().encode(),
                key=key.encode(),
                headers=stage.headers(stage.toy.Add(counter=key, amount=amount), ids.new_id()),
            )
    await stage.producer.flush()
    stage.start_worker()
    await stage.settled()
    events = by_key(await stage.hear(stage.events))
    assert {key: [one["ce_sequence"] for one in said] for key, said in events.items()} == {
        key: [str(number) for number in range(1, 11)] for key in keys
    }
    assert max(stage.toy.store.loads) > 100, "it was a large batch"


async def test_a_batch_makes_one_snapshot_of_a_counter_with_its_last_sequence(stage: Stage) -> None:
    for amount in (1, 2, 3):
        await stage.send(stage.toy.Add(counter="a", amount=amount))
    stage.start_worker()
    await stage.settled()
    [snapshot] = await stage.hear(stage.state)
    assert snapshot.body == {"counter": "a", "total": 6}
    assert snapshot["ce_sequence"] == "3"
    assert stage.toy.store.loads == [3]


async def test_a_refusal_is_an_event_and_changes_nothing(stage: Stage) -> None:
    stage.start_worker()
    await stage.send(stage.toy.Add(counter="a", amount=1))
    await stage.settled()
    await stage.send(stage.toy.Add(counter="a", amount=0))
    await stage.send(stage.toy.Add(counter="nobody", amount=0))
    await stage.settled()
    said = by_key(await stage.hear(stage.events))
    assert said["a"][1]["ce_type"] == stage.toy.AddRefused.type
    assert said["a"][1]["ce_sequence"] == "2"
    assert [header for header, _ in said["nobody"][0].headers if header == "ce_sequence"] == []
    assert len(await stage.hear(stage.state)) == 1
    assert await stage.totals() == {"a": 1}


async def test_the_same_message_has_one_effect_however_often_it_comes(stage: Stage) -> None:
    ask, id_ = stage.toy.Add(counter="a", amount=5), ids.new_id()
    for _ in range(2):
        await stage.send(ask, id_=id_)
    first = stage.start_worker()
    await stage.settled()
    await stage.send(ask, id_=id_.upper())
    await stage.settled()
    await first.stop()
    second = stage.start_worker()
    await stage.send(ask, id_=id_)
    await stage.send(ask, id_=id_, key=b"another key, another partition")
    await stage.settled()

    assert await stage.totals() == {"a": 5}
    assert len(await stage.hear(stage.events)) == len(await stage.hear(stage.state)) == 1
    page = (first.metrics.page() + second.metrics.page()).decode()
    assert page.count(f'outcome="{Outcome.DUPLICATE}",service="{stage.toy.name}"}} 2.0') == 2


async def test_two_who_make_the_same_thing_at_once_lose_nothing(stage: Stage) -> None:
    """Under a wrong key the same counter is made by two workers, neither of which finds it."""
    other = Toy(stage.toy.name)
    stage.start_worker()
    stage.start_worker(toy=other)
    await eventually(lambda: both_have_partitions(stage))
    loaded = asyncio.Barrier(2)
    stage.toy.store.before_save = other.store.before_save = lambda: both_loaded(loaded)
    keys = (b"a", b"b", b"c")
    for partition, key in enumerate(keys):
        await stage.send(stage.toy.Add(counter="x", amount=1), key=key, partition=partition)
    await stage.settled()
    assert await stage.totals() == {"x": 3}
    said = await stage.hear(stage.events)
    assert sorted(one["ce_sequence"] for one in said) == ["1", "2", "3"]
    assert loaded.n_waiting == 0


async def both_have_partitions(stage: Stage) -> bool:
    return {running.health.ready() for running in stage.workers} == {
        (True, "1 partitions"),
        (True, "2 partitions"),
    }


async def both_loaded(loaded: asyncio.Barrier) -> None:
    with contextlib.suppress(asyncio.BrokenBarrierError, TimeoutError):
        async with asyncio.timeout(1):
            await loaded.wait()


@pytest.mark.parametrize("key", [b"b", b"\xff\xfe", None], ids=["another", "no text", "none"])
async def test_a_record_under_a_wrong_key_is_still_answered(stage: Stage, key: bytes | None) -> None:
    stage.start_worker()
    ask = stage.toy.Add(counter="a", amount=5)
    envelope = Envelope(ids.new_id(), ask.type, "/portal", ask.key, "correlation")
    await stage.send_raw(ask.to_json().encode(), key, [*record_headers(envelope)])
    await stage.settled()
    [event] = await stage.hear(stage.events)
    assert event.key == b"a"
    assert event.body["total"] == 5
