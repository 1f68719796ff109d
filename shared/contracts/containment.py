"""Containment of schemas: can the reader read everything the writer may write?

The writer is closed (exactly its fields), the reader open (other fields are ignored). What cannot be shown is
a finding, never a pass: an empty answer is a promise, a finding may be overcautious.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.contracts.shapes import (
    Anything,
    Document,
    Either,
    Fields,
    Items,
    Limit,
    Number,
    Ref,
    Scalar,
    Schema,
    Shape,
    Text,
    Unclear,
    Values,
    kind_of,
    read,
)
from shared.contracts.words import described


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the writer may write at `path` and the reader does not read."""

    path: str
    writes: str
    reads: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something at `path` that is not understood, so that nothing can be shown of it."""

    path: str
    what: str


Finding = Gap | Doubt


def findings(writer: Schema, reader: Schema) -> tuple[Finding, ...]:
    """All that keeps the reader from reading what the writer writes; empty when it reads everything."""
    comparison = _Comparison(read(writer, closed=True), read(reader, closed=False))
    return tuple(comparison.between(comparison.writer.root, comparison.reader.root, _Place()))


@dataclass(frozen=True, slots=True)
class _Place:
    path: str = ""
    # Pairs being compared further out, taken to hold: a shape that contains itself is compared once.
    assumed: frozenset[tuple[str, str | int]] = frozenset()

    def at(self, step: str) -> _Place:
        return _Place(f"{self.path}{step}", self.assumed)

    def assuming(self, pair: tuple[str, str | int]) -> _Place:
        return _Place(self.path, self.assumed | {pair})


@dataclass(frozen=True, slots=True)
class _Comparison:
    writer: Document
    reader: Document

    def between(self, writer: Shape, reader: Shape, place: _Place) -> Iterator[Finding]:
        if isinstance(writer, Ref):
            yield from self._named(writer, reader, place)
        elif isinstance(reader, Ref):
            yield from self.between(writer, self.reader.resolved(reader), place)
        else:
            yield from self._resolved(writer, reader, place)

    def _named(self, writer: Ref, reader: Shape, place: _Place) -> Iterator[Finding]:
        meant = self.writer.resolved(writer)
        pair = (writer.name, reader.name if isinstance(reader, Ref) else id(reader))
        if isinstance(reader, Either) and not isinstance(meant, Either | Values | Unclear):
            yield from self._any_of(writer, reader.options, place)
        elif pair not in place.assumed:
            yield from self.between(meant, reader, place.assuming(pair))

    def _resolved(self, writer: Shape, reader: Shape, place: _Place) -> Iterator[Finding]:
        match writer, reader:
            case (Unclear(what), _) | (_, Unclear(what)):
                yield Doubt(place.path, what)
            case _, Anything():
                return
            case Either(options), _:
                for option in options:
                    yield from self.between(option, reader, place)
            case Values(values), Either() if len(values) > 1:
                for value in values:
                    yield from self.between(Values((value,)), reader, place)
            case _, Either(options):
                yield from self._any_of(writer, options, place)
            case _:
                yield from self._alike(writer, reader, place)

    def _any_of(self, writer: Shape, options: tuple[Shape, ...], place: _Place) -> Iterator[Finding]:
        tried = [list(self.between(writer, option, place)) for option in options]
        if [] in tried:
            return
        alike = [
            found
            for option, found in zip(options, tried, strict=True)
            if type(self.reader.resolved(option)) in (type(self.writer.resolved(writer)), Unclear)
        ]
        yield from alike[0] if alike else [Gap(place.path, described(writer), described(Either(options)))]

    def _alike(self, writer: Shape, reader: Shape, place: _Place) -> Iterator[Finding]:
        match writer, reader:
            case Values(values), _:
                unread = tuple(value for value in values if not _takes(reader, value))
                if unread:
                    yield Gap(place.path, described(Values(unread)), described(reader, exactly=True))
            case Number(), Number() if writer.whole or not reader.whole:
                yield from _numbers(writer, reader, place.path)
            case Text(), Text():
                yield from _texts(writer, reader, place.path)
            case Items(), Items():
                yield from self._items(writer, reader, place)
            case Fields(), Fields():
                yield from self._fields(writer, reader, place)
            case _:
                yield Gap(place.path, described(writer), described(reader))

    def _items(self, writer: Items, reader: Items, place: _Place) -> Iterator[Finding]:
        yield from _counts(writer, reader, place.path, "items")
        if reader.distinct and not (writer.distinct or (writer.most is not None and writer.most <= 1)):
            yield Gap(place.path, "lists that may say the same twice", "lists of distinct items")
        reach = max(len(writer.first), len(reader.first)) + 1
        for position in range(reach if writer.most is None else min(reach, writer.most)):
            step = place.at("[]" if position == reach - 1 else f"[{position}]")
            yield from self._part(_item(writer, position), _item(reader, position), step)

    def _fields(self, writer: Fields, reader: Fields, place: _Place) -> Iterator[Finding]:
        yield from _counts(_counted(writer), reader, place.path, "fields")
        for name in sorted(reader.required - writer.required):
            yield Gap(_step(place, name).path, "messages without it", "only messages with it")
        theirs = dict(writer.known)
        for name, shape in writer.known:
            yield from self.between(Values((name,)), reader.names, place.at(" (names of fields)"))
            yield from self._part(shape, _field(reader, name), _step(place, name))
        for name, shape in reader.known:
            if name not in theirs and writer.rest is not None:
                yield from self.between(writer.rest, shape, _step(place, name))
        if writer.rest is not None:
            yield from self.between(writer.names, reader.names, place.at(" (names of fields)"))
            yield from self._part(writer.rest, reader.rest, place.at("{}"))

    def _part(self, writer: Shape | None, reader: Shape | None, place: _Place) -> Iterator[Finding]:
        if writer is None:
            return
        if reader is None:
            yield Gap(place.path, described(writer), "nothing there")
        else:
            yield from self.between(writer, reader, place)


def _step(place: _Place, name: str) -> _Place:
    return place.at(f".{name}")


def _item(items: Items, position: int) -> Shape | None:
    return items.first[position] if position < len(items.first) else items.rest


def _field(fields: Fields, name: str) -> Shape | None:
    return dict(fields.known).get(name, fields.rest)


def _counted(fields: Fields) -> Fields:
    """The same fields, with the bounds on their number that the fields themselves give."""
    fewest = max(fields.fewest, len(fields.required))
    most = len(fields.known) if fields.rest is None else fields.most
    return Fields(fields.known, fields.required, fields.rest, fields.names, fewest, most)


def _counts(writer: Items | Fields, reader: Items | Fields, path: str, what: str) -> Iterator[Finding]:
    if writer.fewest < reader.fewest:
        yield Gap(path, f"as few as {writer.fewest} {what}", f"at least {reader.fewest} {what}")
    if reader.most is not None and (writer.most is None or writer.most > reader.most):
        many = f"any number of {what}" if writer.most is None else f"up to {writer.most} {what}"
        yield Gap(path, many, f"at most {reader.most} {what}")


def _numbers(writer: Number, reader: Number, path: str) -> Iterator[Finding]:
    too_low = reader.low is not None and not _within(writer.low, reader.low, sign=-1)
    too_high = reader.high is not None and not _within(writer.high, reader.high, sign=1)
    if too_low or too_high:
        yield Gap(path, described(writer, exactly=True), described(reader, exactly=True))
    if reader.step is not None and not _in_steps(writer, reader.step):
        steps = "any" if writer.step is None else f"multiples of {writer.step}"
        yield Gap(path, steps, f"multiples of {reader.step}")


def _within(writer: Limit | None, reader: Limit, *, sign: int) -> bool:
    if writer is None:
        return False
    nearer = sign * writer.value < sign * reader.value
    return nearer or (writer.value == reader.value and (reader.inclusive or not writer.inclusive))


def _in_steps(writer: Number, step: int | float) -> bool:
    if writer.step == step or (writer.whole and step == 1):
        return True
    return isinstance(writer.step, int) and isinstance(step, int) and writer.step % step == 0


def _texts(writer: Text, reader: Text, path: str) -> Iterator[Finding]:
    too_short = writer.shortest < reader.shortest
    too_long = reader.longest is not None and (writer.longest is None or writer.longest > reader.longest)
    other_form = reader.format not in (None, writer.format) or reader.pattern not in (None, writer.pattern)
    if too_short or too_long or other_form:
        yield Gap(path, described(writer, exactly=True), described(reader, exactly=True))


def _takes(reader: Shape, value: Scalar) -> bool:
    match reader:
        case Values(values):
            return any(_same(value, known) for known in values)
        case Number() if isinstance(value, int | float) and not isinstance(value, bool):
            return _number_takes(reader, value)
        case Text() if isinstance(value, str):
            return _text_takes(reader, value)
    return False


def _same(one: Scalar, other: Scalar) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _number_takes(reader: Number, value: int | float) -> bool:
    one = Number(
        kind_of(value) == "integer", Limit(value), Limit(value), value if isinstance(value, int) else None
    )
    return (one.whole or not reader.whole) and not list(_numbers(one, reader, ""))


def _text_takes(reader: Text, value: str) -> bool:
    if reader.format is not None or len(value) < reader.shortest:
        return False
    if reader.longest is not None and len(value) > reader.longest:
        return False
    return reader.pattern is None or _matches(reader.pattern, value)


def _matches(pattern: str, value: str) -> bool:
    # Python's `$` also matches before a last line break, other readers' does not: such a value is not shown to match.
    try:
        return "\n" not in value and re.search(pattern, value) is not None
    except re.error:
        return False
