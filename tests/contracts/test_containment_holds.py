"""Containment against an oracle: what the checker calls readable is read by `jsonschema`, document by document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, event, find, given, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from jsonschema import Draft202012Validator

from shared.contracts import containment
from shared.contracts.containment import findings
from shared.contracts.message import Message
from shared.contracts.registry import REGISTRY

Schema = dict[str, Any]


def _fresh(schema: Schema) -> Schema:
    """A copy that shares no part with anything, nor one part with another: it is going to be changed."""
    copied: Schema = json.loads(json.dumps(schema))
    return copied


NAMES = st.sampled_from(["a", "b", "c"])
SMALL = st.integers(-3, 3)
# No instant in UTC lies further out, whatever its offset.
EPOCHS = (datetime(1, 1, 2), datetime(9999, 12, 30))
BOUNDS = {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}
PATTERNS = ("^[a-z]+$", "^[a-z]{1,3}$", "^[0-9]*$")


def _pruned(schema: Schema) -> Schema:
    return {keyword: value for keyword, value in schema.items() if value is not None}


def _range(least: st.SearchStrategy[int], low: str, high: str) -> st.SearchStrategy[Schema]:
    ends = st.tuples(st.none() | least, st.none() | st.integers(0, 4))
    return ends.map(lambda it: _pruned({low: it[0], high: None if it[1] is None else (it[0] or 0) + it[1]}))


def _numbers() -> st.SearchStrategy[Schema]:
    bounds = st.one_of(
        _range(SMALL, "minimum", "maximum"),
        st.builds(
            lambda low, more: {"exclusiveMinimum": low, "maximum": low + more}, SMALL, st.integers(2, 5)
        ),
        st.builds(lambda high: {"exclusiveMaximum": high}, SMALL),
    )
    kinds, steps = st.sampled_from(["integer", "number"]), st.sampled_from([{}, {}, {"multipleOf": 2}])
    return st.builds(lambda kind, limits, step: {"type": kind} | limits | step, kinds, bounds, steps)


def _strings() -> st.SearchStrategy[Schema]:
    lengths = _range(st.integers(0, 2), "minLength", "maxLength")
    patterns = st.sampled_from(PATTERNS).map(lambda pattern: {"type": "string", "pattern": pattern})
    return st.one_of(lengths.map(lambda it: {"type": "string"} | it), patterns)


def _fixed() -> st.SearchStrategy[Schema]:
    values = st.sampled_from(["a", "abc", "7", 0, 2, True, False, None])
    enums = st.lists(values, min_size=1, max_size=3).map(lambda some: {"enum": some})
    return st.one_of(
        enums,
        values.map(lambda value: {"const": value}),
        st.sampled_from([{"type": "null"}, {"type": "boolean"}]),
    )


def _compound(parts: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(
        st.builds(lambda part: {"anyOf": [part, {"type": "null"}]}, parts),
        st.lists(parts, min_size=1, max_size=3).map(lambda some: {"anyOf": some}),
        st.builds(
            lambda part, size: {"type": "array", "items": part} | size,
            parts,
            _range(st.integers(0, 2), "minItems", "maxItems"),
        ),
        st.lists(parts, min_size=1, max_size=3).map(
            lambda some: {"type": "array", "prefixItems": some, "minItems": len(some), "maxItems": len(some)}
        ),
        st.builds(lambda part: {"type": "object", "additionalProperties": part}, parts),
        st.builds(_model, st.dictionaries(NAMES, parts, max_size=3), st.sets(NAMES)),
    )


def _model(properties: dict[str, Schema], required: set[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": sorted(required & properties.keys())}


SCHEMAS = st.recursive(st.one_of(_numbers(), _strings(), _fixed(), st.just({})), _compound, max_leaves=6).map(
    _fresh
)


def _places(schema: Any) -> Iterator[Schema]:
    """Every schema inside a schema, itself among them."""
    if isinstance(schema, dict):
        yield schema
        inner = [
            schema.get("items"),
            schema.get("additionalProperties"),
            *schema.get("properties", {}).values(),
        ]
        for part in [*inner, *schema.get("anyOf", []), *schema.get("prefixItems", [])]:
            yield from _places(part)


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """Two schemas that differ in a few places, in either direction: two versions of one message."""
    one: Schema = draw(SCHEMAS)
    other = _fresh(one)
    for _ in range(draw(st.integers(1, 3))):
        _change(draw, draw(st.sampled_from(list(_places(other)))))
    return (one, other) if draw(st.booleans()) else (other, one)


def _change(draw: st.DrawFn, place: Schema) -> None:
    changes = ["replace", "null too"]
    changes += ["field"] if "properties" in place else []
    changes += ["require"] if place.get("properties") else []
    changes += ["bound"] if place.keys() & BOUNDS else []
    changes += ["values"] if "enum" in place else []
    match draw(st.sampled_from(changes)):
        case "replace":
            _become(place, draw(SCHEMAS))
        case "null too":
            _become(place, {"anyOf": [dict(place), {"type": "null"}]})
        case "field":
            place["properties"][draw(NAMES)] = draw(SCHEMAS)
        case "require":
            place["required"] = sorted(draw(st.sets(st.sampled_from(sorted(place["properties"])))))
        case "bound":
            keyword = draw(st.sampled_from(sorted(place.keys() & BOUNDS)))
            moved = place[keyword] + draw(st.sampled_from([-1, 1]))
            place[keyword] = moved if keyword in ("minimum", "maximum") else max(moved, 0)
            assume(all(place.get(f"min{of}", 0) <= place.get(f"max{of}", 9) for of in ("Length", "Items")))
        case "values":
            place["enum"] = [*place["enum"], draw(st.sampled_from(["b", 1]))]


def _become(place: Schema, other: Schema) -> None:
    place.clear()
    place.update(other)


def closed(schema: Any) -> Any:
    """The schema as its writer keeps to it: an object has its own fields and no others."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {keyword: closed(value) for keyword, value in schema.items() if keyword != "properties"}
    if "properties" not in schema:
        return parts
    fields = {name: closed(part) for name, part in schema["properties"].items()}
    return {"additionalProperties": False} | parts | {"properties": fields}


