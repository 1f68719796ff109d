"""The command of a step: its name and its data checked against the message's model, every fault with its line.

Where the message wants an instant, the file says a local time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import orjson
from pydantic import AwareDatetime, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from deploy.simulate.document import Fault, Listed, Mapped, Node, Scalar, shown
from deploy.simulate.fields import is_null, near, plain, what
from deploy.simulate.local import HOW, read_instant
from shared.contracts.cloudevents import timestamp
from shared.contracts.message import Message
from shared.contracts.registry import REGISTRY

_EXPECTED: Final[Mapping[str, str]] = {
    "int_type": "a whole number", "int_from_float": "a whole number", "string_type": "a text",
    "bool_type": "true or false", "list_type": "a list", "model_type": "a mapping", "model_attributes_type": "a mapping",
    "string_pattern_mismatch": "an id or name (letters, digits and . _ : -)",
}  # fmt: skip


@cache
def public_commands() -> Mapping[str, type[Message]]:
    """What a scenario may ask, by name."""
    asked = [message for message in REGISTRY if message.form == "command" and message.public]
    return {message.__name__: message for message in sorted(asked, key=lambda message: message.type)}


def command_named(node: Node) -> type[Message]:
    """The public command of that name."""
    known = public_commands()
    if isinstance(node, Scalar) and node.text in known:
        return known[node.text]
    if isinstance(node, Scalar):
        raise Fault(node.line, f"send: there is no command {shown(node.text)}; {near(node.text, known)}")
    raise Fault(node.line, f"send: the name of a command was expected, not {what(node)}")


def message_from(model: type[Message], data: Node) -> Message:
    """The message with that data; the first fault in it with its line."""
    if not isinstance(data, Mapped):
        raise Fault(data.line, f"data: the fields of {model.__name__} were expected, not {what(data)}")
    try:
        return model.model_validate_json(orjson.dumps(_translated(data, model, model.__name__)))
    except ValidationError as error:
        raise _fault(model, data, error) from None


def _translated(node: Node, model: object, where: str) -> Any:
    """The data with its local times as instants; unknown names are faults, as nobody would miss them."""
    if isinstance(node, Mapped) and isinstance(model, type) and issubclass(model, BaseModel):
        fields = _fields(model)
        return {name: _field(node, name, fields, where) for name in node.pairs}
    if isinstance(node, Listed):
        inner = _inner_of_list(model)
        return [_translated(item, inner, where) for item in node.items]
    if model in (datetime, AwareDatetime) and isinstance(node, Scalar) and not is_null(node):
        if (found := read_instant(node.text)) is None:
            raise Fault(node.line, f"{where}: {HOW} was expected, not {what(node)}")
        return timestamp(found)
    if model is str and isinstance(node, Scalar) and not is_null(node):
        # A reference of digits only is a text all the same.
        return node.text
    return plain(node)


def _field(node: Mapped, name: str, fields: Mapping[str, FieldInfo], where: str) -> Any:
    if name not in fields:
        raise Fault(node.lines[name], f"{where} has no {shown(name)}; {near(name, fields)}")
    return _translated(node.pairs[name], _bare(fields[name].annotation, node.pairs[name]), f"{where}.{name}")


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    return {info.serialization_alias or name: info for name, info in model.model_fields.items()}


def _bare(annotation: object, node: Node) -> object:
    """The type without what surrounds it; of several, the one that fits what is written."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0], node)
    if get_origin(annotation) in (Union, UnionType):
        options = [one for one in get_args(annotation) if one is not type(None)]
        return _bare(options[0], node) if options else None
    return annotation


def _inner_of_list(annotation: object) -> object:
    arguments = get_args(annotation) if get_origin(annotation) in (list, tuple) else ()
    return _bare(arguments[0], Scalar(0, "")) if arguments else None


def _fault(model: type[Message], data: Mapped, error: ValidationError) -> Fault:
    fault = error.errors(include_url=False, include_context=False)[0]
    path = list(fault["loc"])
    if fault["type"] == "missing":
        node, _ = _reached(data, path[:-1])
        whole = ".".join([model.__name__, *map(str, path[:-1])])
        return Fault(node.line, f"{whole}: {shown(str(path[-1]))} is missing")
    node, line = _reached(data, path)
    name = ".".join([model.__name__, *map(str, path)])
    expected = _EXPECTED.get(fault["type"])
    found = what(node)
    return Fault(
        line,
        f"{name}: {expected} was expected, not {found}" if expected else f"{name}: {fault['msg']} ({found})",
    )


def _reached(node: Node, path: list[int | str]) -> tuple[Node, int]:
    line = node.line
    for part in path:
        if isinstance(node, Mapped) and part in node.pairs:
            line = node.lines[str(part)]
            node = node.pairs[str(part)]
        elif isinstance(node, Listed) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            line = node.line
        else:
            break
    return node, line
