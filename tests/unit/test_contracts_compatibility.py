"""Every kind of change that breaks somebody is refused and says whom; every harmless one passes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from shared.contracts.compatibility import Contract, breaks, contract_of, contracts_of
from shared.contracts.message import Command, Event, Instant, Message, State
from shared.contracts.registry import REGISTRY

Fields = dict[str, Any]


class Wallet(BaseModel):
    """A wallet."""

    total: int


class WalletInText(BaseModel):
    """A wallet, with its total as a string."""

    total: str


class WalletWithoutTotal(BaseModel):
    """A wallet of nothing."""


class WalletWithDebt(BaseModel):
    """A wallet with one field more, that may be left out."""

    total: int
    debt: int = 0


REQUIRED: Any = ...
Lower = Annotated[str, Field(pattern="^[a-z]+$")]
ShortLower = Annotated[str, Field(pattern="^[a-z]{1,3}$")]
Positive = Annotated[int, Field(ge=1)]
AnyWhole = Annotated[int, Field(ge=0)]
Few = Annotated[list[int], Field(max_length=3)]
More = Annotated[list[int], Field(max_length=4)]
Some = Annotated[list[int], Field(min_length=1)]


def message(base: type[Message], fields: Fields, *, key: str = "account", **how: Any) -> type[Message]:
    return create_model(  # type: ignore[no-any-return, call-overload]
        how.pop("name", "Said"),
        __base__=base,
        __cls_kwargs__={"service": "hold", "key": key} | how,
        **({"account": (str, REQUIRED)} | fields),
    )


def broken(old: type[Message], new: type[Message]) -> list[str]:
    return [str(found) for found in breaks(contracts_of([new]), {"1": contracts_of([old])})]


def changed(base: type[Message], old: Fields, new: Fields) -> list[str]:
    return broken(message(base, old), message(base, new))


A_PRODUCER = "a producer of version 1 writes"
A_CONSUMER = "a consumer of version 1 reads"

REFUSED_COMMANDS = {
    "a required field more": (
        {},
        {"amount": (int, REQUIRED)},
        [f"Said.amount: {A_PRODUCER} messages without it, the version now reads only messages with it"],
    ),
    "another type": (
        {"amount": (int, REQUIRED)},
        {"amount": (str, REQUIRED)},
        [f"Said.amount: {A_PRODUCER} an integer, the version now reads a string"],
    ),
    "one choice less": (
        {"pay": (Literal["credit", "poc", "none"], REQUIRED)},
        {"pay": (Literal["credit", "none"], REQUIRED)},
        [f'Said.pay: {A_PRODUCER} "poc", the version now reads one of "credit", "none"'],
    ),
    "a tighter pattern": (
        {"code": (Lower, REQUIRED)},
        {"code": (ShortLower, REQUIRED)},
        [
            f"Said.code: {A_PRODUCER} a string like ^[a-z]+$, the version now reads a string like ^[a-z]{{1,3}}$"
        ],
    ),
    "a pattern where there was none": (
        {"code": (str, REQUIRED)},
        {"code": (Lower, REQUIRED)},
        [f"Said.code: {A_PRODUCER} a string, the version now reads a string like ^[a-z]+$"],
    ),
    "a tighter bound": (
        {"amount": (AnyWhole, REQUIRED)},
        {"amount": (Positive, REQUIRED)},
        [f"Said.amount: {A_PRODUCER} an integer from 0, the version now reads an integer from 1"],
    ),
    "a bound where there was none": (
        {"amount": (int, REQUIRED)},
        {"amount": (Annotated[int, Field(lt=10)], REQUIRED)},
        [f"Said.amount: {A_PRODUCER} an integer, the version now reads an integer to 9"],
    ),
    "a tighter length": (
        {"code": (Annotated[str, Field(max_length=9)], REQUIRED)},
        {"code": (Annotated[str, Field(max_length=8)], REQUIRED)},
        [
            f"Said.code: {A_PRODUCER} a string of 0 to 9 characters, "
            "the version now reads a string of 0 to 8 characters"
        ],
    ),
    "a format where there was none": (
        {"until": (str, REQUIRED)},
        {"until": (Instant, REQUIRED)},
        [f"Said.until: {A_PRODUCER} a string, the version now reads a string (date-time)"],
    ),
    "a whole number where it was any": (
        {"amount": (float, REQUIRED)},
        {"amount": (int, REQUIRED)},
        [f"Said.amount: {A_PRODUCER} a number, the version now reads an integer"],
    ),
    "null no more": (
        {"coupon": (str | None, None)},
        {"coupon": (str, "")},
        [f"Said.coupon: {A_PRODUCER} null, the version now reads a string"],
    ),
    "required where it could be left out": (
        {"coupon": (str, "")},
        {"coupon": (str, REQUIRED)},
        [f"Said.coupon: {A_PRODUCER} messages without it, the version now reads only messages with it"],
    ),
    "fewer items": (
        {"resources": (More, REQUIRED)},
        {"resources": (Few, REQUIRED)},
        [f"Said.resources: {A_PRODUCER} up to 4 items, the version now reads at most 3 items"],
    ),
    "an empty list no more": (
        {"resources": (list[int], REQUIRED)},
        {"resources": (Some, REQUIRED)},
        [f"Said.resources: {A_PRODUCER} as few as 0 items, the version now reads at least 1 items"],
    ),
    "other items": (
        {"resources": (list[int], REQUIRED)},
        {"resources": (list[str], REQUIRED)},
        [f"Said.resources[]: {A_PRODUCER} an integer, the version now reads a string"],
    ),
    "another type inside a model": (
        {"credit": (Wallet, REQUIRED)},
        {"credit": (WalletInText, REQUIRED)},
        [f"Said.credit.total: {A_PRODUCER} an integer, the version now reads a string"],
    ),
    "a required field more inside an optional model in a list": (
        {"wallets": (list[WalletWithoutTotal | None], REQUIRED)},
        {"wallets": (list[Wallet | None], REQUIRED)},
        [
            f"Said.wallets[].total: {A_PRODUCER} messages without it, the version now reads only messages with it"
        ],
    ),
    "other values in a map": (
        {"by_product": (dict[str, int], REQUIRED)},
        {"by_product": (dict[str, str], REQUIRED)},
        [f"Said.by_product{{}}: {A_PRODUCER} an integer, the version now reads a string"],
    ),
    "a model where there was a map": (
        {"credit": (dict[str, int], REQUIRED)},
        {"credit": (Wallet, REQUIRED)},
        [f"Said.credit.total: {A_PRODUCER} messages without it, the version now reads only messages with it"],
    ),
    "a keyword that is not understood": (
        {"credit": (Wallet, REQUIRED)},
        {"credit": (Annotated[int | str, Field(json_schema_extra={"not": {"const": 0}})], REQUIRED)},
        ["Said.credit: cannot be shown compatible: `not` is not understood"],
    ),
}

REFUSED_EVENTS = {
    "a required field less": (
        {"amount": (int, REQUIRED)},
        {},
        [f"Said.amount: {A_CONSUMER} only messages with it, the version now writes messages without it"],
    ),
    "a required field more": (
        {},
        {"amount": (int, REQUIRED)},
        [f"Said.amount: {A_PRODUCER} messages without it, the version now reads only messages with it"],
    ),
    "another type": (
        {"amount": (int, REQUIRED)},
        {"amount": (str, REQUIRED)},
        [
            f"Said.amount: {A_PRODUCER} an integer, the version now reads a string",
            f"Said.amount: {A_CONSUMER} an integer, the version now writes a string",
        ],
    ),
    "one choice more": (
        {"mode": (Literal["prepaid"], REQUIRED)},
        {"mode": (Literal["prepaid", "postpaid"], REQUIRED)},
        [f'Said.mode: {A_CONSUMER} "prepaid", the version now writes "postpaid"'],
    ),
    "one choice less": (
        {"mode": (Literal["prepaid", "postpaid"], REQUIRED)},
        {"mode": (Literal["prepaid"], REQUIRED)},
        [f'Said.mode: {A_PRODUCER} "postpaid", the version now reads "prepaid"'],
    ),
    "left out where it was required": (
        {"amount": (int, REQUIRED)},
        {"amount": (int, 0)},
        [f"Said.amount: {A_CONSUMER} only messages with it, the version now writes messages without it"],
    ),
    "required where it could be left out": (
        {"amount": (int, 0)},
        {"amount": (int, REQUIRED)},
        [f"Said.amount: {A_PRODUCER} messages without it, the version now reads only messages with it"],
    ),
    "null where there was always a value": (
        {"amount": (int, REQUIRED)},
        {"amount": (int | None, REQUIRED)},
        [f"Said.amount: {A_CONSUMER} an integer, the version now writes null"],
    ),
    "a wider bound": (
        {"amount": (Positive, REQUIRED)},
        {"amount": (AnyWhole, REQUIRED)},
        [f"Said.amount: {A_CONSUMER} an integer from 1, the version now writes an integer from 0"],
    ),
    "no pattern any more": (
        {"code": (Lower, REQUIRED)},
        {"code": (str, REQUIRED)},
        [f"Said.code: {A_CONSUMER} a string like ^[a-z]+$, the version now writes a string"],
    ),
    "another format": (
        {"until": (Instant, REQUIRED)},
        {"until": (str, REQUIRED)},
        [f"Said.until: {A_CONSUMER} a string (date-time), the version now writes a string"],
    ),
    "more items": (
        {"resources": (Few, REQUIRED)},
        {"resources": (list[int], REQUIRED)},
        [f"Said.resources: {A_CONSUMER} at most 3 items, the version now writes any number of items"],
    ),
    "a field less inside a model": (
        {"credit": (Wallet, REQUIRED)},
        {"credit": (WalletWithoutTotal, REQUIRED)},
        [
            f"Said.credit.total: {A_CONSUMER} only messages with it, the version now writes messages without it"
        ],
    ),
    "a model that may be null": (
        {"credit": (Wallet, REQUIRED)},
        {"credit": (Wallet | None, REQUIRED)},
        [f"Said.credit: {A_CONSUMER} an object, the version now writes null"],
    ),
}

HARMLESS_COMMANDS: dict[str, tuple[Fields, Fields]] = {
    "an optional field more": ({}, {"coupon": (str | None, None)}),
    "an optional field with a default more": ({}, {"auto_renew": (bool, False)}),
    "a field less": ({"coupon": (str, REQUIRED)}, {}),
    "left out where it was required": ({"coupon": (str, REQUIRED)}, {"coupon": (str, "")}),
    "one choice more": (
        {"pay": (Literal["credit"], REQUIRED)},
        {"pay": (Literal["credit", "none"], REQUIRED)},
    ),
    "a string where there was a choice": ({"pay": (Literal["credit"], REQUIRED)}, {"pay": (str, REQUIRED)}),
    "a wider bound": ({"amount": (Positive, REQUIRED)}, {"amount": (AnyWhole, REQUIRED)}),
    "an integer becomes any number": ({"amount": (int, REQUIRED)}, {"amount": (float, REQUIRED)}),
    "null as well": ({"coupon": (str, REQUIRED)}, {"coupon": (str | None, REQUIRED)}),
    "no pattern any more": ({"code": (Lower, REQUIRED)}, {"code": (str, REQUIRED)}),
    "an optional field more inside a model": (
        {"credit": (Wallet, REQUIRED)},
        {"credit": (WalletWithDebt, REQUIRED)},
    ),
    "a map where there was a model": ({"credit": (Wallet, REQUIRED)}, {"credit": (dict[str, int], REQUIRED)}),
}

HARMLESS_EVENTS = {
    "nothing": ({"amount": (int, REQUIRED)}, {"amount": (int, REQUIRED)}),
    "an optional field more": ({}, {"note": (str | None, None)}),
    "an optional field less": ({"note": (str | None, None)}, {}),
    "another description": (
        {"amount": (int, Field(description="What was added."))},
        {"amount": (int, Field(description="What was added, in VND.", examples=[1]))},
    ),
    "another default": ({"note": (str, "")}, {"note": (str, "none")}),
    "an optional field more inside a model": (
        {"credit": (Wallet, REQUIRED)},
        {"credit": (WalletWithDebt, REQUIRED)},
    ),
}


@pytest.mark.parametrize(("old", "new", "why"), REFUSED_COMMANDS.values(), ids=REFUSED_COMMANDS)
def test_a_command_is_refused_when_an_older_producer_is_no_longer_read(
    old: Fields, new: Fields, why: list[str]
) -> None:
    assert changed(Command, old, new) == why


@pytest.mark.parametrize("base", [Event, State])
@pytest.mark.parametrize(("old", "new", "why"), REFUSED_EVENTS.values(), ids=REFUSED_EVENTS)
def test_an_event_and_a_state_are_refused_when_either_side_breaks(
    base: type[Message], old: Fields, new: Fields, why: list[str]
) -> None:
    assert changed(base, old, new) == why


@pytest.mark.parametrize(("old", "new"), HARMLESS_COMMANDS.values(), ids=HARMLESS_COMMANDS)
def test_a_harmless_change_of_a_command_passes(old: Fields, new: Fields) -> None:
    assert changed(Command, old, new) == []


@pytest.mark.parametrize("base", [Event, State, Command])
@pytest.mark.parametrize(("old", "new"), HARMLESS_EVENTS.values(), ids=HARMLESS_EVENTS)
def test_a_harmless_change_of_an_event_passes_for_every_kind(
    base: type[Message], old: Fields, new: Fields
) -> None:
    assert changed(base, old, new) == []


def test_what_is_harmless_in_a_command_breaks_the_older_consumers_of_an_event() -> None:
    harmless_there_too = {"an optional field more", "an optional field with a default more"}
    harmless_there_too |= {"an optional field more inside a model"}
    for name, (old, new) in HARMLESS_COMMANDS.items():
        assert (changed(Event, old, new) == []) == (name in harmless_there_too), name


def test_a_message_that_is_gone_is_refused() -> None:
    old = contracts_of([message(Event, {})])
    [found] = breaks({}, {"1": old})
    assert str(found) == "Said: published in version 1, gone now: who still sends or reads it is cut off"
    assert (found.type, found.version) == ("billing.hold.Said.v1", "1")


def test_another_key_is_refused() -> None:
    fields = {"resource": (str, REQUIRED)}
    why = broken(message(Event, fields), message(Event, fields, key="resource"))
    assert why == [
        "Said: keyed by account in version 1, by resource now: what was said in order no longer is"
    ]


def test_a_public_command_made_private_is_refused_and_the_other_way_round_passes() -> None:
    public, private = message(Command, {}, public=True), message(Command, {})
    assert broken(public, private) == [
        "Said: public in version 1, private now: a portal may no longer send it"
    ]
    assert broken(private, public) == []


def test_another_kind_is_refused_with_the_topic_it_leaves() -> None:
    assert broken(message(Event, {}), message(State, {})) == [
        "Said: an event in version 1, a state now",
        "Said: on topic billing.hold.events.v1 in version 1, on billing.hold.state.v1 now: "
        "who reads the old one hears no more of it",
    ]


def test_a_message_more_passes() -> None:
    said, more = message(Event, {}), message(Event, {}, name="SaidToo")
    assert breaks(contracts_of([said, more]), {"1": contracts_of([said])}) == ()


def test_every_published_version_counts_not_only_the_last() -> None:
    first, second = message(Event, {"note": (int, 0)}), message(Event, {})
    third = message(Event, {"note": (str, "")})
    published = {"1": contracts_of([first]), "2": contracts_of([second])}
    assert broken(second, third) == []
    assert [found.version for found in breaks(contracts_of([third]), published)] == ["1", "1"]


def test_every_message_of_the_registry_is_understood_and_compatible_with_itself() -> None:
    now = contracts_of(REGISTRY)
    assert breaks(now, {"1": now}) == ()


@pytest.mark.parametrize("message", list(REGISTRY), ids=lambda message: message.type)
def test_each_field_of_the_registry_counts(message: type[Message]) -> None:
    """Each field, given a type that nobody uses, is seen: no part of a real message escapes the comparison."""
    old = contract_of(message)
    for name in old.message_schema["properties"]:
        other = {**old.message_schema["properties"], name: {"type": "array", "items": {"type": "boolean"}}}
        new = Contract(**old.model_dump() | {"message_schema": old.message_schema | {"properties": other}})
        wheres = {found.where for found in breaks({new.type: new}, {"1": {old.type: old}})}
        # In a list it is the items that no longer fit.
        assert {where.split("[]")[0] for where in wheres} == {f"{old.name}.{name}"}
