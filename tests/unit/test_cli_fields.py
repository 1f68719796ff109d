"""A command's fields in words, and what is wrong with data however deep it is."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from pydantic import Field
from typer.testing import CliRunner

from deploy.cli.commands import message_from, public_commands
from deploy.cli.fields import fields_of, path_of
from deploy.cli.main import app
from deploy.cli.say import Trouble, flat
from shared.contracts.message import Command, Id, Instant, Vnd
from shared.contracts.parts import Kind, Nested


class Thing(Nested):
    """One thing."""

    resource: Id = Field(description="Its name.")
    kind: Kind = Field(description="What it is.")
    until: Instant | None = Field(default=None, description="Until when.")


class Order(Command, service="toy", key="account"):
    """Asks for things. Answered by Ordered or OrderRefused."""

    account: Id = Field(description="Whose.")
    things: list[Thing] = Field(min_length=1, description="All of them.")
    limit: Thing | None = Field(default=None, description="The last one.")
    budget: Vnd = Field(default=0, description="At most.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme",
        "things": [{"resource": "srv-1", "kind": "server"}],
    }


GOOD: dict[str, Any] = dict(Order.example)


def refused(data: object) -> str:
    with pytest.raises(Trouble) as caught:
        message_from(Order, json.dumps(data).encode())
    return str(caught.value)


def test_every_field_is_told_under_its_path_with_what_it_must_be() -> None:
    found = {field.path: field for field in fields_of(Order)}
    assert list(found) == [
        "account",
        "things",
        "things[].resource",
        "things[].kind",
        "things[].until",
        "limit",
        "limit.resource",
        "limit.kind",
        "limit.until",
        "budget",
    ]
    assert [path for path, field in found.items() if field.required] == [
        "account",
        "things",
        "things[].resource",
        "things[].kind",
        "limit.resource",
        "limit.kind",
    ]
    assert found["things[].kind"].is_a.startswith('one of "server", "volume"')
    assert found["things[].until"].is_a == "an instant, as 2026-04-30T17:00:00Z"
    assert found["things[].until"].meaning == "Until when."
    assert found["limit.resource"].meaning == "Its name."


@pytest.mark.parametrize("name", public_commands())
def test_every_public_command_has_help_with_every_field_and_an_example_that_can_be_typed(name: str) -> None:
    model = public_commands()[name]
    said = CliRunner().invoke(app, ("send", name, "--help")).stdout
    for field in fields_of(model):
        assert field.path in said
        assert field.meaning, field.path
    assert f"stoppoc send {name} --data '" in said


def test_what_is_wrong_inside_a_list_is_named_by_its_place() -> None:
    said = refused(GOOD | {"things": [{"resource": "srv-1", "kind": "sever"}]})
    assert said.startswith('things[0].kind must be one of "server", "volume"')
    assert said.endswith('not "sever".')


def test_what_is_missing_inside_a_list_is_named_with_its_meaning() -> None:
    said = refused(GOOD | {"things": [{"kind": "server"}]})
    assert said.startswith("things[0].resource is missing. Its name. It is a string of 1 to 64 characters")


def test_an_instant_inside_a_part_is_asked_for_with_an_example() -> None:
    said = refused(GOOD | {"limit": {"resource": "a", "kind": "server", "until": "soon"}})
    assert said.startswith("limit.until must be an instant with its offset from UTC")


def test_a_field_that_is_not_known_is_not_ignored_however_deep() -> None:
    said = refused(GOOD | {"things": [{"resource": "a", "kind": "server", "untill": None}], "limit": None})
    assert said == "Order (things[0]) has no field 'untill'; did you mean until?"


def test_a_place_is_written_as_one_types_it() -> None:
    assert path_of(("items", 0, "kind")) == "items[0].kind"
    assert path_of(()) == ""


def test_the_parts_of_a_message_are_shown_under_their_path() -> None:
    body = {
        "poc": {"balance": 1000},
        "failed": [{"resource": "v"}],
        "names": ["a", "b"],
        "none": [],
        "on": True,
    }
    assert list(flat(body)) == [
        ("poc.balance", "1,000"),
        ("failed[0].resource", "v"),
        ("names", "a, b"),
        ("none", None),
        ("on", "yes"),
    ]
