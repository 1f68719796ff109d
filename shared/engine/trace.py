"""Carries a W3C trace from a message that was read to all that follow from it. Without a trace none is begun,
and whatever stands in the header, no message fails because of it.

A span is made only where somebody wants it: the trace is sampled and this process has a tracer installed
(before the worker starts). Else the header is handed on as it came.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from opentelemetry.trace import (
    NonRecordingSpan,
    NoOpTracerProvider,
    ProxyTracerProvider,
    SpanContext,
    SpanKind,
    TraceFlags,
    TracerProvider,
    get_tracer_provider,
    set_span_in_context,
)

from shared.contracts.cloudevents import Envelope

_IDS: Final = r"(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_is_traceparent: Final = re.compile("00-" + _IDS).fullmatch
# Later versions may say more. What they share with ours is read, and sent on as ours.
_is_later: Final = re.compile(f"(?!ff)[0-9a-f]{{2}}-{_IDS}(?:-.*)?").fullmatch
_LENGTH: Final = 55


class Trace:
    """One worker's way to carry traces."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        installed = provider or get_tracer_provider()
        idle = isinstance(installed, (ProxyTracerProvider, NoOpTracerProvider))
        self._tracer = None if idle else installed.get_tracer("stoppoc")

    def outgoing(self, envelope: Envelope, started_ns: int | None = None) -> str | None:
        """The `traceparent` of all that follows from this message; call it once, when the message is decided.

        `started_ns` is when its span began, in nanoseconds of the epoch: the start of the batch; else now.
        """
        traceparent = envelope.traceparent
        if traceparent is None:
            return None
        if _is_traceparent(traceparent) is None and (traceparent := _read_later(traceparent)) is None:
            return None
        if self._tracer is None or not int(traceparent[-2:], 16) & TraceFlags.SAMPLED:
            return traceparent
        span = self._tracer.start_span(
            f"decide {envelope.type}",
            set_span_in_context(NonRecordingSpan(_parent(traceparent))),
            SpanKind.CONSUMER,
            _attributes(envelope),
            start_time=started_ns,
        )
        span.end()
        return _written(span.get_span_context())


@cache
def _of_this_process() -> Trace:
    return Trace()


def carried(envelope: Envelope) -> str | None:
    """The `traceparent` of all that follows from this message, by the tracer this process has."""
    return None if envelope.traceparent is None else _of_this_process().outgoing(envelope)


def _read_later(traceparent: str) -> str | None:
    if traceparent.startswith("00") or _is_later(traceparent) is None:
        return None
    return "00" + traceparent[2:_LENGTH]


def _parent(traceparent: str) -> SpanContext:
    _, trace, span, flags = traceparent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def _attributes(envelope: Envelope) -> dict[str, str]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.message.id": envelope.id,
        "messaging.message.conversation_id": envelope.correlation_id,
        "messaging.kafka.message.key": envelope.key,
    }


def _written(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
