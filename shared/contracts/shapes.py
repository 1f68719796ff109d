"""JSON Schemas as shapes: the part of JSON Schema that pydantic writes for our messages, read into a few types.

Whatever lies outside that part becomes `Unclear`, which nobody can be shown to read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]
Scalar = str | int | float | bool | None

_DEFS: Final = "#/$defs/"
_ANNOTATIONS: Final = frozenset(
    ("title", "description", "default", "examples", "deprecated", "$id", "$schema", "$comment", "$defs")
)


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A schema we do not understand."""

    what: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A named shape of the same document, looked up when it is needed: shapes may contain themselves."""

    name: str


@dataclass(frozen=True, slots=True)
class Values:
    """One of these values: an enum, a constant, true or false, null."""

    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """An end of a range of numbers; the number itself belongs to the range where `inclusive`."""

    value: float
    inclusive: bool = True


@dataclass(frozen=True, slots=True)
class Number:
    """A number, or only whole ones."""

    whole: bool
    low: Limit | None = None
    high: Limit | None = None
    step: int | float | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    shortest: int = 0
    longest: int | None = None
    pattern: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list: its first items each of a shape of its own, then any number of `rest` (None: no more)."""

    first: tuple[Shape, ...] = ()
    rest: Shape | None = Anything()
    fewest: int = 0
    most: int | None = None
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """An object: its known fields, and the shape of any other one (None: there is no other)."""

    known: tuple[tuple[str, Shape], ...] = ()
    required: frozenset[str] = frozenset()
    rest: Shape | None = Anything()
    names: Shape = Anything()
    fewest: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Either:
    """Any of these shapes."""

    options: tuple[Shape, ...]


Shape = Anything | Unclear | Ref | Values | Number | Text | Items | Fields | Either
_Reader = Callable[[Schema], Shape]


@dataclass(frozen=True, slots=True)
class Document:
    """A schema as a shape, with the named shapes it refers to."""

    root: Shape
    named: Mapping[str, Shape]

    def resolved(self, shape: Shape) -> Shape:
        """The shape a reference stands for; any other shape as it is."""
        seen: set[str] = set()
        while isinstance(shape, Ref):
            if shape.name in seen or shape.name not in self.named:
                return Unclear(f"the reference {_DEFS}{shape.name}")
            seen.add(shape.name)
            shape = self.named[shape.name]
        return shape


def read(schema: Schema, *, closed: bool) -> Document:
    """A schema as a document of shapes. `closed`: objects carry their named fields only, as a writer's do."""
    reading = _Reading(closed)
    named = {name: reading.shape(part) for name, part in schema.get("$defs", {}).items()}
    return Document(reading.shape(schema), named)


