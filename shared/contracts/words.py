"""Shapes in words: what a field holds, said to a person."""

from __future__ import annotations

import json

from shared.contracts.shapes import (
    Anything,
    Either,
    Fields,
    Items,
    Limit,
    Number,
    Ref,
    Shape,
    Text,
    Unclear,
    Values,
)


def described(shape: Shape, *, exactly: bool = False) -> str:
    """The shape in a few words; `exactly`: with its bounds, lengths and pattern."""
    match shape:
        case Number():
            words = _number(shape, exactly=exactly)
        case Text():
            words = _text(shape, exactly=exactly)
        case Values(values):
            words = _values(values)
        case Either(options):
            words = " or ".join(described(option, exactly=exactly) for option in options)
        case Items():
            words = _items(shape)
        case Fields(rest=rest):
            words = "an object" if rest is None or rest == Anything() else f"a map to {described(rest)}"
        case Ref(name):
            words = name
        case Anything():
            words = "anything"
        case Unclear(what):
            words = f"something unclear ({what})"
    return words


def _values(values: tuple[object, ...]) -> str:
    if values == (False, True) and all(isinstance(value, bool) for value in values):
        return "true or false"
    words = [json.dumps(value, ensure_ascii=False) for value in values]
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


def _number(shape: Number, *, exactly: bool) -> str:
    name = "an integer" if shape.whole else "a number"
    if not exactly:
        return name
    parts = [name, _end(shape.low, "from", "above"), _end(shape.high, "to", "below")]
    return " ".join(part for part in parts if part)


def _end(limit: Limit | None, inclusive: str, exclusive: str) -> str:
    return f"{inclusive if limit.inclusive else exclusive} {limit.value}" if limit else ""


def _text(shape: Text, *, exactly: bool) -> str:
    name = f"a string ({shape.format})" if shape.format else "a string"
    return " ".join([name, *_details(shape)]) if exactly else name


def _details(shape: Text) -> list[str]:
    most = f" to {shape.longest}" if shape.longest is not None else " or more"
    length = [f"of {shape.shortest}{most} characters"] if shape.shortest or shape.longest is not None else []
    return length + ([f"like {shape.pattern}"] if shape.pattern else [])


def _items(shape: Items) -> str:
    if shape.first:
        return f"a list of {', '.join(described(item) for item in shape.first)}"
    return (
        "a list" if shape.rest is None or shape.rest == Anything() else f"a list of {described(shape.rest)}"
    )