def documents(schema: Schema, named: dict[str, Schema]) -> st.SearchStrategy[Any]:
    """What a writer of this schema may write. Scalars are left to hypothesis-jsonschema."""
    if "$ref" in schema:
        return documents(named[schema["$ref"].removeprefix("#/$defs/")], named)
    if "anyOf" in schema:
        return st.one_of([documents(option, named) for option in schema["anyOf"]])
    if schema.get("type") == "array":
        return _lists(schema, named)
    if schema.get("type") == "object":
        return _objects(schema, named)
    if schema.get("format") == "date-time":
        return st.datetimes(*EPOCHS, timezones=st.just(UTC)).map(datetime.isoformat)
    return from_schema({keyword: value for keyword, value in schema.items() if keyword != "default"})


def _lists(schema: Schema, named: dict[str, Schema]) -> st.SearchStrategy[Any]:
    if "prefixItems" in schema:
        return st.tuples(*(documents(item, named) for item in schema["prefixItems"])).map(list)
    items, least = documents(schema["items"], named), schema.get("minItems", 0)
    if items.is_empty:
        # Bounds were moved across each other: nobody can write such an item, nor a list that must have one.
        return st.nothing() if least else st.just([])
    return st.lists(items, min_size=least, max_size=schema.get("maxItems"))


def _objects(schema: Schema, named: dict[str, Schema]) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        values = documents(schema["additionalProperties"], named)
        return st.just({}) if values.is_empty else st.dictionaries(NAMES, values, max_size=3)
    fields = {name: documents(part, named) for name, part in schema["properties"].items()}
    required = {name: part for name, part in fields.items() if name in schema.get("required", ())}
    return st.fixed_dictionaries(required, optional={k: v for k, v in fields.items() if k not in required})


@settings(max_examples=300, print_blob=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(neighbours(), st.data())
def test_what_is_called_readable_is_read(pair: tuple[Schema, Schema], data: st.DataObject) -> None:
    writer, reader = pair
    readable = not findings(writer, reader)
    event("readable" if readable else "not readable")
    assume(readable)
    written = data.draw(documents(writer, {}).filter(Draft202012Validator(closed(writer)).is_valid))
    Draft202012Validator(reader).validate(written)


def _is_wrongly_called_readable(pair: tuple[Schema, Schema], written: Any) -> bool:
    writer, reader = pair
    if not Draft202012Validator(closed(writer)).is_valid(written) or Draft202012Validator(reader).is_valid(
        written
    ):
        return False
    return not findings(writer, reader)


@pytest.mark.parametrize("rule", ["_texts", "_numbers", "_counts", "_takes", "_part", "_any_of"])
def test_a_checker_without_one_of_its_rules_is_found_out(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pairs and documents above reach every rule: with any one missing, one of them is called readable wrongly."""
    owner = containment if hasattr(containment, rule) else containment._Comparison
    monkeypatch.setattr(owner, rule, lambda *_: rule == "_takes" or iter(()))
    written_by = neighbours().flatmap(lambda pair: st.tuples(st.just(pair), documents(pair[0], {})))
    found = find(
        written_by,
        lambda it: _is_wrongly_called_readable(*it),
        settings=settings(max_examples=20_000, database=None, phases=[Phase.generate]),
    )
    monkeypatch.undo()
    assert findings(*found[0]) != ()


@settings(print_blob=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS)
def test_every_schema_is_readable_by_itself(schema: Schema) -> None:
    assert findings(schema, schema) == ()


@pytest.mark.parametrize("message", list(REGISTRY), ids=lambda message: message.type)
def test_what_a_published_schema_allows_the_message_reads(message: type[Message]) -> None:
    schema = message.model_json_schema()
    everything = documents(schema, schema.get("$defs", {}))

    @settings(max_examples=25, print_blob=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(everything)
    def reads(written: Any) -> None:
        message.model_validate_json(json.dumps(written))

    reads()
