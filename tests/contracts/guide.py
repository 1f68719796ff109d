"""docs/integrate.md as its tests read it: examples, tables of answers, flows. Run as a module it writes those tables
that are the code's own words: `python -m tests.contracts.guide`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from services.checkout import reasons as of_checkout
from services.hold import reasons as of_hold
from services.invoicing import reasons as of_invoicing
from services.lifecycle import reasons as of_lifecycle
from services.notify import reasons as of_notify
from services.payments import reasons as of_payments
from shared.contracts.charges import PlaceCharge, PlaceHold
from shared.contracts.message import Command, Message
from shared.contracts.pages import named_answers
from shared.contracts.payments import RequestPayment
from shared.contracts.registry import REGISTRY
from shared.contracts.resources import (
    ConvertCluster,
    ConvertResource,
    CreateResource,
    ExpireResource,
    RecoverResource,
    RenewResource,
    ResizeResource,
)

GUIDE: Final = Path(__file__).parents[2] / "docs" / "integrate.md"
REASONS: Final[Mapping[type[Command], tuple[StrEnum, ...]]] = {
    **of_checkout.REFUSALS,
    **of_lifecycle.REFUSALS,
    **of_hold.REFUSALS,
    **of_invoicing.REFUSALS,
    **of_notify.REFUSALS,
    RequestPayment: tuple(of_payments.Reason),
}
NAMED: Final[Mapping[str, type[Message]]] = {message.__name__: message for message in REGISTRY}
WHY_NOT: Final[Mapping[str, type[Command]]] = {
    "the wallet could not be charged": PlaceCharge,
    "credit could not be held": PlaceHold,
    "it was not paid from outside": RequestPayment,
    "a resource was not converted": ConvertResource,
    "a cluster was not converted": ConvertCluster,
    "its POC was not stopped without paying": ExpireResource,
    "it was not made": CreateResource,
    "it was not renewed": RenewResource,
    "it was not resized": ResizeResource,
    "it was not recovered": RecoverResource,
}

_FENCE: Final = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FLOW: Final = re.compile(
    r"^### ([^\n]+)\n\nPlayed in \[[^\]]+\]\(([^)]+)\), its (first|second) `(\w+)`\.\n\n(.*?)\n\n",
    re.MULTILINE | re.DOTALL,
)
_ORDINALS: Final = ("first", "second")


class Fence(NamedTuple):
    """A fenced example: what it is of, and what it says."""

    sort: str
    name: str
    text: str


class Step(NamedTuple):
    """One row of a flow: who says what, because of what."""

    by: str
    says: str
    because: str


class Flow(NamedTuple):
    """What follows from one command, and the scenario in which it does."""

    title: str
    scenario: Path
    nth: int
    command: str
    steps: tuple[Step, ...]


def fences() -> list[Fence]:
    """Every fenced example of the guide."""
    return [Fence(*found) for found in _FENCE.findall(GUIDE.read_text())]


def flows() -> list[Flow]:
    """Every flow of the guide."""
    return [
        Flow(title, (GUIDE.parent / scenario).resolve(), _ORDINALS.index(nth), command, tuple(_steps(table)))
        for title, scenario, nth, command, table in _FLOW.findall(GUIDE.read_text() + "\n\n")
    ]


def _steps(table: str) -> Iterator[Step]:
    for line in table.splitlines()[2:]:
        by, says, because = (re.sub(r"[`* ]", "", cell) for cell in line.strip("|").split("|"))
        yield Step(by, says, because)


def answers() -> list[str]:
    """The rows of the table of answers."""
    commands = [message for message in REGISTRY if issubclass(message, Command) and message.public]
    return [
        f"| `{command.__name__}` | {_listed(named_answers(command))} | {_listed(REASONS[command])} |"
        for command in commands
    ]


def whys() -> list[str]:
    """The rows of the table of what can go wrong after an order was placed."""
    return [f"| {why} | {_listed(REASONS[command])} |" for why, command in WHY_NOT.items()]


def _listed(words: tuple[str, ...]) -> str:
    return " ".join(f"`{word}`" for word in words)


def written(text: str) -> str:
    """The guide with the code's own words in its tables."""
    for head, rows in (("| command | answered by | reasons |", answers()), ("| why | reasons |", whys())):
        table = re.compile(rf"({re.escape(head)}\n[|-]+\n)(?:\|.*\n)*")
        body = "".join(f"{row}\n" for row in rows)
        text = table.sub(lambda found, body=body: f"{found[1]}{body}", text)  # type: ignore[misc]  # the body of this table
    return text


if __name__ == "__main__":
    GUIDE.write_text(written(GUIDE.read_text()))
