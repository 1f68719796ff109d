"""A command's fields as a person types them: what each must be, found by its path (`items[].kind`), and those that are
not known anywhere inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shared.contracts.message import Message
from shared.contracts.shapes import Document, Either, Fields, Items, Schema, Shape, Text, Values, read
from shared.contracts.words import described

_INSTANT: Final = "an instant with its offset from UTC, as 2026-04-30T17:00:00Z"
_DEFS: Final = "#/$defs/"


class Field(NamedTuple):
    """One field, in words."""

    path: str
    is_a: str
    required: bool
    meaning: str


class Unknown(NamedTuple):
    """A field nobody knows, and the names that are known in its place."""

    path: str
    name: str
    known: tuple[str, ...]


def fields_of(model: type[Message]) -> list[Field]:
    """Every field of the model, those inside its parts under their path."""
    schema = model.model_json_schema()
    return list(_fields(schema, schema, read(schema, closed=False), ""))


def wanted(model: type[Message], location: Sequence[int | str]) -> tuple[str, str]:
    """What stands at this place of the data must be, exactly, and what it means."""
    schema = model.model_json_schema()
    document = read(schema, closed=False)
    shape: Shape = document.root
    part: Schema = schema
    for step in location:
        shape, part = _inside(document, schema, shape, part, step)
    return _words(document, shape, exactly=True), str(part.get("description", ""))


def unknown(model: type[Message], data: Mapping[str, Any]) -> list[Unknown]:
    """Every field in the data, however deep, of which the model does not know."""
    document = read(model.model_json_schema(), closed=False)
    return list(_unknown(document, document.root, data, ""))


def path_of(location: Sequence[int | str]) -> str:
    """A place in the data as one writes it: `items[0].kind`."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return words.removeprefix(".")


def _fields(whole: Schema, schema: Schema, document: Document, prefix: str) -> Iterator[Field]:
    shape = read({**schema, "$defs": whole.get("$defs", {})}, closed=False).root
    if not isinstance(shape, Fields):
        return
    for name, inner in shape.known:
        part = schema["properties"][name]
        path, meaning = f"{prefix}{name}", str(part.get("description", ""))
        yield Field(path, _words(document, inner), name in shape.required, meaning)
        plain, plain_part = _one(document, inner), _part(whole, part)
        if isinstance(plain, Items) and plain.rest is not None:
            path, plain_part = f"{path}[]", _part(whole, plain_part.get("items", {}))
        yield from _fields(whole, plain_part, document, f"{path}.")


def _words(document: Document, shape: Shape, *, exactly: bool = False) -> str:
    plain = _one(document, shape)
    if isinstance(plain, Text) and plain.format == "date-time":
        return _INSTANT if exactly else "an instant, as 2026-04-30T17:00:00Z"
    if isinstance(plain, Items) and plain.rest is not None:
        return f"a list, each {_words(document, plain.rest, exactly=exactly)}"
    return described(plain, exactly=exactly)


def _one(document: Document, shape: Shape) -> Shape:
    """The shape itself: a reference followed, and of what may be null, what it is when it is not."""
    shape = document.resolved(shape)
    if isinstance(shape, Either):
        others = [one for one in map(document.resolved, shape.options) if one != Values((None,))]
        return others[0] if len(others) == 1 else shape
    return shape


def _part(whole: Schema, part: Schema) -> Schema:
    for option in (part, *part.get("anyOf", ()), *part.get("allOf", ())):
        if "$ref" in option:
            found: Schema = whole["$defs"][option["$ref"].removeprefix(_DEFS)]
            return found
        if "items" in option or "properties" in option:
            return dict(option)
    return part


def _inside(
    document: Document, whole: Schema, shape: Shape, part: Schema, step: int | str
) -> tuple[Shape, Schema]:
    plain, plain_part = _one(document, shape), _part(whole, part)
    if isinstance(step, int) and isinstance(plain, Items) and plain.rest is not None:
        return plain.rest, plain_part.get("items", {})
    if isinstance(plain, Fields) and step in dict(plain.known):
        return dict(plain.known)[str(step)], plain_part["properties"][step]
    return shape, part


def _unknown(document: Document, shape: Shape, data: object, path: str) -> Iterator[Unknown]:
    plain = _one(document, shape)
    if isinstance(plain, Fields) and isinstance(data, dict):
        known = dict(plain.known)
        for name, value in data.items():
            if name in known:
                yield from _unknown(document, known[name], value, f"{path}.{name}".removeprefix("."))
            else:
                yield Unknown(path, name, tuple(known))
    elif isinstance(plain, Items) and isinstance(data, list) and plain.rest is not None:
        for nr, value in enumerate(data):
            yield from _unknown(document, plain.rest, value, f"{path}[{nr}]")
