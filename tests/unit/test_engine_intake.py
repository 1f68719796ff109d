"""What is a message of ours, and the exact reason why a record is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared import ids
from shared.contracts.cloudevents import Envelope, Unreadable, record_headers
from shared.contracts.message import Message
from shared.engine import intake
from shared.engine.intake import StoredRecord
from tests.support.toy import Toy

TOY = Toy("toy")
ID = ids.new_id()
ASK = TOY.Add(counter="a", amount=1)
AT = datetime(2026, 3, 6, 2, 0, 0, 123_000, UTC)


def record_of(message: Message, **changes: bytes | None) -> StoredRecord:
    """A good record of the message; a change replaces a header, or with None takes it away."""
    headers = dict(record_headers(Envelope(ID, message.type, "/test", message.key, ID)))
    kept = [(name, value) for name, value in (headers | changes).items() if value is not None]
    value = message.model_dump_json().encode()
    return StoredRecord(TOY.service.commands, 2, 7, int(AT.timestamp() * 1000), b"a", value, kept)


def why(record: StoredRecord) -> str:
    with pytest.raises(Unreadable) as refused:
        intake.read(record, TOY.service)
    return str(refused.value)


def test_a_good_record_is_read_with_the_instant_of_its_acceptance() -> None:
    read = intake.read(record_of(ASK), TOY.service)
    assert read is not None
    assert read.ask.message == ASK
    assert read.ask.cause == (ID, "toy", AT)


def test_what_the_service_does_not_heed_is_passed_over_and_the_rest_is_read() -> None:
    heeding = replace(TOY.service, heeds={TOY.Add: lambda ask: ask.amount > 1})
    assert intake.read(record_of(ASK), heeding) is None
    assert intake.read(record_of(TOY.Add(counter="a", amount=2)), heeding) is not None


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (record_of(ASK, ce_id=None), "header ce_id is missing"),
        (record_of(ASK, ce_id=b""), "header ce_id is missing"),
        (record_of(ASK, ce_source=None), "header ce_source is missing"),
        (record_of(ASK, ce_specversion=None), "header ce_specversion is missing"),
        (record_of(ASK, ce_type=None), "header ce_type is missing"),
        (record_of(ASK, ce_specversion=b"0.3"), "header ce_specversion is '0.3', not '1.0'"),
        (record_of(ASK, ce_id=b"42"), "header ce_id is '42', not a UUID"),
        (record_of(ASK, ce_time=b"noon"), "header ce_time is 'noon', not an RFC 3339 instant"),
        (record_of(ASK, ce_time=b"2026-03-06T02:00:00"), "header ce_time is '2026-03-06T02:00:00', without an offset"),
        (record_of(ASK, ce_sequence=b"-1"), "header ce_sequence is '-1', not a number"),
        (record_of(ASK, ce_subject=b"\xff"), "header ce_subject is not UTF-8"),
        (
            record_of(ASK, **{"content-type": b"text/plain"}),
            "header content-type is 'text/plain', not 'application/json'",
        ),
        (record_of(ASK, ce_type=b"billing.toy.Sub.v1"), "type 'billing.toy.Sub.v1' is not one that toy accepts"),
        (replace(record_of(ASK), value=None), "the value is null"),
        (
            replace(record_of(ASK), value=b" " * 1_048_577),
            "the value has 1048577 bytes, more than 1048576",
        ),
        (
            replace(record_of(ASK), value=b'{"counter": "a"'),
            "the value is no Add: Invalid JSON: EOF while parsing an object at line 1 column 15",
        ),
        (replace(record_of(ASK), value=b"{}"), "the value is no Add: counter: Field required; amount: Field required"),
        (
            replace(record_of(ASK), value=b'{"counter": "a", "amount": "1"}'),
            "the value is no Add: amount: Input should be a valid integer",
        ),
        (
            replace(record_of(ASK), value=b'{"counter": "\\ud800", "amount": 1}'),
            "the value is no Add: Invalid JSON: unexpected end of hex escape at line 1 column 20",
        ),
    ],
)  # fmt: skip
def test_a_record_is_refused_with_its_reason(record: StoredRecord, reason: str) -> None:
    assert why(record) == reason


def test_a_null_header_is_refused_with_its_name() -> None:
    good = record_of(ASK)
    headers: list[tuple[str, bytes]] = [*good.headers, ("note", None)]  # type: ignore[list-item]  # as Kafka allows
    assert why(replace(good, headers=headers)) == "header note is null"


def test_only_five_faults_are_named_and_never_a_value() -> None:
    many = b'{"counter": "a", "amount": "secret", "label": 1}'
    assert "secret" not in why(replace(record_of(ASK), value=many))


def test_a_type_is_not_taken_from_a_topic_that_is_not_its_own() -> None:
    """Who may write commands must not be able to speak as a service, nor a service's topic carry commands."""
    heard = Toy("other")
    listening = replace(TOY.service, rules={**TOY.service.rules, heard.Added: TOY.service.rules[TOY.Add]})
    forged = record_of(heard.Added(counter="a", amount=1, total=1, effective_at=AT))
    listening = replace(listening, registry=type(TOY.service.registry)([*TOY.service.registry, heard.Added]))
    with pytest.raises(Unreadable, match=r"'billing\.other\.Added\.v1' is not one that toy accepts"):
        intake.read(forged, listening)
    rightly = intake.read(replace(forged, topic="billing.other.events.v1"), listening)
    assert rightly is not None
    assert rightly.ask.cause.at == AT
    assert intake.read(replace(record_of(ASK), topic="billing.other.events.v1"), listening) is None


def test_what_is_of_no_concern_on_anothers_topic_is_passed_over() -> None:
    assert (
        intake.read(
            replace(record_of(TOY.AddRefused(counter="a", reason="r", effective_at=AT)), topic="x.events.v1"),
            TOY.service,
        )
        is None
    )
    assert (
        intake.read(replace(record_of(ASK), topic="billing.other.state.v1", value=None), TOY.service) is None
    )
