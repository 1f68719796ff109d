"""The envelope on the wire: both directions against the CloudEvents project's own Kafka binding, and every refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import ids
from shared.contracts.cloudevents import (
    Envelope,
    Unreadable,
    from_headers,
    read_headers,
    record_headers,
    timestamp,
    to_headers,
)
from shared.contracts.headers import REQUIRED, headers_schema
from shared.contracts.hold import ToppedUp

ID = "01956a2f-3c00-7abc-8def-0123456789ab"
LEAST = {"ce_id": ID, "ce_source": "/portal", "ce_specversion": "1.0", "ce_type": "billing.hold.TopUp.v1"}
FULL = Envelope(
    id=ID,
    type="billing.hold.ToppedUp.v1",
    source="/stoppoc/hold",
    key="acme",
    correlation_id="cart-7",
    time=datetime(2026, 3, 6, 2, tzinfo=UTC),
    subject="acme",
    causation_id="cause",
    sequence=7,
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=offsets)
envelopes = st.builds(
    Envelope,
    id=st.uuids(version=4).map(str),
    type=texts,
    source=texts,
    key=texts,
    correlation_id=texts,
    time=st.none() | instants,
    subject=st.none() | texts,
    causation_id=st.none() | texts,
    sequence=st.none() | st.integers(0, 10**18 - 1),
    traceparent=st.none() | texts,
)

# What each field of the envelope is called in CloudEvents. (`traceparent` is a header of its own, outside of it.)
ATTRIBUTES = {
    "id": "id",
    "type": "type",
    "source": "source",
    "key": "partitionkey",
    "correlation_id": "correlationid",
    "time": "time",
    "subject": "subject",
    "causation_id": "causationid",
    "sequence": "sequence",
}


def attributes(envelope: Envelope) -> dict[str, Any]:
    """The envelope as the attributes of a CloudEvent; the sequence is a string there."""
    named = {ATTRIBUTES[field]: value for field, value in envelope._asdict().items() if field in ATTRIBUTES}
    known = {name: value for name, value in named.items() if value is not None}
    if "sequence" in known:
        known["sequence"] = str(known["sequence"])
    return known | {"specversion": "1.0", "datacontenttype": "application/json"}


def _but_time(read: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
    """Without the time that the binding gives to an event that has none."""
    return read if envelope.time else {name: value for name, value in read.items() if name != "time"}


@settings(print_blob=True, deadline=None)
@given(envelopes)
def test_what_we_write_the_cloudevents_binding_reads(envelope: Envelope) -> None:
    body = {"amount": 1_000_000}
    record = kafka.KafkaMessage(
        dict(record_headers(envelope)), envelope.key.encode(), json.dumps(body).encode()
    )
    read = kafka.from_binary_event(record)
    assert _but_time(read.get_attributes(), envelope) == attributes(envelope)
    assert read.get_data() == body


@settings(print_blob=True, deadline=None)
@given(envelopes)
def test_what_the_cloudevents_binding_writes_we_read(envelope: Envelope) -> None:
    written = kafka.to_binary_event(CloudEvent(attributes(envelope), {"amount": 1_000_000}))
    read = from_headers(read_headers(written.headers.items()))
    assert read == envelope._replace(traceparent=None, time=envelope.time or read.time)
    assert written.key == read.key
    assert json.loads(written.value) == {"amount": 1_000_000}


@settings(print_blob=True, deadline=None)
@given(envelopes)
def test_what_we_write_we_read(envelope: Envelope) -> None:
    assert from_headers(read_headers(record_headers(envelope))) == envelope


def test_headers_stand_as_text_and_as_bytes() -> None:
    assert to_headers(FULL) == {
        "ce_specversion": "1.0",
        "content-type": "application/json",
        "ce_id": ID,
        "ce_type": "billing.hold.ToppedUp.v1",
        "ce_source": "/stoppoc/hold",
        "ce_partitionkey": "acme",
        "ce_correlationid": "cart-7",
        "ce_time": "2026-03-06T02:00:00Z",
        "ce_subject": "acme",
        "ce_causationid": "cause",
        "ce_sequence": "7",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    assert record_headers(FULL) == [(name, text.encode()) for name, text in to_headers(FULL).items()]


def test_the_published_schema_of_the_headers_names_what_is_written_and_what_must_be_there() -> None:
    assert set(headers_schema(ToppedUp)["properties"]) == set(to_headers(FULL))
    assert {name for name in LEAST if name not in REQUIRED} == set()
    for name in headers_schema(ToppedUp)["properties"]:
        without = {other: text for other, text in to_headers(FULL).items() if other != name}
        if name in REQUIRED:
            with pytest.raises(Unreadable):
                from_headers(without)
        else:
            assert from_headers(without).id == ID


def test_a_record_with_the_least_is_read() -> None:
    assert from_headers(LEAST) == Envelope(
        id=ID, type="billing.hold.TopUp.v1", source="/portal", key="", correlation_id=ID
    )


def test_an_id_is_read_in_canonical_form() -> None:
    assert from_headers(LEAST | {"ce_id": ID.upper()}).id == ID
    assert from_headers(LEAST | {"ce_id": ID.replace("-", "")}).correlation_id == ID


def test_a_time_is_read_in_utc_whatever_its_offset() -> None:
    read = from_headers(LEAST | {"ce_time": "2026-03-06T09:00:00.5+07:00"})
    assert read.time == datetime(2026, 3, 6, 2, 0, 0, 500_000, UTC)
    assert read.time.tzinfo is UTC


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json"]
)
def test_json_is_taken_for_json_however_it_is_written(content_type: str) -> None:
    assert from_headers(LEAST | {"content-type": content_type}).id == ID


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_a_record_without_a_required_header_is_refused_by_name(name: str, how: str) -> None:
    headers = {other: text for other, text in LEAST.items() if other != name} | (
        {name: ""} if how == "empty" else {}
    )
    with pytest.raises(Unreadable) as refusal:
        from_headers(headers)
    assert str(refusal.value) == f"header {name} is missing"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("ce_specversion", "0.3", "header ce_specversion is '0.3', not '1.0'"),
        ("content-type", "text/xml", "header content-type is 'text/xml', not 'application/json'"),
        (
            "content-type",
            "application/cloudevents+json",
            "header content-type is 'application/cloudevents+json', not 'application/json'",
        ),
        ("ce_id", "one", "header ce_id is 'one', not a UUID"),
        ("ce_id", "x" * 100, f"header ce_id is {'x' * 80!r}, not a UUID"),
        ("ce_time", "soon", "header ce_time is 'soon', not an RFC 3339 instant"),
        ("ce_time", "", "header ce_time is '', not an RFC 3339 instant"),
        ("ce_time", "2026-03-06T02:00:00", "header ce_time is '2026-03-06T02:00:00', without an offset"),
        (
            "ce_time",
            "0001-01-01T00:00:00+07:00",
            "header ce_time is '0001-01-01T00:00:00+07:00', out of range in UTC",
        ),
        ("ce_sequence", "-1", "header ce_sequence is '-1', not a number"),
        ("ce_sequence", "", "header ce_sequence is '', not a number"),
        ("ce_sequence", "٣", "header ce_sequence is '٣', not a number"),
        ("ce_sequence", "1" * 19, f"header ce_sequence is {'1' * 19!r}, not a number"),
    ],
)
def test_a_header_that_is_not_what_it_should_be_is_refused_in_words(name: str, text: str, why: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        from_headers(LEAST | {name: text})
    assert str(refusal.value) == why


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "header ce_type is null"),
        (b"\xff", "header ce_type is not UTF-8"),
        (b"a\0", "header ce_type holds a NUL"),
    ],
)
def test_a_header_that_is_no_text_is_refused_in_words(value: bytes | None, why: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_headers([("ce_id", b"1"), ("ce_type", value)])
    assert str(refusal.value) == why


@settings(print_blob=True, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*to_headers(FULL), "other"]), st.binary(max_size=40) | texts.map(str.encode)
    )
)
def test_no_headers_do_worse_than_being_refused(headers: dict[str, bytes]) -> None:
    try:
        from_headers(read_headers((LEAST_AS_BYTES | headers).items()))
    except Unreadable as refusal:
        assert str(refusal).startswith("header ")  # noqa: PT017 - either way is right; refused, it says of what


LEAST_AS_BYTES = {name: text.encode() for name, text in LEAST.items()}


def test_an_instant_is_written_in_utc() -> None:
    assert timestamp(datetime(2026, 3, 6, 9, tzinfo=timezone(timedelta(hours=7)))) == "2026-03-06T02:00:00Z"
    assert timestamp(datetime(2026, 3, 6, 2, 0, 0, 5, UTC)) == "2026-03-06T02:00:00.000005Z"


def test_a_derived_id_may_be_a_message_id() -> None:
    derived = ids.derived_id(ID, "0", 1_772_762_400_000)
    assert from_headers(LEAST | {"ce_id": derived}).id == derived
