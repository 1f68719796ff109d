"""The JSON Schema of a message, made once: the public and its service's document, its page and its file all show it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from shared.contracts.message import Message


def schema_of(message: type[Message]) -> dict[str, Any]:
    """What its body looks like; a copy, to change as one likes."""
    schema: dict[str, Any] = json.loads(_text(message))
    return schema


@cache
def _text(message: type[Message]) -> str:
    # Pydantic takes milliseconds to make one, and reading its text tens of microseconds.
    return json.dumps(message.model_json_schema())
