"""A page for people about each service, from the registry: what it accepts, answers and says, and its state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from shared.contracts import topics
from shared.contracts.asyncapi import summary
from shared.contracts.message import Form, Message
from shared.contracts.schema import schema_of
from shared.contracts.shapes import Fields, Unclear, read
from shared.contracts.words import described

Messages = list[type[Message]]

GENERATED: Final = (
    "<!-- Generated from the registry of messages by `stoppoc contracts export`: edit that. -->"
)
_NAME: Final = re.compile(r"\b[A-Z][A-Za-z]+\b")
_ABOUT: Final[dict[Form, str]] = {
    "command": "What may be asked of it",
    "event": "What it tells",
    "state": "How things stand",
}


def page(service: str, registry: Iterable[type[Message]]) -> str:
    """The page of one service, in Markdown."""
    its_own = sorted((m for m in registry if m.service == service), key=lambda m: m.__name__)
    commands, events, states = (
        [m for m in its_own if m.form == kind] for kind in ("command", "event", "state")
    )
    lines = [
        GENERATED,
        "",
        f"# {service}",
        "",
        "How messages look on the wire, and what may change: [contracts](../contracts/README.md). For machines:",
        f"[AsyncAPI](../contracts/asyncapi/{service}.json), [JSON Schemas](../contracts/schemas/{service}).",
        "",
        *_topics(its_own),
        *_part("Accepts", [m for m in commands if m.public]),
        *_part("Accepts from other services", [m for m in commands if not m.public]),
        *_answers(commands, events),
        *_part("Says", [m for m in events if not _is_refusal(m)]),
        *_part("Says no", [m for m in events if _is_refusal(m)]),
        *_part("State", states),
    ]
    return "\n".join(lines).rstrip() + "\n"


def answers(command: type[Message], events: Iterable[type[Message]]) -> tuple[str, ...]:
    """The events that answer a command, as its docstring names them after "Answered by"."""
    known = {event.__name__ for event in events}
    return tuple(name for name in named_answers(command) if name in known)


def named_answers(command: type[Message]) -> tuple[str, ...]:
    """Every name the command's docstring gives after "Answered by"."""
    return tuple(dict.fromkeys(_NAME.findall(summary(command).partition("Answered by")[2])))


def _is_refusal(message: type[Message]) -> bool:
    return message.__name__.endswith("Refused")


def _topics(messages: Messages) -> Iterator[str]:
    yield "| topic | what is on it | key |"
    yield "|---|---|---|"
    for kind, about in _ABOUT.items():
        if of_kind := [message for message in messages if message.form == kind]:
            keys = ", ".join(f"`{key}`" for key in dict.fromkeys(message.key_field for message in of_kind))
            yield f"| `{topics.topic_of(of_kind[0])}` | {about} | {keys} |"
    yield ""


def _answers(commands: Messages, events: Messages) -> Iterator[str]:
    if not commands:
        return
    yield from ("## Answers", "", "| asked | answered by |", "|---|---|")
    for command in commands:
        yield f"| {_link(command.__name__)} | {', '.join(map(_link, answers(command, events)))} |"
    yield ""


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _part(title: str, messages: Messages) -> Iterator[str]:
    if not messages:
        return
    yield from (f"## {title}", "")
    for message in messages:
        yield from _message(message)


def _message(message: type[Message]) -> Iterator[str]:
    schema = schema_of(message)
    yield from (f"### {message.__name__}", "", summary(message), "")
    yield f"`{message.type}` on `{topics.topic_of(message)}`, keyed by `{message.key_field}`."
    yield ""
    yield from _fields(schema)
    for name, part in sorted(schema.get("$defs", {}).items()):
        yield from (f"**{name}**: {_one_line(part.get('description', ''))}", "")
        yield from _fields(part)
    yield from ("```json", json.dumps(message.example, indent=2, ensure_ascii=False), "```", "")


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    shape = read(schema, closed=False).root
    if not isinstance(shape, Fields):
        yield from (f"It is {described(shape)}.", "")
        return
    yield from ("| field | is | means |", "|---|---|---|")
    for name, part in shape.known:
        described_as = schema["properties"][name]
        optional = "" if name in shape.required else _default(described_as)
        kind = "see the schema" if isinstance(part, Unclear) else described(part)
        yield f"| `{name}` | {_cell(kind + optional)} | {_cell(described_as.get('description', ''))} |"
    yield ""


def _default(part: dict[str, Any]) -> str:
    if part.get("default") is None:
        return "; may be left out"
    return f"; {json.dumps(part['default'], ensure_ascii=False)} when left out"


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


def _one_line(text: str) -> str:
    return " ".join(text.split())
