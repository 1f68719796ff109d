"""What notify's README and the examples of its messages promise is what the rules do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import services.notify
from services.notify.reasons import REFUSALS, Reason
from services.notify.rules import REFUSED_WITH, RULES
from services.notify.service import NOTIFY
from shared.contracts.message import Command
from shared.contracts.notify import MailKind

README = (Path(services.notify.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize("command", REFUSALS)
def test_the_readme_lists_the_reasons_of_a_command_in_their_order(command: type[Command]) -> None:
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `{command.__name__}`"))
    assert re.findall(r"`(\w+)`", row.split("|")[-2]) == list(REFUSALS[command])
    assert f"`{REFUSED_WITH[command].__name__}`" in row


def test_every_command_has_a_rule_and_its_reasons() -> None:
    commands = {m for m in NOTIFY.registry if m.form == "command" and m.service == "notify"}
    assert set(REFUSALS) == set(REFUSED_WITH) == commands
    assert commands == {message for message in RULES if message.form == "command"}


def test_all_else_that_is_heard_is_an_event() -> None:
    assert {message.form for message in RULES if message.service != "notify"} == {"event"}


def test_every_reason_is_given_by_some_command_and_reads_as_a_sentence() -> None:
    assert {reason for reasons in REFUSALS.values() for reason in reasons} == set(Reason)
    assert all(reason.sentence[0].isupper() and reason.sentence.endswith(".") for reason in Reason)


@pytest.mark.parametrize("refusal", REFUSED_WITH.values(), ids=lambda refusal: refusal.__name__)
def test_the_example_of_a_refusal_is_one_that_can_happen(refusal: type) -> None:
    (command,) = (command for command, event in REFUSED_WITH.items() if event is refusal)
    (reason,) = (reason for reason in REFUSALS[command] if reason == refusal.example["reason"])  # type: ignore[attr-defined]
    assert refusal.example["explanation"] == reason.sentence  # type: ignore[attr-defined]


def test_the_readme_names_every_mail() -> None:
    told = README.partition("## What is told")[2].partition("## Publishes")[0]
    rows = [line.split("|")[1] for line in told.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(get_args(MailKind))
