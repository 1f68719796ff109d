"""The headers of a message described: the schema of what `cloudevents` reads and writes, and an example."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from shared import ids
from shared.contracts.cloudevents import Envelope, to_headers
from shared.contracts.message import Message

_EXAMPLE_TIME: Final = datetime(2026, 3, 6, 2, tzinfo=UTC)

# Without these a message is not read. Of the others the services write all they know; a portal may leave them out.
REQUIRED: Final = ("ce_id", "ce_source", "ce_specversion", "ce_type")

_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "ce_id": {
        "type": "string",
        "format": "uuid",
        "description": "The message's id, a UUIDv7. The same id again is the same message: no second effect.",
    },
    "ce_source": {"type": "string", "minLength": 1, "description": "Who says it: a service, a portal."},
    "ce_specversion": {"const": "1.0", "description": "The version of CloudEvents."},
    "ce_type": {"description": "What the message is."},
    "ce_time": {
        "type": "string",
        "format": "date-time",
        "description": "When it was said. What counts for money is `effective_at` in the body.",
    },
    "ce_subject": {"type": "string", "description": "What it is about: the same as the record's key."},
    "ce_partitionkey": {
        "type": "string",
        "description": "The record's key: what has one key keeps its order.",
    },
    "ce_correlationid": {
        "type": "string",
        "description": "The same in all that follows from one command; the command's own id unless it says otherwise.",
    },
    "ce_causationid": {"type": "string", "description": "The id of the message that caused this one."},
    "ce_sequence": {
        "type": "string",
        "pattern": "^[0-9]{1,18}$",
        "description": "The position among what was said of one key, without a gap.",
    },
    "content-type": {
        "const": "application/json",
        "description": "What the body is; JSON where it is left out.",
    },
    "traceparent": {"type": "string", "description": "W3C trace context: carried on as it came."},
}


def headers_schema(message: type[Message]) -> dict[str, Any]:
    """The schema of this message's headers, each a UTF-8 string."""
    its_own = {"ce_type": _HEADERS["ce_type"] | {"const": message.type}}
    return {"type": "object", "properties": _HEADERS | its_own, "required": list(REQUIRED)}


def example_headers(message: type[Message]) -> dict[str, str]:
    """Headers as they stand on the message's example."""
    milliseconds = int(_EXAMPLE_TIME.timestamp() * 1000)
    example = message.model_validate_json(json.dumps(message.example))
    asked = message.form == "command"
    cause = ids.derived_id("example", "cause", milliseconds)
    own = ids.derived_id("example", message.type, milliseconds)
    headers = to_headers(
        Envelope(
            id=own,
            type=message.type,
            source="/portal" if asked else f"/stoppoc/{message.service}",
            key=example.key,
            subject=example.about,
            time=_EXAMPLE_TIME,
            correlation_id=own if asked else cause,
            causation_id=None if asked else cause,
            sequence=None if asked else 1,
        )
    )
    return {name: headers[name] for name in _HEADERS if name in headers}
