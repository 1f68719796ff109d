"""What provisioning's README and the examples of its messages promise is what the rules do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import services.provisioning
from services.provisioning.reasons import REFUSALS, Reason
from services.provisioning.rules import RULES
from services.provisioning.service import PROVISIONING
from shared.contracts.message import Command
from shared.contracts.provisioning import ResourceChangeRefused

README = (Path(services.provisioning.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize("command", REFUSALS)
def test_the_readme_lists_the_reasons_of_a_command_in_their_order(command: type[Command]) -> None:
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `{command.__name__}`"))
    assert re.findall(r"`(\w+)`", row.split("|")[-2]) == list(REFUSALS[command])


def test_every_command_has_a_rule_and_its_reasons() -> None:
    commands = {message for message in PROVISIONING.registry if message.form == "command"}
    assert set(RULES) == set(REFUSALS) == commands


def test_every_reason_is_given_by_some_command_and_reads_as_a_sentence() -> None:
    assert {reason for reasons in REFUSALS.values() for reason in reasons} == set(Reason)
    assert all(reason.sentence[0].isupper() and reason.sentence.endswith(".") for reason in Reason)


def test_the_example_of_a_refusal_is_one_that_can_happen() -> None:
    (reason,) = (reason for reason in Reason if reason == ResourceChangeRefused.example["reason"])
    assert ResourceChangeRefused.example["explanation"] == reason.sentence
