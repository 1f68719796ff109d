"""What every message of the registry keeps to: it is explained, has an example, and counts money in whole VND."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from shared import contracts
from shared.contracts.jobs import JobSlice
from shared.contracts.message import MOST_VND, Message
from shared.contracts.pages import named_answers
from shared.contracts.registry import REGISTRY, Registry
from shared.contracts.topics import topic_of

Schema = dict[str, Any]

EVERY = list(REGISTRY)
COMMANDS = [message for message in EVERY if message.form == "command"]
# What time brings is answered by its progress.
ASKED = [message for message in COMMANDS if not issubclass(message, JobSlice)]
EVENTS = [message for message in EVERY if message.form == "event"]
REFUSALS = [message for message in EVENTS if message.__name__.endswith("Refused")]

PUBLIC_COMMANDS = {
    "checkout": {
        "StopPoc",
        "Buy",
        "Renew",
        "Resize",
        "Recover",
        "CancelOrder",
        "GrantCoupon",
        "PublishPrices",
    },
    "lifecycle": {"DeleteResource", "DeleteCluster", "SetAutoRenew", "ReportPocStopped", "ReportUsage"},
    "hold": {"OpenAccount", "TopUp", "GrantPoc", "ExtendPoc"},
    "invoicing": {"PayInvoice", "CloseMonth"},
    # ConfirmRecipient is asked by who has checked a link.
    "notify": {"SetLanguage", "AddRecipient", "RemoveRecipient"},
    # ReportPayment is asked by who has checked that a gateway said it.
    "payments": set(),
    # The product teams' systems, not a portal's.
    "provisioning": set(),
}

# The first word of a command: what is asked. A new verb is added here, on purpose.
VERBS = {
    *(
        "Abandon",
        "Add",
        "Buy",
        "Cancel",
        "Change",
        "Charge",
        "Check",
        "Clear",
        "Close",
        "Confirm",
        "Convert",
        "Create",
        "Delete",
        "End",
        "Expire",
        "Extend",
        "Free",
        "Give",
        "Grant",
    ),
    *(
        "Hold",
        "Issue",
        "Open",
        "Pay",
        "Place",
        "Plan",
        "Publish",
        "Record",
        "Request",
        "Reserve",
        "Recover",
        "Refund",
        "Release",
        "Remove",
        "Renew",
    ),
    *("Report", "Resize", "Set", "Settle", "Start", "Stop", "Suspend", "Top"),
}
PAST_TENSE = re.compile(
    r"ed([A-Z]|$)|(Held|Paid|Sent|Set|Given|Bought|Began)([A-Z]|$)|(Reminder|Short|Ending)$"
)

# Whole numbers that are no money. Any other whole number is.
COUNTS = {
    "asked_again",
    "before_quantity",
    "converted",
    "days",
    "debt_days",
    "discount",
    "discount_percent",
    "done",
    "failed",
    "given_up",
    "left",
    "lines",
    "minutes",
    "months",
    "more",
    "page",
    "pages",
    "poc_remaining",
    "quantity",
    "resources",
    "shard",
    "shards",
    "times",
    "units",
    "unused_minutes",
    "uses",
    "version",
}

# What a key that is made of several fields looks like.
_AN_ID = r"[A-Za-z0-9][A-Za-z0-9._:\-]*"

# An order that ends without being had, and a renewal that fails, say why, in the words of whoever refused.
SAYS_WHY = {"OrderCancelled", "AutoRenewFailed", "PaymentFailed"}

of_every = pytest.mark.parametrize("message", EVERY, ids=lambda message: message.type)


def parts(message: type[Message]) -> Iterator[tuple[str, Schema]]:
    """The message's own schema and those of the models in it, by name."""
    schema = message.model_json_schema()
    yield message.__name__, schema
    yield from schema.get("$defs", {}).items()


def fields(message: type[Message]) -> Iterator[tuple[str, Schema]]:
    """Every field, those of the models inside too."""
    for name, part in parts(message):
        for field, schema in part.get("properties", {}).items():
            yield f"{name}.{field}", schema


def scalars(schema: Any) -> Iterator[Schema]:
    """Every schema with a type inside a schema, itself among them."""
    if isinstance(schema, list):
        for item in schema:
            yield from scalars(item)
    elif isinstance(schema, dict):
        if "type" in schema:
            yield schema
        for keyword in ("anyOf", "items", "prefixItems", "additionalProperties"):
            yield from scalars(schema.get(keyword))


def is_money(schema: Schema) -> bool:
    return schema["type"] == "integer" and (schema.get("minimum"), schema.get("maximum")) == (
        -MOST_VND,
        MOST_VND,
    )


def moves_money(message: type[Message]) -> bool:
    return any(is_money(scalar) for _, schema in fields(message) for scalar in scalars(schema))


@of_every
def test_a_message_and_the_models_in_it_say_what_they_are(message: type[Message]) -> None:
    assert [name for name, part in parts(message) if not part.get("description", "").strip()] == []
    assert (message.__doc__ or "").strip().endswith(".")


@of_every
def test_a_message_describes_every_field(message: type[Message]) -> None:
    assert [name for name, schema in fields(message) if not schema.get("description", "").strip()] == []


@of_every
def test_a_message_has_an_example_that_survives_a_round_trip(message: type[Message]) -> None:
    assert "example" in vars(message)
    read = message.model_validate_json(json.dumps(message.example))
    assert message.model_validate_json(read.model_dump_json()) == read
    assert json.loads(read.model_dump_json(exclude_unset=True)) == message.example


