"""A trace is carried on or recorded, never begun, and nothing in the header fails a message."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NoOpTracerProvider, SpanKind

from shared.contracts.cloudevents import Envelope
from shared.engine.trace import Trace

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{SPAN}-01"
NOT_SAMPLED = f"00-{TRACE}-{SPAN}-00"
MALFORMED = [
    "",
    "00",
    "nonsense",
    SAMPLED.upper(),
    SAMPLED + " ",
    SAMPLED + "-more",
    SAMPLED + "\n",
    "ff" + SAMPLED[2:],
    "0" + SAMPLED[2:],
    f"00-{'0' * 32}-{SPAN}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE}-{SPAN}-0g",
    f"00-{TRACE}-{SPAN}",
    f"00_{TRACE}_{SPAN}_01",
    "cc" + SAMPLED[2:] + "more",
    "é" * 55,
]


def message(traceparent: str | None) -> Envelope:
    return Envelope(
        id="id-1", type="billing.x.Y.v1", source="s", key="k", correlation_id="c", traceparent=traceparent
    )


@pytest.fixture
def recorded() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def recording(recorded: InMemorySpanExporter) -> Trace:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(recorded))
    return Trace(provider)


@pytest.mark.parametrize("traceparent", [SAMPLED, NOT_SAMPLED, f"00-{TRACE}-{SPAN}-03"])
@pytest.mark.parametrize("trace", [Trace(), Trace(NoOpTracerProvider())], ids=["nothing installed", "no-op"])
def test_a_trace_is_handed_on_as_it_came_where_no_tracer_is_installed(trace: Trace, traceparent: str) -> None:
    assert trace.outgoing(message(traceparent)) == traceparent


def test_a_trace_that_is_not_sampled_is_handed_on_as_it_came(
    recording: Trace, recorded: InMemorySpanExporter
) -> None:
    assert recording.outgoing(message(NOT_SAMPLED)) == NOT_SAMPLED
    assert recorded.get_finished_spans() == ()


def test_without_a_trace_none_goes_out(recording: Trace, recorded: InMemorySpanExporter) -> None:
    assert recording.outgoing(message(None)) is None
    assert Trace().outgoing(message(None)) is None
    assert recorded.get_finished_spans() == ()


@pytest.mark.parametrize("traceparent", MALFORMED)
def test_a_malformed_trace_is_none(
    recording: Trace, recorded: InMemorySpanExporter, traceparent: str
) -> None:
    assert recording.outgoing(message(traceparent)) is None
    assert Trace().outgoing(message(traceparent)) is None
    assert recorded.get_finished_spans() == ()


@given(st.text() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.*", fullmatch=True))
def test_no_header_fails_a_message(traceparent: str) -> None:
    going = Trace(TracerProvider()).outgoing(message(traceparent))
    assert going is None or (len(going) == 55 and going[3:35] == traceparent[3:35])


@pytest.mark.parametrize("rest", ["", "-what it adds"])
def test_a_later_version_is_sent_on_as_ours(rest: str) -> None:
    assert Trace().outgoing(message("cc" + SAMPLED[2:] + rest)) == SAMPLED


def test_a_sampled_trace_is_recorded_and_what_follows_is_its_child(
    recording: Trace, recorded: InMemorySpanExporter
) -> None:
    started = time.time_ns() - 5_000_000
    going = recording.outgoing(message(SAMPLED), started)
    [span] = recorded.get_finished_spans()
    context, parent = span.get_span_context(), span.parent
    assert context is not None
    assert parent is not None
    assert f"{parent.trace_id:032x}-{parent.span_id:016x}" == f"{TRACE}-{SPAN}"
    assert parent.is_remote
    assert going == f"00-{TRACE}-{context.span_id:016x}-01"
    assert context.span_id != parent.span_id
    assert (span.name, span.kind) == ("decide billing.x.Y.v1", SpanKind.CONSUMER)
    assert span.start_time == started
    assert span.end_time is not None
    assert span.end_time > started
    assert dict(span.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.message.id": "id-1",
        "messaging.message.conversation_id": "c",
        "messaging.kafka.message.key": "k",
    }


def test_two_messages_in_a_row_are_parent_and_child(recording: Trace, recorded: InMemorySpanExporter) -> None:
    recording.outgoing(message(recording.outgoing(message(SAMPLED))))
    first, second = (span for span in recorded.get_finished_spans())
    assert first.context is not None
    assert second.parent is not None
    assert second.parent.span_id == first.context.span_id
    assert second.parent.trace_id == first.context.trace_id == int(TRACE, 16)


def test_a_tracer_that_will_not_record_says_so_to_those_that_follow() -> None:
    going = Trace(TracerProvider(sampler=ALWAYS_OFF)).outgoing(message(SAMPLED))
    assert going is not None
    assert going.startswith(f"00-{TRACE}-")
    assert going.endswith("-00")
