"""Ids: UUIDv7 by the standard library's own reading, ordered in time, and the same again when derived again."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ids import canonical, derived_id, new_id

texts = st.text(max_size=40).filter(lambda text: text.isprintable())
milliseconds = st.integers(0, 2**48 - 1)


def stamp(text: str) -> int:
    """The milliseconds in the first 48 bits."""
    return UUID(text).int >> 80


def is_uuid7(text: str) -> bool:
    read = UUID(text)
    return str(read) == text and read.version == 7 and read.variant == RFC_4122


def test_a_new_id_is_a_uuid7_of_now() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert is_uuid7(made)
    assert before <= stamp(made) <= time.time_ns() // 1_000_000


def test_new_ids_differ() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


@settings(print_blob=True, deadline=None)
@given(texts, texts, milliseconds)
def test_a_derived_id_is_a_uuid7_of_its_instant_and_always_the_same(
    cause: str, part: str, at_ms: int
) -> None:
    derived = derived_id(cause, part, at_ms)
    assert is_uuid7(derived)
    assert stamp(derived) == at_ms
    assert derived_id(cause, part, at_ms) == derived


def test_a_derived_id_is_the_same_in_every_release() -> None:
    cause = "01956a2f-3c00-7abc-8def-0123456789ab"
    assert derived_id(cause, "0", 1_772_762_400_000) == "019cc0df-8500-7cd0-8e4f-c4e755f776f1"


def test_consequences_of_one_cause_differ_by_part_and_those_of_one_part_by_cause() -> None:
    causes = [f"01956a2f-3c00-7abc-8def-{number:012x}" for number in range(50)]
    derived = {derived_id(cause, str(part), 0) for cause in causes for part in range(50)}
    assert len(derived) == 2_500


@settings(print_blob=True, deadline=None)
@given(st.uuids())
def test_every_way_to_write_an_id_has_one_canonical_form(made: UUID) -> None:
    for written in (str(made), str(made).upper(), made.hex, made.urn, f"{{{made}}}"):
        assert canonical(written) == str(made)


@pytest.mark.parametrize(
    "text", ["", "one", "01956a2f-3c00-7abc-8def-0123456789a", "g1956a2f-3c00-7abc-8def-0123456789ab"]
)
def test_what_is_no_id_has_no_canonical_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"badly formed|invalid literal"):
        canonical(text)
