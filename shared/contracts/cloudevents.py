"""CloudEvents 1.0 on Kafka in binary mode: the envelope in the record's headers, the message as its value.

Both directions, nothing else: a record that does not keep to the form is refused with `Unreadable`, whose
text says exactly what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from shared import ids

Headers = Sequence[tuple[str, bytes]]

_SPECVERSION: Final = ("ce_specversion", b"1.0")
_CONTENT_TYPE: Final = ("content-type", b"application/json")
_REQUIRED: Final = ("ce_id", "ce_source", "ce_specversion", "ce_type")


class Unreadable(Exception):
    """A record that is no message of ours; the text is the reason, for the dead letter."""


class Envelope(NamedTuple):
    """What is known of a message besides what it says. (A tuple: thousands are made a second.)"""

    id: str
    type: str
    source: str
    key: str
    correlation_id: str
    time: datetime | None = None
    subject: str | None = None
    causation_id: str | None = None
    sequence: int | None = None
    traceparent: str | None = None


def timestamp(instant: datetime) -> str:
    """An instant as the wire has it: RFC 3339, UTC."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return f"{utc.isoformat()[: -len('+00:00')]}Z"


def to_headers(envelope: Envelope) -> dict[str, str]:
    """The envelope as header names and values."""
    return {name: value.decode() for name, value in record_headers(envelope)}


def record_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """The envelope as the headers of a Kafka record."""
    headers = [
        _SPECVERSION,
        _CONTENT_TYPE,
        ("ce_id", envelope.id.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_partitionkey", envelope.key.encode()),
        ("ce_correlationid", envelope.correlation_id.encode()),
    ]
    if envelope.time is not None:
        headers.append(("ce_time", timestamp(envelope.time).encode()))
    if envelope.subject is not None:
        headers.append(("ce_subject", envelope.subject.encode()))
    if envelope.causation_id is not None:
        headers.append(("ce_causationid", envelope.causation_id.encode()))
    if envelope.sequence is not None:
        headers.append(("ce_sequence", b"%d" % envelope.sequence))
    if envelope.traceparent is not None:
        headers.append(("traceparent", envelope.traceparent.encode()))
    return headers


def read_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """A record's headers as text; `Unreadable` names the one that is not."""
    text: dict[str, str] = {}
    for name, value in headers:
        if value is None:
            raise Unreadable(f"header {name} is null")
        try:
            text[name] = value.decode()
        except UnicodeDecodeError:
            raise Unreadable(f"header {name} is not UTF-8") from None
        if "\0" in text[name]:
            # PostgreSQL stores no NUL: what follows from such a message could never be said.
            raise Unreadable(f"header {name} holds a NUL")
    return text


def from_headers(headers: dict[str, str]) -> Envelope:
    """The envelope in a record's headers. What CloudEvents leaves optional may be missing."""
    for name in _REQUIRED:
        if not headers.get(name):
            raise Unreadable(f"header {name} is missing")
    if headers["ce_specversion"] != "1.0":
        raise Unreadable(f"header ce_specversion is {headers['ce_specversion']!r}, not '1.0'")
    content_type = headers.get("content-type", "application/json")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Unreadable(f"header content-type is {content_type!r}, not 'application/json'")
    try:
        message_id = ids.canonical(headers["ce_id"])
    except ValueError:
        raise Unreadable(f"header ce_id is {headers['ce_id'][:80]!r}, not a UUID") from None
    return Envelope(
        id=message_id,
        type=headers["ce_type"],
        source=headers["ce_source"],
        key=headers.get("ce_partitionkey", ""),
        correlation_id=headers.get("ce_correlationid") or message_id,
        time=_read_time(headers.get("ce_time")),
        subject=headers.get("ce_subject"),
        causation_id=headers.get("ce_causationid"),
        sequence=_read_sequence(headers.get("ce_sequence")),
        traceparent=headers.get("traceparent"),
    )


def _read_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"header ce_time is {text[:80]!r}, not an RFC 3339 instant") from None
    if instant.tzinfo is None:
        raise Unreadable(f"header ce_time is {text[:80]!r}, without an offset")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise Unreadable(f"header ce_time is {text[:80]!r}, out of range in UTC") from None


def _read_sequence(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Unreadable(f"header ce_sequence is {text[:80]!r}, not a number")
    return int(text)
