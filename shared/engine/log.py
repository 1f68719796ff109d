"""Structured logs: one JSON object per line on stderr, with who says it and about which message.

What a message says (money, addresses) and what opens a database (a DSN's password) is never logged.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import format_tb
from typing import Any, Final, TextIO, TypedDict, Unpack

import orjson

from shared.engine.faults import RuleRaised

# A broker that is away makes its client say the same line many times a second.
REPEAT_SECONDS: Final = 30.0


class Fields(TypedDict, total=False):
    """All that is said beside the text. The list is closed: any other `extra` is left out, it might be a message."""

    service: str
    worker: str
    topic: str
    partition: int
    offset: int
    key: str
    message_id: str
    message_type: str
    correlation_id: str
    causation_id: str
    verdict: str
    attempt: int
    count: int
    seconds: float
    job: str
    period: str
    port: int


_NAMES: Final = tuple(Fields.__annotations__)
_NONE: Final[Fields] = {}
_bound: ContextVar[Fields] = ContextVar("bound", default=_NONE)


@contextmanager
def bind(**fields: Unpack[Fields]) -> Iterator[None]:
    """Whatever is logged inside, by anyone, carries these fields."""
    token = _bound.set(_bound.get() | fields)
    try:
        yield
    finally:
        _bound.reset(token)


def set_up(service: str, worker: str, stream: TextIO | None = None) -> None:
    """Sends all logging of this process to one place and in one form, instead of what was set up before."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(stream)({"service": service, "worker": worker}))
    handler.addFilter(Repeats(("aiokafka",), time.monotonic))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(os.environ.get("STOPPOC_LOG_LEVEL", "INFO").upper())
    logging.getLogger("aiokafka").setLevel(logging.WARNING)


def _formatter(stream: TextIO) -> type[Json]:
    form = os.environ.get("STOPPOC_LOG") or ("text" if stream.isatty() else "json")
    return Text if form == "text" else Json


class Json(logging.Formatter):
    """A record as one JSON object."""

    def __init__(self, always: Fields) -> None:
        super().__init__()
        self._always = always

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": _instant(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": redacted(record.getMessage()),
            **self.fields(record),
        }
        if record.exc_info and record.exc_info[1]:
            said["error"] = redacted(described(record.exc_info[1]))
        return orjson.dumps(said, default=str).decode()

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """What is known: of the process, then of the context, then of this very line."""
        own = {name: record.__dict__[name] for name in (*_NAMES, "suppressed") if name in record.__dict__}
        known: dict[str, object] = {**self._always, **_bound.get(), **own}
        return {
            name: redacted(value) if isinstance(value, str) else value
            for name, value in known.items()
            if value is not None
        }


class Text(Json):
    """The same for people: one line, then the error."""

    def format(self, record: logging.LogRecord) -> str:
        fields = self.fields(record)
        who = f"{fields.pop('service', '')}/{fields.pop('worker', '')}"
        rest = "".join(f" {name}={value}" for name, value in fields.items())
        at = _instant(record).astimezone().strftime("%H:%M:%S.%f")[:-3]
        line = f"{at} {record.levelname:<8} {who} {redacted(record.getMessage())}{rest}"
        if record.exc_info and record.exc_info[1]:
            line += "\n" + redacted(described(record.exc_info[1])).rstrip()
        return line


class Repeats(logging.Filter):
    """Lets the same line of these loggers (its place in their code) pass once per REPEAT_SECONDS, and then says
    how many were held back."""

    def __init__(self, loggers: tuple[str, ...], clock: Callable[[], float]) -> None:
        super().__init__()
        self._loggers = loggers
        self._clock = clock
        self._last: dict[tuple[str, int], float] = {}
        self._held: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(self._loggers):
            return True
        line, now = (record.pathname, record.lineno), self._clock()
        if line in self._last and now - self._last[line] < REPEAT_SECONDS:
            self._held[line] = self._held.get(line, 0) + 1
            return False
        self._last[line] = now
        if held := self._held.pop(line, 0):
            record.suppressed = held
        return True


_REDACTIONS: Final = (
    # scheme://user:password@host: to the last @ before the path, since a password may hold one itself.
    (re.compile(r"(\b[a-z][a-z0-9+.\-]*://[^\s:/@]*):[^\s/]*@"), r"\1:***@"),
    (
        re.compile(
            r"(?i)\b(\w*(?:password|passwd|secret|token)\w*['\"]?\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s,;&)]+)"
        ),
        r"\1***",
    ),
    # pydantic quotes what it was given, PostgreSQL the row.
    (re.compile(r"input_value=.*?(?=, input_type=|\n|$)"), "input_value=***"),
    (re.compile(r"(?ms)^(DETAIL|CONTEXT):.*?(?=\n[A-Z]+:|\nwhich led to|\npart \d|\n*\Z)"), r"\1: ***"),
    (re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+"), "***@***"),
    (
        re.compile(
            r"(?i)\b(\w*(?:amount|balance|price|total|vnd)\w*['\"]?\s*[=:]\s*['\"]?)-?\d+(?:[.,_]\d+)*"
        ),
        r"\1***",
    ),
    (re.compile(r"(?i)-?\b\d+(?:[.,_]\d+)*(?=\s?(?:VND|đ|₫))"), "***"),
)


def redacted(text: str) -> str:
    """The text without passwords, addresses and amounts of money."""
    for pattern, instead in _REDACTIONS:
        text = pattern.sub(instead, text)
    return text


def described(error: BaseException) -> str:
    """An error with where it came from and what led to it, the first cause first.

    What a rule raised may quote the message it was given in any words: only its kind and its place are told.
    """
    return "".join(_chain(error, frozenset(), quotes=False))


def _chain(error: BaseException, seen: frozenset[int], *, quotes: bool) -> Iterator[str]:
    quotes = quotes or isinstance(error, RuleRaised)
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _chain(before, seen | {id(error)}, quotes=quotes)
        yield "which led to\n"
    yield from format_tb(error.__traceback__)
    yield f"{type(error).__name__}\n" if quotes else f"{type(error).__name__}: {error}\n"
    if isinstance(error, BaseExceptionGroup):
        for number, part in enumerate(error.exceptions, start=1):
            yield f"part {number}\n"
            yield from _chain(part, seen | {id(error)}, quotes=quotes)


def _instant(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
