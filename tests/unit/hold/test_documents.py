"""What hold's README and the examples of its messages promise is what the rules do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import services.hold
from services.hold.held import ProductHold
from services.hold.reasons import REFUSALS, Reason
from services.hold.rules import REFUSED_WITH, RULES, snapshot
from services.hold.service import HOLD
from services.hold.state import Account, CreditWallet, PocWallet
from shared.contracts import hold as says
from shared.contracts.message import Command, Event, State
from tests.unit.hold.cases import NEXT_WEEK, POSTPAID

README = (Path(services.hold.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize("command", REFUSALS)
def test_the_readme_lists_the_reasons_of_a_command_in_their_order(command: type[Command]) -> None:
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `{command.__name__}`"))
    assert re.findall(r"`(\w+)`", row.split("|")[-2]) == list(REFUSALS[command])


def test_every_command_has_a_rule_its_reasons_and_its_refusal() -> None:
    commands = {message for message in HOLD.registry if message.form == "command"}
    jobs = {job.message for job in HOLD.jobs}
    assert set(REFUSALS) == set(REFUSED_WITH) == commands - jobs
    assert {message for message in RULES if message.form == "command"} == commands


def test_the_readme_tells_of_all_that_is_read_of_others_and_of_all_jobs() -> None:
    others = {message.__name__ for message in RULES if message.service != "hold"}
    assert [name for name in sorted(others) if f"`{name}`" not in README] == []
    assert [job.name for job in HOLD.jobs if f"`{job.name}`" not in README] == []


def test_every_reason_is_given_by_some_command_and_reads_as_a_sentence() -> None:
    assert {reason for reasons in REFUSALS.values() for reason in reasons} == set(Reason)
    assert all(reason.sentence[0].isupper() and reason.sentence.endswith(".") for reason in Reason)


@pytest.mark.parametrize(("command", "event"), REFUSED_WITH.items())
def test_the_example_of_a_refusal_is_one_that_can_happen(command: type[Command], event: type[Event]) -> None:
    (reason,) = (reason for reason in REFUSALS[command] if reason == event.example["reason"])
    assert event.example["explanation"] == reason.sentence


@pytest.mark.parametrize(
    ("account", "told"),
    [
        (
            POSTPAID,
            says.Account(
                account="acme",
                mode="postpaid",
                email="billing@acme.example",
                credit=says.Credit(total=0, held=0, available=0),
            ),
        ),
        (
            Account(
                *("b", "prepaid", "b@b.vn", CreditWallet(5, 7), PocWallet(NEXT_WEEK, 10, 5, 3, 1), 9),
                (
                    ProductHold("b", "snapshot", 1, 2, 3),
                    ProductHold("b", "vcontainer", 3, 4, 4, 1, 2, NEXT_WEEK, NEXT_WEEK),
                ),
            ),
            says.Account(
                account="b",
                mode="prepaid",
                email="b@b.vn",
                credit=says.Credit(total=5, held=7, available=-2),
                poc=says.Poc(granted=10, balance=7, until=NEXT_WEEK, enabled=True),
                holds=(
                    says.ProductHold(product="snapshot", actual=1, estimate=2, held=3, debt=0),
                    says.ProductHold(
                        product="vcontainer",
                        actual=3,
                        estimate=4,
                        held=4,
                        debt=3,
                        debt_days=2,
                        counted_until=NEXT_WEEK,
                    ),
                ),
            ),
        ),
    ],
)
def test_a_snapshot_tells_the_account_whole(account: Account, told: State) -> None:
    assert snapshot(account) == told
