"""Dead letters from the records of their topic: each once, what was done about it noted, nothing taken from it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from deploy.letters import Coordinates, Headers, sort

TOPIC = "billing.hold.commands.v1"


def about(offset: int, error: str = "bad") -> list[tuple[str, bytes | None]]:
    return [
        ("x-dlq-topic", TOPIC.encode()),
        ("x-dlq-partition", b"3"),
        ("x-dlq-offset", str(offset).encode()),
        ("x-dlq-group", b"hold"),
        ("x-dlq-error", error.encode()),
        ("x-dlq-first-seen", b"2026-03-06T00:00:00Z"),
    ]


def record(headers: Headers, value: bytes | None = b"v") -> Any:
    return SimpleNamespace(headers=tuple(headers), key=b"k", value=value)


def test_a_letter_sent_twice_by_a_crash_is_one() -> None:
    box = sort("dlq", [record(about(7)), record(about(8)), record(about(7))])
    assert [(letter.at.offset, letter.copies) for letter in box.letters] == [(7, 2), (8, 1)]
    assert str(box.letters[0].at) == f"{TOPIC}/3/7"


def test_a_letter_keeps_its_own_headers_and_loses_only_ours() -> None:
    own: list[tuple[str, bytes | None]] = [("ce_id", b"\xff"), ("x-dlq-topic", b"theirs"), ("empty", None)]
    (letter,) = sort("dlq", [record([*own, *about(7)])]).letters
    assert letter.headers == own
    assert letter.at == Coordinates(TOPIC, 3, 7, "hold")


def test_a_settled_letter_is_no_longer_open() -> None:
    settled = [*about(7)[:4], ("x-dlq-settled", b"replayed")]
    box = sort("dlq", [record(about(7)), record(about(8)), record(settled, None)])
    assert [letter.at.offset for letter in box.open] == [8]
    assert (box.settled("replayed"), box.settled("dropped")) == (1, 0)


def test_a_letter_cannot_settle_itself() -> None:
    box = sort("dlq", [record([("x-dlq-settled", b"dropped"), *about(7)])])
    assert len(box.open) == 1


def test_what_is_no_letter_is_counted_as_such() -> None:
    cut = [header for header in about(7) if header[0] != "x-dlq-offset"]
    box = sort("dlq", [record([]), record(cut), record([*cut, ("x-dlq-offset", b"x")])])
    assert (len(box.letters), box.strangers) == (0, 3)


def test_letters_come_in_the_order_in_which_they_were_read() -> None:
    box = sort("dlq", [record(about(offset)) for offset in (10, 9, 100)])
    assert [letter.at.offset for letter in box.letters] == [9, 10, 100]
