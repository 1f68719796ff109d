"""Typed reading of a document's nodes: each reader gives the value, or a fault with the line and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from deploy.simulate.document import Fault, Listed, Mapped, Node, Scalar, shown
from deploy.simulate.local import HOW, read_instant
from shared.contracts.message import MOST_VND

T = TypeVar("T")
Reader = Callable[[Node, str], T]

_WHOLE: Final = re.compile(r"[-+]?[0-9][0-9_]*", re.ASCII)
_FRACTION: Final = re.compile(
    r"[-+]?([0-9][0-9_]*)?\.[0-9]*([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+", re.ASCII
)
_TRUE: Final = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSE: Final = {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}
_NULL: Final = {"", "~", "null", "Null", "NULL"}
# Beyond them a day more or less may be no instant at all.
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2200
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,63}", re.ASCII)


def what(node: Node) -> str:
    """What stands there, in words."""
    if isinstance(node, Scalar):
        return shown(node.text) if node.text or node.quoted else "nothing"
    return "a list" if isinstance(node, Listed) else "a mapping"


def is_null(node: Node) -> bool:
    """Whether nothing is said."""
    return isinstance(node, Scalar) and not node.quoted and node.text in _NULL


def wrong(node: Node, name: str, expected: str) -> Fault:
    """The fault of a value that is another than expected."""
    return Fault(node.line, f"{name}: {expected} was expected, not {what(node)}")


def near(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that says a name is not known."""
    names = list(known)
    by_lower = {one.lower(): one for one in names}
    close = [by_lower[one] for one in get_close_matches(name.lower(), by_lower, n=2)]
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}"


def mapping(node: Node, name: str) -> Mapped:
    """A mapping."""
    if not isinstance(node, Mapped):
        raise wrong(node, name, "a mapping")
    return node


def listed(node: Node, name: str) -> list[Node]:
    """A list's items."""
    if not isinstance(node, Listed):
        raise wrong(node, name, "a list")
    return node.items


def text(node: Node, name: str) -> str:
    """Some text."""
    if not isinstance(node, Scalar) or is_null(node) or not node.text.strip():
        raise wrong(node, name, "a text")
    return node.text


def identifier(node: Node, name: str) -> str:
    """An id as messages have it."""
    if not isinstance(node, Scalar) or not _ID.fullmatch(node.text):
        raise wrong(node, name, "an id (letters, digits and . _ : -, at most 64)")
    return node.text


def whole(node: Node, name: str) -> int:
    """A whole number, however large money may be."""
    return _whole_from(-MOST_VND, node, name, "a whole number")


def at_least(low: int) -> Reader[int]:
    """A whole number from there on."""
    return lambda node, name: _whole_from(low, node, name, f"a whole number from {low} on")


def _whole_from(low: int, node: Node, name: str, expected: str) -> int:
    if isinstance(node, Scalar) and not node.quoted and _WHOLE.fullmatch(node.text) and len(node.text) < 30:
        number = int(node.text.replace("_", ""))
        if low <= number <= MOST_VND:
            return number
    raise wrong(node, name, expected)


def truth(node: Node, name: str) -> bool:
    """true or false."""
    if isinstance(node, Scalar) and not node.quoted and node.text in _TRUE | _FALSE:
        return node.text in _TRUE
    raise wrong(node, name, "true or false")


def instant(node: Node, name: str) -> datetime:
    """A local time, as an instant in UTC."""
    found = read_instant(node.text) if isinstance(node, Scalar) else None
    if found is None:
        raise wrong(node, name, HOW)
    if not FIRST_YEAR <= found.year < LAST_YEAR:
        raise wrong(node, name, f"a time between the years {FIRST_YEAR} and {LAST_YEAR}")
    return found


def one_of(*options: str) -> Reader[str]:
    """One of these words."""

    def read(node: Node, name: str) -> str:
        if isinstance(node, Scalar) and node.text in options:
            return node.text
        fault = wrong(node, name, f"one of {', '.join(options)}")
        close = get_close_matches(node.text, options, n=1) if isinstance(node, Scalar) else []
        raise Fault(fault.line, f"{fault.sentence}; did you mean {close[0]}?" if close else fault.sentence)

    return read


def known_names(node: Mapped, known: Iterable[str], of: str) -> None:
    """Fails at the first name that is not known there."""
    names = list(known)
    for name in node.pairs:
        if name not in names:
            raise Fault(node.lines[name], f"{of} has no {shown(name)}; {near(name, names)}")


def required(node: Mapped, name: str, reader: Reader[T], of: str) -> T:
    """The field, which must be there."""
    if name not in node.pairs:
        raise Fault(node.line, f"{of}: `{name}` is missing")
    return reader(node.pairs[name], name)


def optional(node: Mapped, name: str, reader: Reader[T]) -> T | None:
    """The field, if it is there."""
    found = node.pairs.get(name)
    return None if found is None or is_null(found) else reader(found, name)


def entries(node: Node | None, name: str) -> Iterator[tuple[str, Node]]:
    """The entries of a mapping by id; none where it is left out."""
    if node is None or is_null(node):
        return
    section = mapping(node, name)
    for key, value in section.pairs.items():
        identifier(Scalar(section.lines[key], key), name)
        yield key, value


def plain(node: Node) -> Any:
    """The node as JSON would have it: for data whose form somebody else checks."""
    if isinstance(node, Mapped):
        return {name: plain(value) for name, value in node.pairs.items()}
    if isinstance(node, Listed):
        return [plain(item) for item in node.items]
    return _value(node)


def _value(node: Scalar) -> object:
    if node.quoted:
        return node.text
    if node.text in _NULL:
        return None
    if node.text in _TRUE | _FALSE:
        return node.text in _TRUE
    if _WHOLE.fullmatch(node.text) and len(node.text) < 30:
        return int(node.text.replace("_", ""))
    # A fraction stays what it is, so that it is refused as one wherever money or a count is wanted.
    return (
        float(node.text.replace("_", ""))
        if _FRACTION.fullmatch(node.text) and node.text != "."
        else node.text
    )
