"""How far an order is: the same whatever order its messages come in, and drawn so that it fits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any, TypeVar

import pytest
from rich.console import Console

from deploy.cli.hearing import Heard
from deploy.cli.live import screen
from deploy.cli.progress import Progress, drawn, shown_lines
from deploy.cli.telling import told
from deploy.cli.watch import Watched, follow
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import ResourceConverted
from shared.contracts.message import Message
from shared.contracts.months import MonthCloseStarted, MonthRecorded
from shared.contracts.orders import Order, OrderCompleted, OrderLine, PocStopped
from shared.contracts.owed import InvoicePaid, InvoicePartlyPaid, PaymentRefused
from shared.contracts.registry import REGISTRY
from tests.support.seeds import seeded_random

M = TypeVar("M", bound=Message)

ORDER = str(Order.example["order"])


def made(model: type[M], **changes: Any) -> M:
    """The model's example, with these changes."""
    return model.model_validate_json(json.dumps(dict(model.example) | changes))


def order(version: int, status: str = "provisioning", **more: Any) -> Order:
    return made(Order, version=version, status=status, **more)


def line(nr: int, status: str = "pending", version: int = 1) -> OrderLine:
    reason = "provider_refused" if status == "failed" else None
    return made(
        OrderLine, id=f"{ORDER}:{nr}", resource=f"vol-{nr}", status=status, version=version, reason=reason
    )


def invoice(nr: int) -> InvoiceIssued:
    return made(InvoiceIssued, invoice=f"i-{nr}", order=ORDER)


def story() -> list[Message]:
    return [
        order(1, "awaiting_payment"),
        *(line(nr) for nr in range(1, 5)),
        order(2),
        *(line(nr, "done", 2) for nr in range(1, 4)),
        line(4, "failed", 2),
        order(6, "partly_completed", done=3, failed=1),
    ]


def heard(message: Message, correlation: str = "c") -> Heard:
    return Heard(message, "id", correlation, datetime(2026, 3, 6, 2, tzinfo=UTC))


def printed(width: int = 100) -> tuple[Console, StringIO]:
    out = StringIO()
    return Console(file=out, width=width, highlight=False), out


def test_an_order_ends_the_same_whatever_is_heard_first() -> None:
    dice = seeded_random()
    for _ in range(20):
        messages, progress = story() * 2, Progress()
        dice.shuffle(messages)
        for message in messages:
            progress.take(message)
        assert progress.ended
        assert (progress.count("done"), progress.count("failed"), progress.missing) == (3, 1, 0)
        assert progress.order is not None
        assert progress.order.status == "partly_completed"


def test_an_order_has_not_ended_while_a_line_of_it_is_not_known_to_be() -> None:
    progress = Progress()
    for message in (order(6, "completed"), *(line(nr, "done", 2) for nr in range(1, 4))):
        progress.take(message)
    assert not progress.ended
    progress.take(line(4, "done", 2))
    assert progress.ended


def test_an_order_that_is_cancelled_has_ended_at_once() -> None:
    progress = Progress()
    progress.take(order(2, "cancelled"))
    assert progress.ended


@pytest.mark.parametrize("pay", ["credit", "top_up", "gateway", "on_behalf"])
def test_each_line_bought_with_real_money_waits_for_its_invoice(pay: str) -> None:
    progress = Progress()
    for message in story():
        progress.take(message.model_copy(update={"pay": pay}) if isinstance(message, Order) else message)
    assert progress.uninvoiced == 3
    for nr in range(3):
        progress.take(invoice(nr))
    assert progress.uninvoiced == 0
    assert not progress.is_over
    progress.take(made(PocStopped))
    assert progress.is_over


def test_it_is_drawn_with_every_line_and_a_bar() -> None:
    progress, (out, text) = Progress(), printed()
    for message in story():
        progress.take(message)
    out.print(drawn(progress))
    for part in (
        "vol-1",
        "vol-4",
        "provider_refused",
        "181,000",
        "3 done, 1 failed, 0 to go",
        "partly completed",
    ):
        assert part in text.getvalue()


def test_of_a_large_order_the_failures_and_the_last_lines_are_drawn() -> None:
    progress = Progress()
    progress.take(order(9, lines=500))
    for nr in range(1, 501):
        progress.take(line(nr, "failed" if nr == 7 else "done", 2))
    assert [one.resource for one in shown_lines(progress)] == [
        "vol-7",
        *(f"vol-{nr}" for nr in range(478, 501)),
    ]


def test_without_a_terminal_each_thing_said_is_a_line() -> None:
    progress, (out, text) = Progress(), printed()
    with screen(out, progress) as picture:
        picture.tell(heard(made(ResourceConverted)))
        picture.tell(heard(order(1)))
    assert text.getvalue() == "  02:00:00.000  lifecycle     srv-1 is paid now\n"


def test_on_a_terminal_the_picture_is_gone_at_the_end() -> None:
    progress, text = Progress(), StringIO()
    progress.take(order(1))
    with screen(Console(file=text, width=80, force_terminal=True), progress) as picture:
        picture.tell(heard(made(ResourceConverted)))
    assert "srv-1 is paid now" in text.getvalue()
    assert "to go" in text.getvalue()


@pytest.mark.parametrize("event", [one for one in REGISTRY if one.form == "event" and "order" in one.model_fields], ids=lambda one: one.__name__)  # fmt: skip
def test_whatever_names_an_order_is_told_in_a_sentence(event: type[Message]) -> None:
    said = told(made(event))
    assert said is not None
    assert said.words
    assert (said.good is False) >= event.__name__.endswith("Refused")


async def test_what_is_about_another_order_is_not_taken() -> None:
    other = made(OrderCompleted, order="another")
    wanted = [heard(one, "job") for one in story()]
    watched = Watched(ORDER)
    told_of = [
        one async for one in follow(_saying([heard(other), *wanted, heard(invoice(1))]), watched, "c", 0.2)
    ]
    assert [one.message for one in told_of] == [*story(), invoice(1)]
    assert watched.progress.ended


async def _saying(messages: list[Heard]) -> AsyncIterator[Heard]:
    for one in messages:
        yield one
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    "event", [InvoicePaid, InvoicePartlyPaid, MonthCloseStarted, MonthRecorded, PaymentRefused]
)
def test_what_is_paid_and_what_a_month_came_to_is_told_in_a_sentence(event: type[Message]) -> None:
    said = told(made(event))
    assert said is not None
    assert said.words.strip("0123456789 ,.")
