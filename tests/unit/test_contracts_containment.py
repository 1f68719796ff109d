"""Containment of schemas, part by part: what is contained passes, what is not is named, what is unclear never passes."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.containment import Doubt, Gap, findings

Schema = dict[str, Any]

INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
STRING: Schema = {"type": "string"}
NULL: Schema = {"type": "null"}
BOOLEAN: Schema = {"type": "boolean"}

# A writer on the left, a reader on the right that reads all of it.
CONTAINED: list[tuple[Schema, Schema]] = [
    (STRING, {}),
    ({}, {}),
    (INTEGER, NUMBER),
    ({"const": 3}, INTEGER),
    ({"const": 3}, {"type": "number", "minimum": 3, "maximum": 3, "multipleOf": 3}),
    ({"enum": ["ab", "b"]}, {"type": "string", "minLength": 1, "maxLength": 2, "pattern": "^[ab]+$"}),
    ({"enum": [True, False]}, BOOLEAN),
    (BOOLEAN, {"enum": [True, False, None]}),
    ({"enum": ["a", 1]}, {"anyOf": [STRING, INTEGER]}),
    ({"anyOf": [STRING, NULL]}, {"anyOf": [NULL, INTEGER, STRING]}),
    ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
    ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}),
    ({"type": "integer", "minimum": 1}, {"type": "number", "exclusiveMinimum": 0}),
    ({"type": "number", "exclusiveMaximum": 2}, {"type": "number", "maximum": 2}),
    ({"type": "integer", "multipleOf": 6}, {"type": "integer", "multipleOf": 3}),
    ({"type": "string", "format": "date-time"}, STRING),
    ({"type": "array", "items": INTEGER, "maxItems": 2}, {"type": "array", "items": NUMBER, "maxItems": 3}),
    (
        {"type": "array", "prefixItems": [INTEGER], "minItems": 1, "maxItems": 1},
        {"type": "array", "items": INTEGER},
    ),
    ({"type": "array", "uniqueItems": True}, {"type": "array"}),
    ({"type": "array", "maxItems": 1}, {"type": "array", "uniqueItems": True}),
    ({"type": "object", "properties": {"a": INTEGER}}, {"type": "object", "properties": {}}),
    ({"type": "object", "properties": {"a": INTEGER}}, {"type": "object", "additionalProperties": INTEGER}),
    (
        {"type": "object", "properties": {"ab": INTEGER}},
        {
            "type": "object",
            "additionalProperties": INTEGER,
            "propertyNames": {"pattern": "^a", "type": "string"},
        },
    ),
    (
        {"type": "object", "properties": {"a": INTEGER}, "required": ["a"]},
        {"type": "object", "additionalProperties": INTEGER, "minProperties": 1, "maxProperties": 1},
    ),
]

# A writer on the left, a reader on the right that does not read all of it, and where.
NOT_CONTAINED: list[tuple[Schema, Schema, str]] = [
    ({}, STRING, ""),
    (NUMBER, INTEGER, ""),
    ({"const": 1.5}, INTEGER, ""),
    ({"const": True}, INTEGER, ""),
    ({"const": 1}, BOOLEAN, ""),
    ({"const": 1}, {"const": True}, ""),
    (BOOLEAN, {"const": True}, ""),
    ({"const": 4}, {"type": "integer", "multipleOf": 3}, ""),
    ({"const": 4}, {"type": "integer", "maximum": 3}, ""),
    ({"const": "abc"}, {"type": "string", "maxLength": 2}, ""),
    ({"const": ""}, {"type": "string", "minLength": 1}, ""),
    ({"const": "b"}, {"type": "string", "pattern": "^a"}, ""),
    ({"const": "a\n"}, {"type": "string", "pattern": "^a$"}, ""),
    ({"const": "a"}, {"type": "string", "pattern": "\\p{Lu}("}, ""),
    ({"const": "2026-03-06T02:00:00Z"}, {"type": "string", "format": "date-time"}, ""),
    (STRING, {"anyOf": [INTEGER, NULL]}, ""),
    ({"anyOf": [STRING, NULL]}, STRING, ""),
    ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 2}, ""),
    ({"type": "integer", "maximum": 2}, {"type": "integer", "exclusiveMaximum": 2}, ""),
    ({"type": "number", "minimum": 0}, {"type": "number", "exclusiveMinimum": 0}, ""),
    (INTEGER, {"type": "integer", "multipleOf": 3}, ""),
    ({"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 6}, ""),
    ({"type": "string", "minLength": 1}, {"type": "string", "minLength": 2}, ""),
    (STRING, {"type": "string", "maxLength": 2}, ""),
    ({"type": "array"}, {"type": "array", "items": INTEGER}, "[]"),
    ({"type": "array"}, {"type": "array", "uniqueItems": True}, ""),
    (
        {"type": "array", "prefixItems": [INTEGER, STRING], "maxItems": 2},
        {"type": "array", "prefixItems": [INTEGER, INTEGER], "maxItems": 2},
        "[1]",
    ),
    ({"type": "array", "items": INTEGER}, {"type": "array", "prefixItems": [STRING]}, "[0]"),
    ({"type": "array", "maxItems": 1}, {"type": "array", "items": False}, "[]"),
    ({"type": "object"}, {"type": "object", "properties": {"a": INTEGER}}, ".a"),
    (
        {"type": "object", "properties": {"a": INTEGER}},
        {"type": "object", "properties": {}, "additionalProperties": False},
        ".a",
    ),
    (
        {"type": "object", "properties": {"a": INTEGER}},
        {"type": "object", "additionalProperties": STRING},
        ".a",
    ),
    (
        {"type": "object", "additionalProperties": INTEGER},
        {"type": "object", "additionalProperties": STRING},
        "{}",
    ),
    (
        {"type": "object", "additionalProperties": INTEGER},
        {
            "type": "object",
            "additionalProperties": INTEGER,
            "propertyNames": {"type": "string", "minLength": 1},
        },
        " (names of fields)",
    ),
    (
        {"type": "object", "properties": {"a": INTEGER}},
        {"type": "object", "minProperties": 1},
        "",
    ),
]

UNCLEAR: list[tuple[Schema, str]] = [
    ({"not": STRING}, "`not`"),
    ({"oneOf": [STRING, INTEGER]}, "`oneOf`"),
    ({"allOf": [STRING]}, "`allOf`"),
    ({"type": ["string", "null"]}, "`type`"),
    ({"type": "string", "contentEncoding": "base64"}, "`contentEncoding`"),
    ({"type": "object", "patternProperties": {"^a": STRING}}, "`patternProperties`"),
    ({"type": "object", "dependentRequired": {"a": ["b"]}}, "`dependentRequired`"),
    ({"type": "array", "contains": STRING}, "`contains`"),
    ({"$ref": "#/$defs/Gone"}, "the reference #/$defs/Gone"),
    ({"$ref": "elsewhere.json"}, "the reference elsewhere.json"),
    ({"$ref": "#/$defs/Ring", "$defs": {"Ring": {"$ref": "#/$defs/Ring"}}}, "the reference #/$defs/Ring"),
    ({"$ref": "#/$defs/A", "minLength": 1, "$defs": {"A": STRING}}, "`minLength`"),
    ({"anyOf": [STRING], "minLength": 1}, "`minLength`"),
    ({"enum": [["a"]]}, "the value ['a']"),
    ({"enum": ["a"], "type": "integer"}, "the value 'a'"),
    ({"minimum": 1}, "`minimum`"),
    ({"type": "thing"}, "`type`"),
    ({"type": "string", "x-unit": "VND"}, "`x-unit`"),
]


@pytest.mark.parametrize(("writer", "reader"), CONTAINED)
def test_what_is_contained_passes(writer: Schema, reader: Schema) -> None:
    assert findings(writer, reader) == ()


@pytest.mark.parametrize(("writer", "reader", "path"), NOT_CONTAINED)
def test_what_is_not_contained_is_found_at_its_place(writer: Schema, reader: Schema, path: str) -> None:
    [found] = findings(writer, reader)
    assert isinstance(found, Gap)
    assert found.path == path


@pytest.mark.parametrize("side", ["writer", "reader"])
@pytest.mark.parametrize(("schema", "what"), UNCLEAR)
def test_what_is_not_understood_never_passes_on_either_side(schema: Schema, what: str, side: str) -> None:
    definitions = schema.get("$defs", {})
    unclear = {"type": "object", "properties": {"a": schema}, "$defs": definitions}
    clear = {"type": "object", "properties": {"a": STRING}}
    found = findings(unclear, clear) if side == "writer" else findings(clear, unclear)
    assert found == (Doubt(".a", what),)
    assert findings(unclear, unclear) == (Doubt(".a", what),)


def test_false_is_unclear_as_the_schema_of_a_field() -> None:
    assert findings({"type": "object", "properties": {"a": False}}, {}) == ()
    never = {"type": "object", "properties": {"a": False}}
    assert findings(never, never) == (Doubt(".a", "`false`"),)


def chain(value: Schema) -> Schema:
    """A model that contains itself, as a field that may be null and in a list."""
    link = {
        "type": "object",
        "properties": {
            "value": value,
            "next": {"anyOf": [{"$ref": "#/$defs/Link"}, NULL]},
            "others": {"type": "array", "items": {"$ref": "#/$defs/Link"}},
        },
        "required": ["value"],
    }
    return {"$ref": "#/$defs/Link", "$defs": {"Link": link}}


def test_a_shape_that_contains_itself_is_compared_to_its_end() -> None:
    assert findings(chain(INTEGER), chain(NUMBER)) == ()


def test_a_difference_inside_a_shape_that_contains_itself_is_found() -> None:
    assert findings(chain(NUMBER), chain(INTEGER)) == (Gap(".value", "a number", "an integer"),)


def test_a_shape_that_contains_itself_may_grow_a_choice_of_itself() -> None:
    inside = {"anyOf": [chain(INTEGER) | {"$defs": {}}, NULL]}
    assert findings(chain(INTEGER), inside | {"$defs": chain(NUMBER)["$defs"]}) == ()
    assert findings(inside | {"$defs": chain(INTEGER)["$defs"]}, chain(INTEGER)) == (
        Gap("", "null", "an object"),
    )


def test_an_attempt_that_failed_is_not_taken_for_one_that_held() -> None:
    """The first choice does not fit and the second does; what failed inside the first must fail again later."""
    shared = {"Part": {"type": "object", "properties": {"v": NUMBER}, "required": ["v"]}}
    narrow = {"Part": {"type": "object", "properties": {"v": INTEGER}, "required": ["v"]}}
    part = {"$ref": "#/$defs/Part"}
    writer = {"type": "object", "properties": {"a": part, "b": part}, "$defs": shared}
    reader = {
        "type": "object",
        "properties": {"a": {"anyOf": [part, {"type": "object"}]}, "b": part},
        "$defs": narrow,
    }
    assert findings(writer, reader) == (Gap(".b.v", "a number", "an integer"),)
