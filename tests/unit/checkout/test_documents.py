"""What checkout's README and the examples of its messages promise is what the rules do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import services.checkout
from services.checkout.reasons import REFUSALS, Reason
from services.checkout.rules import RULES, line_said, order_said
from services.checkout.service import CHECKOUT
from services.checkout.state import Order, OrderLine
from shared.contracts import orders
from shared.contracts.message import Command, Event
from tests.unit.checkout.instants import AT, TODAY
from tests.unit.checkout.standing import month_of

README: Final = (Path(services.checkout.__file__).parent / "README.md").read_text()
# Why an order that was placed ends; nothing is refused for it.
ENDS_AN_ORDER: Final = {Reason.ABANDONED}


@pytest.mark.parametrize("command", REFUSALS)
def test_the_readme_lists_the_reasons_of_a_command_in_their_order(command: type[Command]) -> None:
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `{command.__name__}`"))
    assert re.findall(r"`(\w+)`", row.split("|")[-2]) == list(REFUSALS[command])


def test_every_command_has_a_rule_and_its_reasons() -> None:
    commands = {
        message
        for message in CHECKOUT.registry
        if message.form == "command" and message.service == "checkout"
    }
    assert set(REFUSALS) == commands == {rule for rule in RULES if rule.form == "command"}


def test_every_reason_is_given_by_some_command_and_reads_as_a_sentence() -> None:
    assert {reason for reasons in REFUSALS.values() for reason in reasons} == set(Reason) - ENDS_AN_ORDER
    assert all(reason.sentence[0].isupper() and reason.sentence.endswith(".") for reason in Reason)


@pytest.mark.parametrize(
    "event", [orders.OrderRefused, orders.OrderCancelRefused, orders.CouponRefused, orders.PricesRefused]
)
def test_the_example_of_a_refusal_is_one_that_can_happen(event: type[Event]) -> None:
    assert event.example["explanation"] == Reason(event.example["reason"]).sentence


def test_every_refusal_that_can_answer_a_line_is_heard() -> None:
    heard = {rule.__name__ for rule in RULES if rule.service == "lifecycle"}
    assert heard >= {
        *("CreationRefused", "ConversionRefused", "RenewalRefused", "ResizeRefused", "RecoveryRefused"),
        *("ExpiryRefused", "ClusterConversionRefused"),
    }


def test_a_snapshot_tells_the_order_whole() -> None:
    order = Order("o-1", "k1", "acme", "buy", "poc", "provisioning", 9, 3, AT, "k1", "SAVE", 9, 4, 1, 1)
    assert order_said(order) == orders.Order(
        order="o-1", subject="k1", account="acme", action="buy", status="provisioning", pay="poc", total=9,
        given_back=4, lines=3, done=1, failed=1, coupon="SAVE", placed_at=AT, version=1,
    )  # fmt: skip


def test_a_snapshot_tells_the_line_whole() -> None:
    priced = month_of(TODAY)
    line = OrderLine("o-1", 2, "srv-1", "server", "s-1x1", 1, priced).ended("failed", "provider_refused")
    assert line_said(line) == orders.OrderLine(
        id="o-1:2",
        order="o-1",
        resource="srv-1",
        status="failed",
        reason="provider_refused",
        line=priced,
        version=2,
    )
