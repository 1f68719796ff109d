"""docs/integrate.md: every example is a message that can be read, every answer and reason is one that can be given, and
every step of a flow is one that some service has a rule for."""

from __future__ import annotations

import importlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from shared.contracts import cloudevents
from shared.contracts.headers import headers_schema
from shared.contracts.message import Message
from shared.contracts.registry import REGISTRY
from shared.contracts.topics import topic_of
from tests.contracts.guide import GUIDE, NAMED, Fence, Flow, fences, flows, written

TEXT: Final = GUIDE.read_text()
FENCES: Final = fences()
FLOWS: Final = flows()
EXAMPLES: Final = [fence for fence in FENCES if fence.sort == "json"]
STATES: Final = {"Order", "OrderLine", "Resource", "Cluster", "Account", "Invoice", "Payment"}


def table(head: str) -> list[list[str]]:
    """The cells of the table that begins so."""
    lines = TEXT.splitlines()
    rows = lines[lines.index(head) + 2 :]
    rows = rows[: next(at for at, line in enumerate(rows) if not line.startswith("|"))]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_whatever_is_fenced_is_read_by_a_test() -> None:
    assert {fence.sort for fence in FENCES} == {"json", "record", "headers"}
    assert TEXT.count("\n```") == 2 * len(FENCES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.name}")
def test_an_example_is_read_as_it_is_written(example: Fence) -> None:
    read = NAMED[example.name].model_validate_json(example.text)
    said: dict[str, Any] = json.loads(example.text)
    again = json.loads(read.model_dump_json(exclude_unset=True))
    assert again == said


def test_every_public_command_is_in_the_table_with_its_service_and_has_an_example() -> None:
    public = {message.__name__: message.service for message in REGISTRY if message.public}
    rows = {re.sub("`", "", send): to for _, send, to, _ in table("| to do this | send | to | key |")}
    assert rows == public
    assert set(public) <= {example.name for example in EXAMPLES}


def test_the_tables_of_answers_and_reasons_are_the_codes_own_words() -> None:
    assert written(TEXT) == TEXT, "python -m tests.contracts.guide"


def test_every_state_is_in_the_table_with_its_service() -> None:
    rows = {
        re.sub("`", "", name): of for name, of, _, _ in table("| state | topic of | key | the later of two |")
    }
    assert rows == {name: NAMED[name].service for name in STATES}
    told = {message.__name__ for message in REGISTRY if message.form == "state"}
    assert told == STATES


def test_a_state_is_told_apart_by_its_version_where_it_is_said_so() -> None:
    for name, _, _, later in table("| state | topic of | key | the later of two |"):
        assert ("version" in NAMED[name.strip("`")].model_fields) == ("version" in later)


def test_whatever_one_may_listen_to_is_said_by_that_service() -> None:
    for _, names, of in table("| to know | listen to | of |"):
        for name in re.findall(r"`(\w+)`", names):
            assert (NAMED[name].service, NAMED[name].form) == (of, "event")


def test_every_message_named_in_the_guide_is_one() -> None:
    words = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", TEXT))
    assert words <= set(NAMED)


def _headers(text: str) -> dict[str, str]:
    pairs = [line.split(maxsplit=1) for line in text.strip().splitlines()]
    return {name: value for name, value in pairs}  # noqa: C416 - each pair is a list


def test_the_record_shown_is_a_command_on_its_topic_with_its_key() -> None:
    (record,) = (fence for fence in FENCES if fence.sort == "record")
    said = _headers(record.text)
    envelope = cloudevents.from_headers(
        {name: value for name, value in said.items() if name not in ("topic", "key", "value")}
    )
    model = REGISTRY.get(envelope.type)
    assert model is not None
    assert topic_of(model) == said["topic"]
    assert model.model_validate_json(said["value"]).key == said["key"]
    assert envelope.correlation_id == envelope.id


def test_the_headers_shown_are_those_of_an_answer_to_the_record_shown() -> None:
    (answer,) = (fence for fence in FENCES if fence.sort == "headers")
    (record,) = (fence for fence in FENCES if fence.sort == "record")
    said, asked = _headers(answer.text), _headers(record.text)
    model = NAMED[answer.name]
    schema = headers_schema(model)
    assert set(said) <= set(schema["properties"])
    assert said["ce_type"] == schema["properties"]["ce_type"]["const"]
    assert said["ce_causationid"] == said["ce_correlationid"] == asked["ce_id"]
    assert said["ce_partitionkey"] == asked["key"]
    assert cloudevents.from_headers(said).sequence == 1


@cache
def _hears(service: str) -> frozenset[str]:
    rules: dict[type[Message], object] = importlib.import_module(f"services.{service}.rules").RULES
    return frozenset(message.__name__ for message in rules)


def test_there_is_a_flow_for_stop_poc_in_each_of_its_ways() -> None:
    assert len(FLOWS) == TEXT.count("\n### ") >= 8
    assert {flow.command for flow in FLOWS} >= {"StopPoc", "Buy", "Renew", "Resize", "DeleteResource"}


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.title)
def test_each_step_of_a_flow_is_said_by_whom_it_may_because_of_what_that_one_reads(flow: Flow) -> None:
    first, *rest = flow.steps
    assert (first.by, first.says, first.because) == ("you", flow.command, "")
    assert NAMED[flow.command].public
    said = {flow.command}
    for step in rest:
        model = NAMED[step.says]
        assert step.because in said, f"{step.says} because of {step.because}, which nobody has said yet"
        assert step.because in _hears(step.by), f"{step.by} does not read {step.because}"
        assert model.form == "command" or model.service == step.by
        said.add(step.says)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.title)
def test_every_flow_is_played_in_a_scenario_that_is_there(flow: Flow) -> None:
    assert flow.scenario.is_file()
    assert len(re.findall(rf"send: {flow.command}$", flow.scenario.read_text(), re.MULTILINE)) > flow.nth


def test_links_of_the_guide_lead_to_files() -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT):
        assert (Path(GUIDE).parent / link).exists(), link
