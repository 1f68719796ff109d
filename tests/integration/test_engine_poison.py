"""Records that are no message of ours: dead-lettered as they came, with the reason, and their neighbours unhurt."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.util import calc_crc32c

from shared import ids
from shared.contracts.cloudevents import timestamp
from shared.contracts.message import Message
from shared.contracts.topics import MOST_RECORD_BYTES
from shared.engine.leniently import LENIENCY
from tests.support.stage import Headers, Stage

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

_REQUIRED = ("ce_id", "ce_source", "ce_specversion", "ce_type")


def poisons(stage: Stage) -> dict[str, tuple[bytes | None, bytes, Headers]]:
    """Value, key and headers of each, by the reason."""
    ask = stage.toy.Add(counter="a", amount=1)
    good = ask.model_dump_json().encode()
    headers = stage.headers(ask, ids.new_id())
    return {
        "the value is no Add: Invalid JSON: expected ident at line 1 column 2": (b"not JSON", b"a", headers),
        "the value is no Add: counter: Field required; amount: Field required": (b"{}", b"a", headers),
        "the value is null": (None, b"a", headers),
        "the value has 5242880 bytes, more than 1048576": (b"x" * 5_242_880, b"a", headers),
        "type 'billing.toy.Sub.v1' is not one that {name} accepts": (
            good, b"a", stage.headers(ask, ids.new_id(), ce_type=b"billing.toy.Sub.v1"),
        ),
        "header ce_id is '42', not a UUID": (good, b"a", stage.headers(ask, "42")),
        "header note is null": (good, b"a", [*headers, ("note", None)]),
        "header note is not UTF-8": (good, b"a", [*headers, ("note", b"\xff\x00")]),
    } | {
        f"header {name} is missing": (good, b"a", [(n, v) for n, v in headers if n != name])
        for name in _REQUIRED
    }  # fmt: skip


async def test_poison_is_dead_lettered_untouched_and_its_neighbours_are_answered(stage: Stage) -> None:
    places = {}
    for reason, (value, key, headers) in poisons(stage).items():
        await stage.send(stage.toy.Add(counter="a", amount=1), partition=1)
        sent = await stage.send_raw(value, key, headers, partition=1)
        places[reason.format(name=stage.toy.name)] = (sent.offset, value, key, headers)
    await stage.send(stage.toy.Add(counter="a", amount=1), partition=1)
    stage.start_worker(batch_messages=7)
    await stage.settled()

    letters = {letter["x-dlq-error"]: letter for letter in await stage.hear(stage.letters)}
    assert letters.keys() == places.keys()
    for reason, (offset, value, key, headers) in places.items():
        letter = letters[reason]
        assert (letter.key, letter.value) == (key, value)
        assert list(letter.headers[: len(headers)]) == headers
        about = {name: letter[name] for name, _ in letter.headers[len(headers) :]}
        seen = datetime.fromisoformat(about.pop("x-dlq-first-seen"))
        assert abs((datetime.now(UTC) - seen).total_seconds()) < 120
        assert about == {
            "x-dlq-topic": stage.commands,
            "x-dlq-partition": "1",
            "x-dlq-offset": str(offset),
            "x-dlq-group": stage.toy.name,
            "x-dlq-error": reason,
        }
    assert await stage.totals() == {"a": len(places) + 1}
    assert await stage.uncommitted() == 0


async def test_a_record_as_large_as_the_topic_takes_becomes_a_dead_letter(stage: Stage) -> None:
    ask = stage.toy.Add(counter="a", amount=1)
    headers = stage.headers(ask, ids.new_id(), **{"content-type": b"x" * 100_000})
    value = b"x" * (MOST_RECORD_BYTES - 100_000 - 600)
    sent = await stage.send_raw(value, b"a", headers)
    stage.start_worker()
    await stage.settled()
    [letter] = await stage.hear(stage.letters)
    assert letter.value == value
    assert letter["x-dlq-first-seen"] == timestamp(datetime.fromtimestamp(sent.timestamp / 1000, UTC))
    assert letter["x-dlq-error"].startswith("header content-type is 'xxx")


async def send_with_a_bad_header_name(stage: Stage, ask: Message) -> None:
    """No client of ours can: the batch is built with a good name, and the name replaced."""
    batch = stage.producer.create_batch()
    headers = [*stage.headers(ask, ids.new_id()), ("ZZ", b"x")]
    batch.append(key=b"a", value=ask.model_dump_json().encode(), timestamp=None, headers=headers)
    built = bytes(batch._build()).replace(b"ZZ", b"\xff\xfe")
    checksum = struct.pack(">I", calc_crc32c(built[21:]))
    batch._buffer = built[:17] + checksum + built[21:]
    await (await stage.producer.send_batch(batch, stage.commands, partition=1))


async def test_a_header_whose_name_is_not_utf8_stops_nobody(stage: Stage) -> None:
    """The client raises on it at every attempt, and would never come past it."""
    for _ in range(3):
        await stage.send(stage.toy.Add(counter="a", amount=1), partition=1)
        await send_with_a_bad_header_name(stage, stage.toy.Add(counter="a", amount=1))
    await stage.send(stage.toy.Add(counter="b", amount=1), partition=0)
    stage.start_worker()
    await stage.settled()
    assert await stage.totals() == {"a": 6, "b": 1}
    assert fetcher.MemoryRecords.__module__ == "shared.engine.leniently"
    LENIENCY._until = 1.0
    await stage.send(stage.toy.Add(counter="a", amount=1), partition=1)
    await stage.settled()
    assert fetcher.MemoryRecords.__module__ != "shared.engine.leniently"


async def test_a_deeply_nested_value_and_a_huge_number_are_refused_not_fatal(stage: Stage) -> None:
    ask = stage.toy.Add(counter="a", amount=1)
    for value in (b"[" * 100_000, b'{"counter": "a", "amount": ' + b"9" * 5000 + b"}"):
        await stage.send_raw(value, b"a", stage.headers(ask, ids.new_id()))
    stage.start_worker()
    await stage.settled()
    assert len(await stage.hear(stage.letters)) == 2
