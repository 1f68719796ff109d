"""What is on topics is judged right: numbers, copies, outcomes and dead letters, each broken once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploy.audit import standing
from deploy.audit.said import Said
from deploy.services import SERVICES
from services.hold.service import HOLD
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.hold import ToppedUp, TopUp
from shared.contracts.message import Message
from shared.engine.intake import StoredRecord
from shared.engine.sql import read_queries

_ASKED = TopUp(account="acme", amount=1, reference="B-1")
_DONE = ToppedUp.model_validate_json(
    '{"account": "acme", "amount": 1, "reference": "B-1", "effective_at": "2026-03-06T02:00:00Z",'
    ' "credit": {"total": 1, "held": 0, "available": 1}}'
)


def _id(number: int) -> str:
    return f"0195668e-0000-7000-8000-{number:012d}"


def _record(message: Message, envelope: Envelope, offset: int = 0) -> StoredRecord:
    value = message.to_json().encode()
    topic = f"billing.hold.{message.form}s.v1"
    return StoredRecord(topic, 0, offset, 0, b"acme", value, record_headers(envelope))


def _command(number: int) -> StoredRecord:
    return _record(_ASKED, Envelope(_id(number), TopUp.type, "/test", "acme", _id(number)))


def _event(number: int, cause: int, sequence: int) -> StoredRecord:
    envelope = Envelope(
        *(_id(100 + number), ToppedUp.type, "/stoppoc/hold", "acme", _id(cause), None, "acme"),
        *(_id(cause), sequence),
    )
    return _record(_DONE, envelope, number)


def _said(commands: list[StoredRecord], events: list[StoredRecord]) -> Said:
    said = Said(HOLD)
    for command in commands:
        said.command(command)
    for event in events:
        said.event(event, from_first=True)
    return said


def test_what_is_in_order_is_no_break() -> None:
    # The second is a copy, as a crash leaves one; so is the last command.
    said = _said([_command(1), _command(2), _command(2)], [_event(1, 1, 1), _event(1, 1, 1), _event(2, 2, 2)])
    assert (said.gaps, said.differing, list(said.unanswered(())), list(said.lost())) == ([], [], [], [])


def test_a_missing_number_is_found() -> None:
    said = _said([], [_event(1, 1, 1), _event(2, 2, 3)])
    assert [one.id for one in said.gaps] == ["acme"]
    assert _said([], [_event(2, 2, 2)]).gaps


def test_a_number_given_twice_is_found() -> None:
    assert _said([], [_event(1, 1, 1), _event(2, 2, 1)]).gaps


def test_a_topic_that_lost_its_beginning_begins_where_it_begins() -> None:
    said = Said(HOLD)
    said.event(_event(7, 7, 7), from_first=False)
    assert said.gaps == []


def test_a_copy_that_says_another_thing_is_found() -> None:
    other = replace(_event(1, 1, 1), value=b"{}")
    assert [one.id for one in _said([], [_event(1, 1, 1), other]).differing] == [_id(101)]


def test_a_command_without_an_outcome_is_found_unless_it_waits_for_somebody() -> None:
    said = _said([_command(1), _command(2)], [_event(1, 1, 1)])
    assert [one.id for one in said.unanswered(())] == [_id(2)]
    assert list(said.unanswered({"acme"})) == []


def test_what_calls_a_command_off_answers_it_once() -> None:
    said = _said([_command(1), _command(2), _command(3)], [_event(1, 1, 1), _event(2, 9, 2)])
    assert [one.id for one in said.unanswered(())] == [_id(3)]


def test_a_command_with_two_outcomes_is_found() -> None:
    said = _said([_command(1)], [_event(1, 1, 1), _event(2, 1, 2)])
    assert [one.id for one in said.unanswered(())] == [_id(1)]


def test_what_cannot_be_read_must_be_a_dead_letter() -> None:
    bad = replace(_command(1), value=b"{", offset=9)
    said = _said([bad], [])
    assert [one.id for one in said.lost()] == ["billing.hold.commands.v1/0/9"]
    place = (("topic", b"billing.hold.commands.v1"), ("partition", b"0"), ("offset", b"9"))
    said.letter(replace(bad, headers=[(f"x-dlq-{name}", value) for name, value in place]))
    assert list(said.lost()) == []


def test_the_keys_of_everything_that_is_told_are_known() -> None:
    told = {
        f"{service.name}_{model.__name__}".lower()
        for service in SERVICES.values()
        for model, _ in service.snapshots.values()
    }
    assert told == set(read_queries(Path(standing.__file__).with_name("keys.sql")))
