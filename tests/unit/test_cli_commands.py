"""Commands from what a person typed: every fault is a sentence that names the field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.cli.commands import command_named, message_from, public_commands, read_data
from deploy.cli.say import WRONG, Trouble, examples, plain, quoted
from shared.contracts.hold import ExtendPoc, OpenAccount, TopUp
from shared.contracts.registry import REGISTRY
from shared.contracts.topics import MOST_MESSAGE_BYTES

GOOD = {"account": "acme", "amount": 1, "reference": "VCB-1"}


def refused(model: type[TopUp] | type[ExtendPoc] | type[OpenAccount], data: object) -> str:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(Trouble) as caught:
        message_from(model, text)
    assert caught.value.status == WRONG
    return str(caught.value)


@pytest.mark.parametrize("name", public_commands())
def test_the_example_of_every_public_command_can_be_sent(name: str) -> None:
    model = command_named(name)
    assert message_from(model, json.dumps(model.example).encode()).key


def test_only_public_commands_are_offered() -> None:
    public = {model.__name__ for model in REGISTRY if model.form == "command" and model.public}
    assert set(public_commands()) == public
    for name in ("AccountOpened", "PlaceCharge", "ConvertResource"):
        with pytest.raises(Trouble, match=f"there is no command '{name}'"):
            command_named(name)


def test_what_rehearses_a_failure_can_be_sent_though_no_portal_may() -> None:
    assert not command_named("PlanOutcome").public


@pytest.mark.parametrize(
    ("typed", "meant"), [("topup", "TopUp"), ("OpenAcount", "OpenAccount"), ("grant_poc", "GrantPoc")]
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(typed: str, meant: str) -> None:
    with pytest.raises(Trouble, match=f"did you mean .*{meant}"):
        command_named(typed)


def test_each_field_that_is_wrong_has_its_own_sentence() -> None:
    said = refused(TopUp, {"account": "no spaces", "amount": "12"}).splitlines()
    assert len(said) == 3
    assert said[0].startswith("account must be a string of 1 to 64 characters")
    assert said[0].endswith('not "no spaces".')
    assert said[1].startswith("amount must be an integer")
    assert said[1].endswith('not "12".')
    assert said[2].startswith("reference is missing. The payment's own reference")


@pytest.mark.parametrize("amount", [1.0, 1e3, True, None, "1", [1], 2**53, -(2**53)])
def test_an_amount_is_a_whole_number_a_json_reader_can_hold(amount: object) -> None:
    assert refused(TopUp, GOOD | {"amount": amount}).startswith("amount must be an integer from -")


def test_a_field_that_is_not_known_is_not_ignored() -> None:
    assert (
        refused(TopUp, GOOD | {"amuont": 2}) == "TopUp has no field 'amuont'; did you mean amount or account?"
    )


def test_a_field_said_twice_is_refused() -> None:
    assert (
        refused(TopUp, b'{"account":"a","amount":1,"amount":2,"reference":"r"}')
        == "the data says 'amount' twice"
    )


def test_an_instant_without_offset_is_refused_with_an_example() -> None:
    said = refused(ExtendPoc, {"account": "acme", "until": "2026-05-01T00:00:00"})
    assert said.startswith("until must be an instant with its offset from UTC, as 2026-04-30T17:00:00Z")


def test_a_mode_that_does_not_exist_is_refused_with_those_that_do() -> None:
    said = refused(OpenAccount, {"account": "acme", "mode": "free", "email": "a@example.com"})
    assert said == 'mode must be one of "prepaid", "postpaid", not "free".'


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (b"", "the data is not JSON"),
        (b"{", "the data is not JSON"),
        (b'{"account":"a\xff"}', "the data is not JSON"),
        (b"[]", "the data must be an object of fields, as {"),
        (b"null", "the data must be an object of fields, as {"),
        (b'"x"', "the data must be an object of fields, as {"),
        (b" " * (MOST_MESSAGE_BYTES + 1), "the data has more than 1048576 bytes"),
    ],
)
def test_data_that_is_no_object_is_refused(data: bytes, start: str) -> None:
    assert refused(TopUp, data).startswith(start)


def test_a_value_is_shown_so_that_it_cannot_steer_a_terminal() -> None:
    said = refused(TopUp, GOOD | {"account": "\x1b[2Jx", "amount": "\x9b\u202e" * 99})
    assert all(line.isprintable() for line in said.splitlines())


def test_data_is_read_from_the_argument_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "dữ liệu.json"
    file.write_bytes(b'{"a": "\xc4\x91"}')
    assert read_data(f"@{file}") == b'{"a": "\xc4\x91"}'
    assert read_data('{"a": "đ"}') == '{"a": "đ"}'.encode()


@pytest.mark.parametrize("name", ["", "missing.json", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Trouble, match="cannot be read") as caught:
        read_data(f"@{name}")
    assert caught.value.status == WRONG


def test_no_more_of_a_file_is_read_than_a_message_may_have(tmp_path: Path) -> None:
    assert len(read_data("@/dev/zero")) == MOST_MESSAGE_BYTES + 1


def test_plain_shows_what_a_terminal_would_obey() -> None:
    assert plain("phở \x1b[31m\n\u202e\ud800") == "phở \\x1b[31m\\n\\u202e\\ud800"
    assert quoted("x" * 100) == f"'{'x' * 70}...'"
    assert "\\[" in examples("stoppoc send [x]"), "no markup of an example's own"
