"""`dlq` and `parked` beside a running system: what could not be done is seen whole, and mended or given up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import pytest
from confluent_kafka import Producer

from shared import ids
from tests.support.system import Folder

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

COMMANDS = "billing.hold.commands.v1"
DLQ = f"{COMMANDS}.hold.dlq"
WITHIN_S = 60.0

Headers = list[tuple[str, bytes | None]]


def headers(**more: bytes | None) -> Headers:
    usual = {
        "ce_id": ids.new_id().encode(),
        "ce_source": b"/test",
        "ce_specversion": b"1.0",
        "ce_type": b"billing.hold.TopUp.v1",
    }
    return list((usual | more).items())


def produce(system: Folder, key: bytes | None, value: bytes | None, with_: Headers | None = None) -> None:
    producer = Producer({"bootstrap.servers": system.running["kafka"], "log_level": 0})
    # Its types know of no null in a header; the protocol does.
    carried: Any = headers() if with_ is None else with_
    producer.produce(COMMANDS, key=key, value=value, headers=carried)
    assert producer.flush(10) == 0


def open_letters(system: Folder) -> list[Any]:
    letters: list[Any] = system.ok("dlq", "ls", DLQ)["letters"]
    return letters


def eventually(found: Callable[[], Any]) -> Any:
    until = time.monotonic() + WITHIN_S
    while not (what := found()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)
    return what


UNREADABLE: Final[list[tuple[bytes | None, bytes | None, Headers, str]]] = [
    (b"acme", b"\xff\xfe\x00junk", headers(), "the value is no TopUp"),
    (b"\x1b[31m", b'{"account": "a", "amount": "12"}', headers(), "amount: Input should be a valid integer"),
    (None, None, [], "header ce_id is missing"),
    (b"k", None, headers(), "the value is null"),
    (b"k", b"{}", headers(ce_id=None), "header ce_id is null"),
    (b"k", b"{}", headers(ce_type=b"\xff"), "header ce_type is not UTF-8"),
    (b"k", b"{}", headers(ce_type=b"billing.hold.Nothing.v1"), "is not one that hold accepts"),
    (b"k", b"{", [*headers(), ("x-dlq-settled", b"dropped")], "the value is no TopUp"),
]


def test_what_cannot_be_read_is_shown_whole_and_comes_back_when_replayed_unmended(system: Folder) -> None:
    before = open_letters(system)
    for key, value, with_, _ in UNREADABLE:
        produce(system, key, value, with_)
    found = new_letters(system, before, len(UNREADABLE))
    whole = [system.ok("dlq", "show", letter) for letter in found]
    for _, _, with_, error in UNREADABLE:
        assert any(error in one["error"] and len(one["headers"]) == len(with_) for one in whole), error
    assert {one["group"] for one in whole} == {"hold"}
    assert sum(one["key"] is None and one["value"] is None for one in whole) == 1

    before = open_letters(system)
    assert system.ok("dlq", "replay", *found)["replayed"] == found
    again = [system.ok("dlq", "show", letter) for letter in new_letters(system, before, len(found))]
    assert sorted(map(content, again)) == sorted(map(content, whole)), "as they were"
    assert not set(found) & {one["letter"] for one in open_letters(system)}
    assert system.stoppoc("dlq", "replay", found[0]).status == 2, "settled already"

    for_people = [system.stoppoc("dlq", "ls", DLQ, "--settled"), system.stoppoc("dlq", "show", found[0])]
    assert [said.status for said in for_people] == [0, 0]
    assert not any("\x1b" in said.out for said in for_people)


def new_letters(system: Folder, before: list[Any], count: int) -> list[str]:
    """The letters that are there now and were not, once they are so many."""

    def new() -> list[str]:
        found = [one["letter"] for one in open_letters(system) if one not in before]
        return found if len(found) == count else []

    letters: list[str] = eventually(new)
    return letters


def content(letter: dict[str, Any]) -> str:
    return json.dumps([letter[name] for name in ("key", "value", "headers", "error")])


def test_letters_are_counted_per_topic_and_settled_all_at_once(system: Folder) -> None:
    before = open_letters(system)
    for _ in range(3):
        produce(system, b"k", b"{")
    eventually(lambda: len(open_letters(system)) == len(before) + 3)
    (row,) = (one for one in system.ok("dlq", "ls")["topics"] if one["topic"] == DLQ)
    assert row["open"] == len(before) + 3
    assert len(system.ok("dlq", "drop", "--all", DLQ)["dropped"]) == row["open"]
    assert open_letters(system) == []
    said = system.stoppoc("dlq", "ls", DLQ, "--settled")
    assert said.status == 0
    assert "dropped" in said.out


async def park(system: Folder, key: str, body: dict[str, object], error: str | None) -> str:
    own = ids.new_id()
    written = [(name, value.decode()) for name, value in headers(ce_id=own.encode()) if value is not None]
    conn = await asyncpg.connect(system.running["postgres"])
    try:
        await conn.execute("insert into hold.inbox (message_id) values ($1)", own)
        await conn.execute(
            "insert into hold.parked (key, message_id, topic, partition, record_offset, headers, body, accepted_at, error)"
            " values ($1, $2, $3, 0, 0, $4, $5, now(), $6)",
            *(key, own, COMMANDS, json.dumps(written), json.dumps(body), error),
        )
    finally:
        await conn.close()
    return own


async def test_a_parked_key_is_seen_and_goes_on_in_order(system: Folder) -> None:
    key = "cli-parked"
    system.send("OpenAccount", account=key, mode="prepaid", email="a@example.com")
    first = await park(
        system, key, {"account": key, "amount": 7, "reference": "1"}, "ValueError: \x1b[31mbad"
    )
    stuck = await park(system, key, {"account": key, "amount": "x", "reference": "2"}, None)
    last = await park(system, key, {"account": key, "amount": 8, "reference": "3"}, None)
    (found,) = (one for one in system.ok("parked", "ls")["keys"] if one["key"] == key)
    assert (found["service"], found["messages"]) == ("hold", 3)
    for_people = system.stoppoc("parked", "ls")
    assert "\\x1b[31mbad" in for_people.out
    shown = system.ok("parked", "show", key)["messages"]
    assert [one["id"] for one in shown] == [first, stuck, last]

    waiting = system.stoppoc("send", "TopUp", "--data", json.dumps({"account": key, "amount": 1, "reference": "4"}),
                             "--wait", "1s")  # fmt: skip
    assert waiting.status == 3
    assert "stoppoc parked ls" in waiting.err

    retried = system.stoppoc("parked", "retry", key, "--json")
    assert retried.status == 1
    assert [(one["decided"], one["left"]) for one in retried.document["keys"]] == [(1, 3)]
    assert system.ok("parked", "drop", key, stuck)["dropped"] == stuck
    (went_on,) = system.ok("parked", "retry", key)["keys"]
    assert went_on == {"service": "hold", "key": key, "decided": 2, "left": 0, "error": None}
    eventually(lambda: system.ok("show", "account", key)["credit"]["total"] == 16)
    history = system.ok("show", "account", key, "--history")["history"]
    assert [one["amount"] for one in history] == [7, 8, 1]