@dataclass(frozen=True, slots=True)
class _Reading:
    closed: bool

    def shape(self, schema: Schema | bool) -> Shape:
        if isinstance(schema, bool):
            return Anything() if schema else Unclear("`false`")
        keys = schema.keys() - _ANNOTATIONS
        for keyword, allowed, reads in self._forms():
            if keyword in keys:
                strange = sorted(keys - allowed)
                return Unclear(_quoted(strange)) if strange else reads(schema)
        return self._typed(schema, keys) if keys else Anything()

    def _forms(self) -> tuple[tuple[str, frozenset[str], _Reader], ...]:
        return (
            ("$ref", frozenset(("$ref",)), _reference),
            ("anyOf", frozenset(("anyOf",)), self._either),
            ("enum", frozenset(("enum", "type")), lambda schema: _values(schema["enum"], schema)),
            ("const", frozenset(("const", "type")), lambda schema: _values([schema["const"]], schema)),
        )

    def _typed(self, schema: Schema, keys: set[str]) -> Shape:
        kind = schema.get("type")
        if not isinstance(kind, str) or kind not in self._types():
            return Unclear(_quoted(sorted(keys)))
        allowed, reads = self._types()[kind]
        strange = sorted(keys - allowed - {"type"})
        return Unclear(_quoted(strange)) if strange else reads(schema)

    def _types(self) -> dict[str, tuple[frozenset[str], _Reader]]:
        return {
            "null": (_NO_KEYWORDS, lambda _: Values((None,))),
            "boolean": (_NO_KEYWORDS, lambda _: Values((False, True))),
            "integer": (_OF_NUMBERS, _number),
            "number": (_OF_NUMBERS, _number),
            "string": (_OF_STRINGS, _text),
            "array": (_OF_ARRAYS, self._items),
            "object": (_OF_OBJECTS, self._fields),
        }

    def _either(self, schema: Schema) -> Shape:
        return Either(tuple(self.shape(option) for option in schema["anyOf"]))

    def _items(self, schema: Schema) -> Shape:
        rest = schema.get("items", True)
        return Items(
            first=tuple(self.shape(item) for item in schema.get("prefixItems", ())),
            rest=None if rest is False else self.shape(rest),
            fewest=schema.get("minItems", 0),
            most=schema.get("maxItems"),
            distinct=schema.get("uniqueItems", False),
        )

    def _fields(self, schema: Schema) -> Shape:
        # A model names its fields and says nothing of others: its writer has none. A map says what it holds.
        others = schema.get("additionalProperties", not (self.closed and "properties" in schema))
        return Fields(
            known=tuple((name, self.shape(part)) for name, part in schema.get("properties", {}).items()),
            required=frozenset(schema.get("required", ())),
            rest=None if others is False else self.shape(others),
            names=self.shape(schema.get("propertyNames", True)),
            fewest=schema.get("minProperties", 0),
            most=schema.get("maxProperties"),
        )


_NO_KEYWORDS: Final = frozenset[str]()
_OF_NUMBERS: Final = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
_OF_STRINGS: Final = frozenset(("minLength", "maxLength", "pattern", "format"))
_OF_ARRAYS: Final = frozenset(("items", "prefixItems", "minItems", "maxItems", "uniqueItems"))
_OF_OBJECTS: Final = frozenset(
    ("properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties")
)


def _quoted(keywords: list[str]) -> str:
    return ", ".join(f"`{keyword}`" for keyword in keywords)


def _reference(schema: Schema) -> Shape:
    target = str(schema["$ref"])
    return Ref(target.removeprefix(_DEFS)) if target.startswith(_DEFS) else Unclear(f"the reference {target}")


def _values(values: list[Any], schema: Schema) -> Shape:
    kind = schema.get("type")
    for value in values:
        if kind_of(value) is None or (kind is not None and not _is_a(value, kind)):
            return Unclear(f"the value {value!r}")
    return Values(tuple(values))


def kind_of(value: object) -> str | None:
    """The JSON type of a value that is neither list nor object."""
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
    return next((kind for type_, kind in kinds if isinstance(value, type_)), None)


def _is_a(value: object, kind: object) -> bool:
    return kind_of(value) == kind or (kind == "number" and kind_of(value) == "integer")


def _number(schema: Schema) -> Shape:
    whole = schema["type"] == "integer"
    lows = _limits(schema, "minimum", "exclusiveMinimum")
    highs = _limits(schema, "maximum", "exclusiveMaximum")
    low = max(lows, key=lambda limit: (limit.value, not limit.inclusive), default=None)
    high = min(highs, key=lambda limit: (limit.value, limit.inclusive), default=None)
    if whole:
        low, high = low and _next_whole(low, upwards=True), high and _next_whole(high, upwards=False)
    return Number(whole, low, high, schema.get("multipleOf"))


def _limits(schema: Schema, inclusive: str, exclusive: str) -> list[Limit]:
    words = ((inclusive, True), (exclusive, False))
    return [Limit(schema[word], inclusive=belongs) for word, belongs in words if word in schema]


def _next_whole(limit: Limit, *, upwards: bool) -> Limit:
    """The same end among whole numbers: above 0 is from 1 on."""
    nearest = math.ceil(limit.value) if upwards else math.floor(limit.value)
    if nearest == limit.value and not limit.inclusive:
        nearest += 1 if upwards else -1
    return Limit(nearest)


def _text(schema: Schema) -> Shape:
    return Text(
        schema.get("minLength", 0), schema.get("maxLength"), schema.get("pattern"), schema.get("format")
    )
