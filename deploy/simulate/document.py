"""A YAML file as a tree whose every node knows its line. Nothing in it is executed, guessed or repeated without end:
what is no plain data, too large, too deep or said twice is refused with its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

# Thousands of steps fit; a file larger than that is no scenario, and would take long to be refused.
MOST_BYTES: Final = 4 * 1024 * 1024
# Counted as the aliases repeat them.
_MOST_NODES: Final = 400_000
_MOST_DEPTH: Final = 24
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Fault(Exception):
    """What is wrong in a file: the line, and what was expected there."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(f"line {line}: {sentence}")
        self.line = line
        self.sentence = sentence


@dataclass(slots=True)
class Scalar:
    """One value as it was written."""

    line: int
    text: str
    quoted: bool = False
    size: int = 1


@dataclass(slots=True)
class Listed:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)
    size: int = 1


@dataclass(slots=True)
class Mapped:
    """A mapping, in its order; `lines` tells where each name stands."""

    line: int
    pairs: dict[str, Node] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    size: int = 1


Node = Scalar | Listed | Mapped


def read_document(data: bytes) -> Node:
    """The one document in the file; `Fault` where there is none, or more than that."""
    if len(data) > MOST_BYTES:
        raise Fault(1, f"the file has {len(data):,} bytes; a scenario has at most {MOST_BYTES:,}")
    text = _decoded(data)
    try:
        return _Builder().build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.problem, error.context) if part)
        line = min(mark.line, text.count("\n")) + 1 if mark else 1
        raise Fault(line, f"this is not YAML: {_advised(what, text, mark)}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 1
        raise Fault(line, f"a character that YAML does not allow: {_code(error.character)}") from None


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Fault(data.count(b"\n", 0, error.start) + 1, "the file is not UTF-8 text") from None
    for place, char in enumerate(text):
        if char < " " and char not in "\t\n\r":
            line = text.count("\n", 0, place) + 1
            raise Fault(line, f"a character that YAML does not allow: {_code(ord(char))}")
    return text


def _code(character: object) -> str:
    return f"U+{character:04X}" if isinstance(character, int) else repr(character)


def _advised(what: str, text: str, mark: yaml.Mark | None) -> str:
    lines = text.split("\n")
    line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "the line is indented with a tab; YAML wants spaces"
    return what


class _Builder:
    """Puts the tree together event by event, without recursion: no file is too deep to be refused."""

    def __init__(self) -> None:
        self._anchors: dict[str, Node] = {}
        self._open: list[tuple[Listed | Mapped, str | None]] = []
        self._keys: list[Scalar | None] = []
        self._root: Node | None = None

    def build(self, text: str) -> Node:
        for event in yaml.parse(text, Loader=_LOADER):
            self._take(event)
        if self._root is None or (isinstance(self._root, Scalar) and not self._root.text):
            raise Fault(1, "the file is empty; a scenario was expected: `scenario: its name` and `steps:`")
        return self._root

    def _take(self, event: Any) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.DocumentStartEvent() if self._root is not None:
                raise Fault(line, "a second document begins; one scenario to a file was expected")
            case yaml.ScalarEvent():
                self._refuse_tag(event, line)
                self._add(self._named(event, Scalar(line, event.value, quoted=not event.implicit[0])), line)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._refuse_tag(event, line)
                self._begin(event, line)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._add(self._meant(event.anchor, line), line)

    def _begin(self, event: Any, line: int) -> None:
        if len(self._open) >= _MOST_DEPTH:
            raise Fault(line, f"this is nested more than {_MOST_DEPTH} deep; no part of a scenario is")
        opened = Mapped(line) if isinstance(event, yaml.MappingStartEvent) else Listed(line)
        self._open.append((opened, event.anchor))
        self._keys.append(None)

    def _end(self) -> None:
        node, anchor = self._open.pop()
        self._keys.pop()
        if anchor is not None:
            self._anchors[anchor] = node
        self._add(node, node.line)

    def _add(self, node: Node, line: int) -> None:
        if not self._open:
            self._root = node
            return
        parent, _ = self._open[-1]
        parent.size += node.size
        if parent.size > _MOST_NODES:
            raise Fault(line, f"more than {_MOST_NODES:,} values, aliases counted as often as they stand")
        if isinstance(parent, Listed):
            parent.items.append(node)
        elif (key := self._keys[-1]) is None:
            self._keys[-1] = self._as_key(parent, node, line)
        else:
            parent.pairs[key.text], parent.lines[key.text] = node, key.line
            self._keys[-1] = None

    def _as_key(self, parent: Mapped, node: Node, line: int) -> Scalar:
        if not isinstance(node, Scalar):
            raise Fault(line, "a name was expected before the colon, not a list or a mapping")
        if node.text in parent.pairs:
            raise Fault(
                line, f"{shown(node.text)} stands here twice, first in line {parent.lines[node.text]}"
            )
        return Scalar(line, node.text)

    def _named(self, event: Any, node: Scalar) -> Scalar:
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _meant(self, anchor: str | None, line: int) -> Node:
        if anchor is None or anchor not in self._anchors:
            raise Fault(line, f"*{anchor} names nothing that stands before it")
        return self._anchors[anchor]

    def _refuse_tag(self, event: Any, line: int) -> None:
        if event.tag is not None and event.tag != "!":
            raise Fault(line, f"the tag {shown(event.tag)} is not understood; plain values were expected")


def shown(text: str) -> str:
    """What stands in the file, quoted, on one line and not too long."""
    plain = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return f"`{plain}`" if len(plain) <= 70 else f"`{plain[:70]}...`"
