"""What lifecycle's README, its tables and the examples of its messages promise is what the rules do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

import services.lifecycle
from services.lifecycle.reasons import REFUSALS, Reason
from services.lifecycle.rules import REFUSED_WITH, RULES
from services.lifecycle.rules.telling import cluster_snapshot, resource_snapshot
from services.lifecycle.service import LIFECYCLE
from services.lifecycle.state import LIFE, THERE, Step
from shared.contracts import lifecycle as says
from shared.contracts import resources
from shared.contracts.message import Command, Event
from shared.contracts.parts import Term
from shared.contracts.resources import (
    CheckChanges,
    CheckEnds,
    CheckLife,
    CheckPocEnds,
    EndPoc,
    Status,
    StopMetered,
)
from tests.unit.lifecycle.cases import AT, DAY, POC_FROM, POC_PAID, POC_TO, cluster, held, metered, poc

README = (Path(services.lifecycle.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize("command", REFUSALS)
def test_the_readme_lists_the_reasons_of_a_command_in_their_order(command: type[Command]) -> None:
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `{command.__name__}`"))
    assert re.findall(r"`(\w+)`", row.split("|")[-2]) == list(REFUSALS[command])


def test_every_command_has_a_rule_its_reasons_and_its_refusal() -> None:
    commands = {message for message in resources.MESSAGES if message.form == "command"}
    # What the service says to itself is refused to nobody.
    assert (
        commands - {CheckChanges, CheckLife, CheckEnds, CheckPocEnds, EndPoc, StopMetered}
        == set(REFUSALS)
        == set(REFUSED_WITH)
    )
    assert commands < set(RULES)


def test_every_reason_is_given_by_some_command_and_reads_as_a_sentence() -> None:
    assert {reason for reasons in REFUSALS.values() for reason in reasons} == set(Reason)
    assert all(reason.sentence[0].isupper() and reason.sentence.endswith(".") for reason in Reason)


@pytest.mark.parametrize(("command", "event"), REFUSED_WITH.items())
def test_the_example_of_a_refusal_is_one_that_can_happen(command: type[Command], event: type[Event]) -> None:
    (reason,) = (reason for reason in REFUSALS[command] if reason == event.example["reason"])
    assert event.example["explanation"] == reason.sentence


def test_the_life_of_a_resource_has_every_status_and_every_step() -> None:
    reached = set(LIFE.values()) | {"creating"}
    assert reached == {status for status, _ in LIFE} == set(get_args(Status)) >= THERE
    # The POC wallet's end is a deletion, or as good as one.
    assert {step for _, step in LIFE} == set(get_args(Step)) - {"end_poc"}


def test_the_readme_draws_the_life_of_a_resource_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", README, re.MULTILINE)
    assert sorted(rows) == sorted((status, step, after) for (status, step), after in LIFE.items())


def test_a_snapshot_tells_the_resource_whole() -> None:
    assert resource_snapshot(poc(months=2, version=7)) == says.Resource(
        resource="srv-1", account="acme", cluster="k1", kind="server", product="vserver",
        flavor="s-general-1x1", quantity=1, billing="poc", status="active", starts=POC_FROM, until=POC_TO,
        auto_renew=False, months=2, terms=[Term(starts=POC_FROM, until=POC_TO, paid=POC_PAID)], version=7,
    )  # fmt: skip
    told = resource_snapshot(replace(held(), trash_until=AT + DAY))
    assert (told.metered, told.until, told.terms, told.trash_until) == (metered(), None, [], AT + DAY)


def test_a_snapshot_tells_whether_stop_poc_may_be_asked_for() -> None:
    assert cluster_snapshot(cluster(2, 5, version=3)) == says.Cluster(
        cluster="k1",
        account="acme",
        poc=True,
        stop_poc_available=True,
        poc_remaining=2,
        resources=5,
        version=3,
    )
    assert not cluster_snapshot(cluster(0, 5, poc=False)).stop_poc_available


def test_its_messages_are_in_its_registry() -> None:
    assert set(RULES) <= set(LIFECYCLE.registry)
