"""What was expected beside what was found: only what is named is compared, and every difference is told.

Lists must agree whole and in order, but `events` and `refusals`: there the ones named must be found in that order,
others may come between; an empty list says that there is none. Invoices and orders of what stood before the first step
may be named or left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deploy.simulate import fields
from deploy.simulate.document import Listed, Mapped, Node, Scalar
from deploy.simulate.local import read_instant

Found = Mapping[str, Any]
NOTHING: Final = "nothing"

# A type may be named whole, or by the message's name alone.
_TYPE: Final = re.compile(r"billing\.\w+\.(\w+)\.v\d+")
_IN_ORDER_AMONG_OTHERS: Final = ("events", "refusals")


class Prior(dict[str, Any]):
    """An entry of a list that was there before the first step."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference: where it was said, what it is about, and both values."""

    line: int
    path: str
    expected: Any
    found: Any


def compare(sections: Mapping[str, Node], found: Found) -> list[Mismatch]:
    """Every difference, in the order of the file."""
    return [one for name, node in sections.items() for one in _section(name, node, found[name])]


def _section(name: str, node: Node, found: Any) -> Iterator[Mismatch]:
    if isinstance(node, Listed) and isinstance(found, Mapping):
        found = [one for account in found.values() for one in account]
    if isinstance(node, Mapped) and isinstance(found, list):
        for account, items in node.pairs.items():
            own = [one for one in found if one.get("account") == account]
            yield from _differences(items, own, f"{name}.{account}")
    elif name in _IN_ORDER_AMONG_OTHERS and isinstance(node, Listed):
        yield from _among_others(node, found, name)
    else:
        yield from _differences(node, found, name)


def _differences(node: Node, found: Any, path: str) -> Iterator[Mismatch]:
    if isinstance(node, Mapped) and isinstance(found, Mapping):
        for name, value in node.pairs.items():
            yield from _differences(value, found.get(name), f"{path}.{name}")
    elif isinstance(node, Listed) and isinstance(found, list):
        yield from _list(node, _whole_or_later(node, found), path)
    elif isinstance(node, Scalar) and isinstance(found, list) and not fields.is_null(node):
        yield from _differences(node, len(found), path)
    elif not (isinstance(node, Scalar) and is_same(node, found)):
        yield Mismatch(node.line, path, fields.plain(node), _or_nothing(found))


def _whole_or_later(node: Listed, found: list[Any]) -> list[Any]:
    """All of it, or what came with the steps, as the list that was written has room for."""
    return found if len(node.items) == len(found) else [one for one in found if not isinstance(one, Prior)]


def _list(node: Listed, found: Sequence[Any], path: str) -> Iterator[Mismatch]:
    if len(node.items) != len(found):
        named = _names(node)
        shown = [_only(one, named) for one in found]
        yield Mismatch(node.line, path, [fields.plain(item) for item in node.items], shown)
        return
    for place, (item, one) in enumerate(zip(node.items, found, strict=True), start=1):
        yield from _differences(item, one, f"{path}[{place}]")


def _among_others(node: Listed, found: Sequence[Any], path: str) -> Iterator[Mismatch]:
    if not node.items and found:
        yield Mismatch(node.line, path, [], list(found))
    place = 0
    for number, item in enumerate(node.items, start=1):
        ahead = range(place, len(found))
        match = next((at for at in ahead if _matches(item, found[at])), None)
        if match is None:
            near = [_only(one, _names(item)) for one in found if _is_near(item, one)]
            yield Mismatch(item.line, f"{path}[{number}]", fields.plain(item), near or NOTHING)
        else:
            place = match + 1


def _matches(item: Node, found: Mapping[str, Any]) -> bool:
    if not isinstance(item, Mapped):
        return False
    return all(_matches_one(value, _named(found, name), name) for name, value in item.pairs.items())


def _is_near(item: Node, found: Mapping[str, Any]) -> bool:
    """Whether it is of the type that was expected, or answers the command."""
    names = ("type", "command")
    first = next((name for name in names if isinstance(item, Mapped) and name in item.pairs), None)
    return (
        first is not None
        and isinstance(item, Mapped)
        and _matches_one(item.pairs[first], found.get(first), first)
    )


def _matches_one(node: Node, found: Any, name: str) -> bool:
    if name == "type" and isinstance(node, Scalar) and (whole := _TYPE.fullmatch(node.text)):
        return bool(whole[1] == found)
    return not list(_differences(node, found, name))


def _named(found: Mapping[str, Any], name: str) -> Any:
    """The value of that name, in the message's fields where it is not one of the entry's own."""
    return found[name] if name in found else found.get("fields", {}).get(name)


def is_same(node: Scalar, found: Any) -> bool:
    """Whether the value written means the value found."""
    if found is None:
        return fields.is_null(node)
    if isinstance(found, str):
        instant = read_instant(node.text)
        return node.text == found or (instant is not None and instant == read_instant(found))
    said = fields.plain(node)
    return type(said) is type(found) and said == found


def _names(node: Node) -> set[str]:
    if isinstance(node, Mapped):
        return set(node.pairs)
    return {name for item in node.items for name in _names(item)} if isinstance(node, Listed) else set()


def _only(found: Any, names: set[str]) -> Any:
    if not isinstance(found, Mapping):
        return found
    return {name: value for name in sorted(names) if (value := _named(found, name)) is not None}


def _or_nothing(found: Any) -> Any:
    return NOTHING if found is None else found
