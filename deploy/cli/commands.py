"""Commands from what a person typed: found by name, their data checked field by field, every fault told as a sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from deploy.cli.fields import Unknown, path_of, unknown, wanted
from deploy.cli.say import WRONG, Trouble, plain, quoted
from shared.contracts.message import Message
from shared.contracts.provisioning import PlanOutcome
from shared.contracts.registry import REGISTRY
from shared.contracts.topics import MOST_MESSAGE_BYTES

# What no portal may ask, and a person at a terminal may: how the provider's next changes go.
REHEARSALS: Final[Mapping[str, type[Message]]] = {"PlanOutcome": PlanOutcome}

_MOST_SHOWN: Final = 60


def public_commands() -> dict[str, type[Message]]:
    """What a portal may ask, by name, service after service."""
    asked = (message for message in REGISTRY if message.form == "command" and message.public)
    return {message.__name__: message for message in sorted(asked, key=lambda message: message.service)}


def command_named(name: str) -> type[Message]:
    """The public command of that name, or one for rehearsals; `Trouble` suggests those that are near."""
    known = {**public_commands(), **REHEARSALS}
    if (found := known.get(name)) is not None:
        return found
    raise Trouble(f"there is no command {quoted(name)}{near(name, known)}", WRONG)


def near(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that says a name is not known."""
    names = list(known)
    by_lower = {one.lower(): one for one in names}
    if (same := by_lower.get(name.lower().replace("_", "").replace("-", ""))) is not None:
        return f"; did you mean {same}?"
    close = [by_lower[one] for one in get_close_matches(name.lower(), by_lower, n=3)]
    return f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(names)}"


def read_data(given: str) -> bytes:
    """The data itself, or what is in the file after an @, or on standard input for a dash."""
    if given == "-":
        return sys.stdin.buffer.read(MOST_MESSAGE_BYTES + 1)
    if given.startswith("@"):
        try:
            with Path(given[1:]).open("rb") as file:
                return file.read(MOST_MESSAGE_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Trouble(f"{plain(given[1:])} cannot be read: {reason}", WRONG) from None
    return given.encode("utf-8", "surrogateescape")


def message_from(model: type[Message], data: bytes) -> Message:
    """The message with that data; `Trouble` names every field that is not as it must be."""
    if len(data) > MOST_MESSAGE_BYTES:
        raise Trouble(f"the data has more than {MOST_MESSAGE_BYTES} bytes, the most that is read", WRONG)
    try:
        message = model.model_validate_json(data)
    except ValidationError as error:
        raise Trouble("\n".join(_sentences(model, error)), WRONG) from None
    # A consumer ignores what it does not know; who types it means something by it.
    given = json.loads(data, object_pairs_hook=_each_once)
    if strange := unknown(model, given):
        raise Trouble("\n".join(_unknown(model, one) for one in strange), WRONG)
    return message


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Readers differ in which of two they take, and one of them may be an amount.
    names = [name for name, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Trouble(f"the data says {quoted(twice)} twice", WRONG)
    return dict(pairs)


def example(model: type[Message]) -> str:
    """Its example, as data to send."""
    return json.dumps(model.example, ensure_ascii=False)


def _unknown(model: type[Message], field: Unknown) -> str:
    place = f" ({field.path})" if field.path else ""
    return f"{model.__name__}{place} has no field {quoted(field.name)}{near(field.name, field.known)}"


def _sentences(model: type[Message], error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_context=False):
        yield _sentence(model, dict(fault))


def _sentence(model: type[Message], fault: dict[str, Any]) -> str:
    where, kind = fault["loc"], fault["type"]
    if kind == "json_invalid":
        return f"the data is not JSON: {fault['msg'].removeprefix('Invalid JSON: ')}"
    if not where and kind != "value_error":
        return f"the data must be an object of fields, as {example(model)}"
    name, (is_a, meaning) = path_of(where), wanted(model, where)
    if kind == "missing":
        return f"{name} is missing. {meaning} It is {is_a}.".replace(".  ", ". ")
    if kind == "value_error":
        return f"{name or 'the data'} cannot be so: {fault['msg'].removeprefix('Value error, ')}."
    return f"{name} must be {is_a}, not {_shown(fault['input'])}."


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return plain(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}...")