@of_every
def test_a_message_ignores_fields_it_does_not_know(message: type[Message]) -> None:
    read = message.model_validate_json(json.dumps(message.example))
    assert message.model_validate_json(json.dumps(message.example | {"of_a_later_version": [1]})) == read


@of_every
def test_a_message_is_keyed_by_one_of_its_required_texts(message: type[Message]) -> None:
    schema = message.model_json_schema()
    if "key" in {name for kind in message.__mro__[:-1] if kind is not Message for name in vars(kind)}:
        assert re.fullmatch(_AN_ID, message.model_validate_json(json.dumps(message.example)).key)
        return
    assert message.key_field in schema["required"]
    assert schema["properties"][message.key_field]["type"] == "string"
    assert message.model_validate_json(json.dumps(message.example)).key == message.example[message.key_field]


@of_every
def test_no_message_holds_a_float(message: type[Message]) -> None:
    found = [
        name for name, schema in fields(message) for scalar in scalars(schema) if scalar["type"] == "number"
    ]
    assert found == []


@of_every
def test_a_whole_number_is_money_within_bounds_or_a_named_count(message: type[Message]) -> None:
    found = {
        name
        for name, schema in fields(message)
        for scalar in scalars(schema)
        if scalar["type"] == "integer" and not is_money(scalar)
    }
    assert {name for name in found if name.rpartition(".")[2] not in COUNTS} == set()


@pytest.mark.parametrize("message", [m for m in EVERY if moves_money(m)], ids=lambda message: message.type)
def test_money_that_is_no_whole_number_is_not_read(message: type[Message]) -> None:
    names = [
        name
        for name, schema in message.model_json_schema()["properties"].items()
        if any(map(is_money, scalars(schema)))
    ]
    for name in names:
        for wrong in (1.0, 0.5, "1", True, MOST_VND + 1, -MOST_VND - 1):
            with pytest.raises(ValidationError):
                message.model_validate_json(json.dumps(message.example | {name: wrong}))


@of_every
def test_an_instant_without_offset_or_out_of_range_is_refused_not_raised(message: type[Message]) -> None:
    for name, schema in message.model_json_schema()["properties"].items():
        if any(scalar.get("format") == "date-time" for scalar in scalars(schema)):
            for wrong in ("2026-03-06T02:00:00", "0001-01-01T00:00:00+07:00", 1_772_762_400):
                with pytest.raises(ValidationError):
                    message.model_validate_json(json.dumps(message.example | {name: wrong}))


@pytest.mark.parametrize("command", ASKED, ids=lambda message: message.type)
def test_a_command_is_an_imperative_and_names_the_events_that_answer_it(command: type[Message]) -> None:
    assert re.findall(r"[A-Z][a-z]+", command.__name__)[0] in VERBS
    answers = named_answers(command)
    assert answers, "its docstring ends in 'Answered by <event> or <event>.'"
    assert [name for name in answers if name not in {event.__name__ for event in EVENTS}] == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda message: message.type)
def test_an_event_is_in_the_past_tense(event: type[Message]) -> None:
    assert PAST_TENSE.search(event.__name__)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda message: message.type)
def test_a_refusal_gives_a_reason_in_code_and_in_words_and_its_instant(refusal: type[Message]) -> None:
    assert {"reason", "explanation", "effective_at"} <= set(refusal.model_json_schema()["required"])
    assert re.fullmatch(r"[a-z][a-z0-9_]*", refusal.example["reason"])
    assert re.fullmatch(r"[A-Z].*\.", refusal.example["explanation"])


def test_every_event_with_a_reason_to_refuse_is_called_refused() -> None:
    with_reason = {event for event in EVENTS if {"reason", "explanation"} <= set(event.model_fields)}
    assert {event for event in with_reason if event.__name__ not in SAYS_WHY} == set(REFUSALS)


@pytest.mark.parametrize("event", [e for e in EVENTS if moves_money(e)], ids=lambda message: message.type)
def test_an_event_that_moves_money_says_when_it_takes_effect(event: type[Message]) -> None:
    assert "effective_at" in event.model_json_schema()["required"]
    assert event.model_json_schema()["properties"]["effective_at"]["format"] == "date-time"


@pytest.mark.parametrize("service", REGISTRY.services)
def test_the_public_commands_are_those_that_were_agreed(service: str) -> None:
    assert {m.__name__ for m in COMMANDS if m.public and m.service == service} == PUBLIC_COMMANDS[service]


def test_only_commands_are_marked_public() -> None:
    assert [message.type for message in EVERY if message.public and message.form != "command"] == []


@of_every
def test_a_message_is_named_by_its_type_and_stands_on_its_services_topic(message: type[Message]) -> None:
    assert message.type == f"billing.{message.service}.{message.__name__}.v{message.type_version}"
    assert topic_of(message) in {
        f"billing.{message.service}.{what}.v1" for what in ("commands", "events", "state")
    }


def test_each_module_lists_all_of_its_messages_and_the_registry_has_them() -> None:
    for found in pkgutil.iter_modules(contracts.__path__):
        module = importlib.import_module(f"{contracts.__name__}.{found.name}")
        defined = {
            thing
            for thing in vars(module).values()
            if isinstance(thing, type) and issubclass(thing, Message) and thing.__module__ == module.__name__
        }
        messages = {thing for thing in defined if "type" in vars(thing)}
        assert set(getattr(module, "MESSAGES", ())) == messages, module.__name__
        assert messages <= set(REGISTRY), module.__name__


def test_two_messages_of_one_type_are_no_registry() -> None:
    with pytest.raises(ValueError, match=f"two messages are called {re.escape(EVERY[0].type)}"):
        Registry([EVERY[0], EVERY[0]])
