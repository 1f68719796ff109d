"""Identifiers of messages: UUIDv7 in canonical text form.

An id is either made new (by who asks first) or derived from the id of what caused it, so that doing a
thing again gives the same ids. Derived ids carry the instant of their cause in their first 48 bits: they
stay UUIDv7, and neighbours in time are neighbours in the inbox's index (docs/decisions/0003).
"""

from __future__ import annotations

import re
import secrets
import time
from hashlib import blake2b
from typing import Final
from uuid import UUID

_CANONICAL: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def new_id() -> str:
    """An id nobody has had before. For the edges (command line, portals, tests); rules derive theirs."""
    return _uuid7(time.time_ns() // 1_000_000, secrets.token_hex(10))


def derived_id(cause: str, part: str, at_ms: int) -> str:
    """The id of one consequence of `cause`: the same cause and part give the same id, for ever."""
    return _uuid7(at_ms, blake2b(f"{cause}/{part}".encode(), digest_size=10).hexdigest())


def canonical(text: str) -> str:
    """`text` as a lower-case hyphenated UUID; ValueError where it is none."""
    return text if _CANONICAL.fullmatch(text) else str(UUID(text))


def _uuid7(ms: int, digits: str) -> str:
    stamp = f"{ms & 0xFFFF_FFFF_FFFF:012x}"
    return f"{stamp[:8]}-{stamp[8:]}-7{digits[:3]}-{_VARIANT[digits[3]]}{digits[4:7]}-{digits[7:19]}"
