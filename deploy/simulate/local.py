"""Instants as a scenario writes them: the business's local time, without a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from shared.period import HANOI

_WRITTEN: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)
HOW: Final = 'a local time, as "2026-03-15T10:30"'


def read_instant(text: str) -> datetime | None:
    """The instant, in UTC; None where it is none. An offset may be given; a day alone is its midnight."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    day, time, zone = found.groups()
    try:
        instant = datetime.fromisoformat(f"{day}T{time or '00:00'}{zone or ''}")
        return (instant if zone else instant.replace(tzinfo=HANOI)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def written(instant: datetime) -> str:
    """The instant as a scenario has it: to the minute, unless it lies within one."""
    local = instant.astimezone(HANOI).replace(tzinfo=None)
    return local.isoformat(timespec="seconds" if local.second or local.microsecond else "minutes")
