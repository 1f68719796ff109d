"""A scenario's YAML is read as plain data with its lines, and whatever is not plain data is refused, fast."""

from __future__ import annotations

import time

import pytest

from deploy.simulate.document import MOST_BYTES, Fault, Mapped, read_document
from deploy.simulate.fields import plain


def read(text: str) -> object:
    return plain(read_document(text.encode()))


def test_values_are_what_json_would_have() -> None:
    assert read("{a: 1, b: 1_000, c: '1', d: 1.5, e: yes, f: ~, g: [x, y], h: }") == {
        "a": 1, "b": 1000, "c": "1", "d": 1.5, "e": True, "f": None, "g": ["x", "y"], "h": None,
    }  # fmt: skip


def test_a_name_is_text_even_where_yaml_would_see_a_truth_or_a_number() -> None:
    assert read("{on: 1, no: 2, 3: 4, null: 5}") == {"on": 1, "no": 2, "3": 4, "null": 5}


def test_a_time_stays_as_it_was_written() -> None:
    assert read("[2026-03-01, 2026-03-01T00:00, 2026-03-01 00:00:00, 010, 1:30]") == [
        "2026-03-01", "2026-03-01T00:00", "2026-03-01 00:00:00", 10, "1:30",
    ]  # fmt: skip


def test_every_name_knows_its_line() -> None:
    document = read_document(b"a: 1\nb:\n  c: 2\n")
    assert isinstance(document, Mapped)
    assert document.lines == {"a": 1, "b": 2}
    assert document.pairs["b"].line == 3


def test_an_alias_stands_for_what_it_names() -> None:
    assert read("a: &x {b: 1}\nc: *x") == {"a": {"b": 1}, "c": {"b": 1}}


_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("data", "line", "sentence"),
    [
        (b"", 1, "the file is empty"),
        (b"\n# only words\n", 1, "the file is empty"),
        (b"a: 1\n\tb: 2\n", 2, "the line is indented with a tab"),
        (b"a: 1\nb: {c\n", 3, "this is not YAML"),
        (b"a: [1, 2\nb: 3\n", 2, "this is not YAML"),
        (b"a: 1\nb: 2\na: 3\n", 3, "`a` stands here twice, first in line 1"),
        (b"a: !!python/object/apply:os.system ['true']\n", 1, "the tag"),
        (b"a: 1\n---\nb: 2\n", 2, "a second document begins"),
        (b"a: *b\n", 1, "*b names nothing"),
        (b"a: &a [*a]\n", 1, "*a names nothing"),
        (b"? [a, b]\n: c\n", 1, "a name was expected before the colon"),
        (b"a: 1\nb: \xff\n", 2, "the file is not UTF-8 text"),
        (b"a: 1\nb: \x00\n", 2, "a character that YAML does not allow: U+0000"),
        (b"a: 1\nb: \x7f\n", 2, "a character that YAML does not allow"),
        ("a: 1\nb: \ufffe\n".encode(), 2, "a character that YAML does not allow: U+FFFE"),
        (_BOMB.encode(), 6, "aliases counted as often as they stand"),
        (b"[" * 100_000, 1, "nested more than"),
        (b"a:\n" + b"- " * 50_000, 2, "nested more than"),
        (b"x" * (MOST_BYTES + 1), 1, "a scenario has at most"),
        (b"- a\n" * 900_000, 399_999, "more than 400,000 values"),
    ],
)  # fmt: skip
def test_what_is_no_plain_data_is_refused_with_its_line(data: bytes, line: int, sentence: str) -> None:
    started = time.perf_counter()
    with pytest.raises(Fault) as raised:
        read_document(data)
    assert sentence in raised.value.sentence
    assert abs(raised.value.line - line) <= (1 if line > 1000 else 0)
    assert time.perf_counter() - started < 30
