"""Logs: their form, what they carry, what they must never carry, and how often they repeat themselves."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

from shared.engine import log
from shared.engine.faults import RuleRaised
from shared.engine.log import REPEAT_SECONDS, Repeats, bind, redacted


@pytest.fixture(autouse=True)
def _own_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root, aiokafka = logging.getLogger(), logging.getLogger("aiokafka")
    handlers, level, their_level = root.handlers[:], root.level, aiokafka.level
    monkeypatch.delenv("STOPPOC_LOG", raising=False)
    monkeypatch.delenv("STOPPOC_LOG_LEVEL", raising=False)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    aiokafka.setLevel(their_level)


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    log.set_up("some", "w1", stream)
    return stream


def objects(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_one_object_with_who_says_it(out: io.StringIO) -> None:
    logging.getLogger("a.b").warning("two\nlines and %d", 3)
    [said] = objects(out)
    assert str(said.pop("time")).endswith("Z")
    assert said == {
        "level": "warning",
        "logger": "a.b",
        "text": "two\nlines and 3",
        "service": "some",
        "worker": "w1",
    }


def test_what_is_bound_is_on_every_line_inside_and_on_none_after(out: io.StringIO) -> None:
    with bind(correlation_id="c"), bind(message_id="m", key="k"):
        logging.getLogger("x").info("in")
    logging.getLogger("x").info("after")
    inside, after = objects(out)
    assert (inside["correlation_id"], inside["message_id"], inside["key"]) == ("c", "m", "k")
    assert after.keys() == {"time", "level", "logger", "text", "service", "worker"}


def test_a_field_that_is_not_on_the_list_is_left_out(out: io.StringIO) -> None:
    logging.getLogger("x").info("hi", extra={"count": 3, "body": '{"amount": 5}', "email": "a@b.vn"})
    assert objects(out)[0]["count"] == 3
    assert objects(out)[0].keys().isdisjoint({"body", "email"})


def test_the_form_for_people_is_one_line_that_ends_with_the_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOPPOC_LOG", "text")
    out = io.StringIO()
    log.set_up("some", "w1", out)
    with bind(key="k"):
        logging.getLogger("x").error("away")
    assert out.getvalue().partition(" ")[2] == "ERROR    some/w1 away key=k\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u:s3cret@127.0.0.1:5/db", "postgresql://u:***@127.0.0.1:5/db"),
        ("postgresql://u:p@ss@h/db", "postgresql://u:***@h/db"),
        ("postgresql:///db?user=u&password=s3cret&x=1", "postgresql:///db?user=u&password=***&x=1"),
        ("user=u password='s3 cret' dbname=d", "user=u password=*** dbname=d"),
        ("{'sasl_plain_password': 's3cret', 'a': 1}", "{'sasl_plain_password': ***, 'a': 1}"),
        ("mail to nguyen.an+x@mail.example.vn failed", "mail to ***@*** failed"),
        ('{"amount_vnd": 1500000, "key": "a-1"}', '{"amount_vnd": ***, "key": "a-1"}'),
        ("TopUp(account='a', amount=50000)", "TopUp(account='a', amount=***)"),
        ("short of 1.500.000 VND", "short of *** VND"),
        ("12 partitions of billing.some.commands.v1 on 127.0.0.1:9092", None),
        ("http://127.0.0.1:8080/ready answered 503", None),
    ],
)
def test_secrets_addresses_and_money_are_redacted(text: str, expected: str | None) -> None:
    assert redacted(text) == (text if expected is None else expected)


def test_redaction_reaches_text_fields_and_errors(out: io.StringIO) -> None:
    dsn = "postgresql://u:s3cret@h/db"
    try:
        raise OSError(f"cannot reach {dsn}")
    except OSError:
        logging.getLogger("x").exception("no database at %s", dsn, extra={"key": dsn})
    assert "s3cret" not in out.getvalue()
    assert out.getvalue().count("***") == 3
    assert "cannot reach" in str(objects(out)[0]["error"])


def test_what_pydantic_and_postgresql_quote_is_left_out(out: io.StringIO) -> None:
    class Body(BaseModel):
        note: int

    given = "for Lan, 5 million"
    refused = RuntimeError("insert failed\nDETAIL:  Failing row contains (lan\n, 5000000).")
    with pytest.raises(ValidationError) as caught:
        Body.model_validate({"note": given})
    refused.__cause__ = caught.value
    logging.getLogger("x").error("refused", exc_info=refused)
    assert "Lan" not in out.getvalue()
    assert "5000000" not in out.getvalue()
    assert "ValidationError" in out.getvalue()
    assert "insert failed" in out.getvalue()


def test_of_what_a_rule_raised_only_kind_and_place_are_told(out: io.StringIO) -> None:
    quoted = "whatever the message said"
    try:
        try:
            raise KeyError(quoted)
        except KeyError as error:
            raise RuleRaised(quoted) from error
    except RuleRaised:
        logging.getLogger("x").exception("parked")
    told = str(objects(out)[0]["error"])
    assert "whatever" not in told
    assert told.index("KeyError\n") < told.index("which led to") < told.index("RuleRaised\n")
    assert __file__ in told


def test_a_group_of_errors_is_told_whole(out: io.StringIO) -> None:
    logging.getLogger("x").error("all", exc_info=ExceptionGroup("many", [ValueError("one"), OSError("two")]))
    error = str(objects(out)[0]["error"])
    assert "ValueError: one" in error
    assert "OSError: two" in error


def test_the_chatter_of_the_kafka_client_is_held_back_and_counted() -> None:
    now, out = [0.0], io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(log.Json({}))
    handler.addFilter(Repeats(("aiokafka",), lambda: now[0]))
    # One of its own: real clients of other tests may still be speaking in theirs, at levels of their own.
    logger = logging.getLogger("aiokafka.of_this_test")
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    try:
        for second in range(int(REPEAT_SECONDS) * 2):
            now[0] = float(second)
            logger.error("Unable connect to node with id %s", second)
            if second == 1:
                logger.error("another line")
    finally:
        logger.removeHandler(handler)
    assert [(said["text"], said.get("suppressed")) for said in objects(out)] == [
        ("Unable connect to node with id 0", None),
        ("another line", None),
        ("Unable connect to node with id 30", 29),
    ]


def test_only_the_kafka_client_is_held_back(out: io.StringIO) -> None:
    for _ in range(3):
        logging.getLogger("shared.engine.x").warning("again")
        logging.getLogger("aiokafka.x").warning("chatter")
        logging.getLogger("aiokafka.x").info("small talk")
    assert [said["text"] for said in objects(out)] == ["again", "chatter", "again", "again"]
