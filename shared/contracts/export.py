"""The published documents as files: all of them from the registry, and what differs on disk from that."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from shared.contracts import asyncapi, pages
from shared.contracts.message import Message
from shared.contracts.schema import schema_of

Files = dict[PurePosixPath, str]

_ASYNCAPI = PurePosixPath("contracts/asyncapi")
_SCHEMAS = PurePosixPath("contracts/schemas")
_PAGES = PurePosixPath("services")


@dataclass(frozen=True, slots=True)
class Drift:
    """A file that is not what the registry says."""

    path: str
    what: Literal["missing", "differs", "not in the registry"]


def files(registry: Iterable[type[Message]]) -> Files:
    """Every generated document, by its path in the folder of documents."""
    messages = sorted(registry, key=lambda message: message.type)
    services = sorted({message.service for message in messages})
    documents = {_ASYNCAPI / "public.json": _json(asyncapi.public_document(messages))}
    for service in services:
        documents[_ASYNCAPI / f"{service}.json"] = _json(asyncapi.service_document(service, messages))
        documents[_PAGES / f"{service}.md"] = pages.page(service, messages)
    for message in messages:
        name = message.type.removeprefix(f"billing.{message.service}.")
        documents[_SCHEMAS / message.service / f"{name}.json"] = _json(json_schema(message))
    return documents


def json_schema(message: type[Message]) -> dict[str, Any]:
    """The message's body as a JSON Schema of its own, named by a URN."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:stoppoc:message:{message.type}",
        **schema_of(message),
    }


def drift(expected: Files, docs: Path) -> tuple[Drift, ...]:
    """What differs between the documents as they should be and the folder: nothing, when it is up to date."""
    found = [Drift(str(path), what) for path, text in expected.items() if (what := _state(docs / path, text))]
    return tuple(found + [Drift(str(path), "not in the registry") for path in _strays(expected, docs)])


def write(expected: Files, docs: Path) -> tuple[Drift, ...]:
    """Makes the folder up to date, and says what was changed: what the registry no longer has is removed."""
    changed = drift(expected, docs)
    for change in changed:
        path, text = docs / change.path, expected.get(PurePosixPath(change.path))
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    return changed


def _state(path: Path, text: str) -> Literal["missing", "differs"] | None:
    if not path.exists():
        return "missing"
    return None if path.read_bytes() == text.encode() else "differs"


def _strays(expected: Files, docs: Path) -> list[PurePosixPath]:
    """Documents of ours that nothing generates any more. Pages written by hand are none of ours."""
    written = [*(docs / _ASYNCAPI).glob("*.json"), *(docs / _SCHEMAS).glob("*/*.json")]
    written += [path for path in (docs / _PAGES).glob("*.md") if _is_generated(path)]
    relative = (PurePosixPath(path.relative_to(docs).as_posix()) for path in sorted(written))
    return [path for path in relative if path not in expected]


def _is_generated(path: Path) -> bool:
    return path.read_bytes().startswith(pages.GENERATED.encode())


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
