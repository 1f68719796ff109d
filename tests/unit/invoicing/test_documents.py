"""What is true of the documents after anything whatever has happened, in whatever order it is told."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as some

import services.invoicing
from services.invoicing.metered import Usage, UsageEnd
from services.invoicing.rules import RULES, snapshot
from services.invoicing.state import Closing, Invoice, Resource
from shared.contracts import invoicing as says
from shared.contracts.invoicing import InvoiceClosed, InvoiceIssued, UsageRecorded
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceDeleted,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.message import Event, Message
from shared.contracts.parts import Term, explained
from shared.engine.decision import Cause, Known
from shared.period import billing_month, minutes_between, months_after, to_minute
from shared.terms import unused_value
from tests.support.seeds import seeded, tell_seed
from tests.support.spec import cause_id
from tests.unit.invoicing.cases import AT, DAY, HALF, closing, invoice, line, metered, told, told_of_node


@dataclass
class Story:
    """The lives of some resources as lifecycle tells them, with what it itself holds of each: the reference."""

    told: list[Event] = field(default_factory=list)
    terms: dict[str, list[Term]] = field(default_factory=dict)
    given_back: Counter[str] = field(default_factory=Counter)

    def live(self, account: str, resource: str, acts: Iterable[tuple[str, int, int]]) -> None:
        """A server of that account: created, then these acts, each so many minutes after the one before."""
        at, terms = AT, self.terms.setdefault(resource, [])
        about = {"account": account, "resource": resource}
        first = line(to_minute(at), resource=resource)
        self._tell(told(ResourceCreated, at, **about, line=first), terms, first.value)
        for act, minutes, vnd in acts:
            at += timedelta(minutes=minutes, seconds=7)
            end = max(term.until for term in terms)
            if act == "renew":
                of = line(end, resource=resource, vnd=vnd)
                self._tell(told(ResourceRenewed, at, **about, line=of), terms, of.value)
            elif act == "resize" and at < end:
                of = line(to_minute(at), end, resource=resource, vnd=vnd, carried=unused_value(terms, at))
                self._end(resource, at)
                self._tell(told(ResourceResized, at, **about, line=of), terms, of.value)
            elif act == "delete":
                self._end(resource, at)
                self.told.append(told(ResourceDeleted, at, **about))
                return

    def _tell(
        self, event: ResourceCreated | ResourceRenewed | ResourceResized, terms: list[Term], paid: int
    ) -> None:
        assert event.line is not None
        self.told.append(event)
        terms.append(Term(starts=event.line.starts, until=event.line.until, paid=paid))

    def _end(self, resource: str, at: datetime) -> None:
        self.given_back[resource] += unused_value(self.terms[resource], at)
        self.terms[resource].clear()


ACTS: Final = some.lists(
    some.tuples(
        some.sampled_from(["renew", "renew", "resize", "resize", "delete"]),
        some.integers(0, 60_000),
        some.sampled_from([1, 7_777, 181_000, 362_000]),
    ),
    max_size=6,
)
LIVES: Final = some.lists(ACTS, min_size=1, max_size=6)


def stories(lives: list[list[tuple[str, int, int]]]) -> Story:
    story = Story()
    for number, acts in enumerate(lives):
        story.live(f"account-{number % 2}", f"srv-{number}", acts)
    return story


@dataclass
class Books:
    """What invoicing made of it."""

    known: Known = field(default_factory=Known)
    said: list[Message] = field(default_factory=list)
    rows: list[object] = field(default_factory=list)
    invoices: dict[str, Invoice] = field(default_factory=dict)
    usages: dict[str, Usage] = field(default_factory=dict)

    def hear(self, event: Event, number: int) -> None:
        at: datetime = getattr(event, "effective_at")  # noqa: B009 - every event of lifecycle has it
        decision = RULES[type(event)](event, self.known, Cause(cause_id(number), "invoicing", at))
        self.known.apply(decision)
        self.said += decision.says
        self.rows += decision.adds
        self.invoices |= {each.id: each for each in decision.changes if isinstance(each, Invoice)}
        self.usages |= {each.id: each for each in decision.changes if isinstance(each, Usage)}

    def closings(self) -> list[Closing]:
        return [row for row in self.rows if isinstance(row, Closing)]


def heard(events: Iterable[Event]) -> Books:
    books = Books()
    for number, event in enumerate(events):
        books.hear(event, number)
    return books


def shuffled(story: Story, random: Random) -> list[Event]:
    """As it may be read: what is told of one resource keeps its order, and nothing else does."""
    waiting: defaultdict[str, list[Event]] = defaultdict(list)
    for event in story.told:
        waiting[event.key].append(event)
    order = [event.key for event in story.told]
    random.shuffle(order)
    return [waiting[key].pop(0) for key in order]


def numbers(books: Books) -> dict[tuple[str, str], list[str]]:
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for event in books.said:
        if isinstance(event, InvoiceIssued):
            found[event.account, event.month].append(event.number)
    return found


@seeded
@given(LIVES, some.randoms(use_true_random=False))
def test_numbers_have_no_gap_in_whatever_order_it_is_told(
    lives: list[list[tuple[str, int, int]]], random: Random
) -> None:
    tell_seed()
    story = stories(lives)
    in_order, mixed = heard(story.told), heard(shuffled(story, random))
    for books in (in_order, mixed):
        for (_, month), found in numbers(books).items():
            assert found == [f"{month}-{number:06}" for number in range(1, len(found) + 1)]
    assert {at: len(found) for at, found in numbers(in_order).items()} == {
        at: len(found) for at, found in numbers(mixed).items()
    }


@seeded
@given(LIVES, some.randoms(use_true_random=False))
def test_each_thing_paid_for_is_invoiced_once_in_the_month_of_its_instant(
    lives: list[list[tuple[str, int, int]]], random: Random
) -> None:
    tell_seed()
    story = stories(lives)
    books = heard(shuffled(story, random))
    paid = [
        (event.key, billing_month(event.effective_at), event.line)
        for event in story.told
        if isinstance(event, ResourceCreated | ResourceRenewed | ResourceResized)
    ]
    issued = [(each.resource, each.month, each.line) for each in books.invoices.values()]
    assert sorted(map(repr, issued)) == sorted(map(repr, paid))


@seeded
@given(LIVES, some.randoms(use_true_random=False))
def test_what_invoices_say_was_not_used_is_what_was_given_back(
    lives: list[list[tuple[str, int, int]]], random: Random
) -> None:
    tell_seed()
    story = stories(lives)
    books = heard(shuffled(story, random))
    unused: Counter[str] = Counter()
    for how in books.closings():
        made = books.invoices[how.invoice]
        assert made.resource is not None
        assert 0 <= how.unused <= made.amount
        assert made.closed == how
        unused[made.resource] += how.unused
    assert unused == +story.given_back


@seeded
@given(LIVES, some.randoms(use_true_random=False))
def test_an_invoice_is_closed_at_most_once_and_those_not_closed_are_known_to_run(
    lives: list[list[tuple[str, int, int]]], random: Random
) -> None:
    tell_seed()
    story = stories(lives)
    books = heard(shuffled(story, random))
    closed = [how.invoice for how in books.closings()]
    assert len(closed) == len(set(closed))
    for resource in {
        (event.account, event.resource) for event in books.said if isinstance(event, InvoiceIssued)
    }:
        known = books.known.get(Resource, f"{resource[0]}/{resource[1]}")
        of_it = [id_ for id_, made in books.invoices.items() if made.resource == resource[1]]
        assert known is not None
        assert list(known.invoices) == [id_ for id_ in of_it if id_ not in closed]


@seeded
@given(LIVES)
def test_no_minute_is_in_two_invoices_of_a_resource(lives: list[list[tuple[str, int, int]]]) -> None:
    tell_seed()
    books = heard(stories(lives).told)
    minutes: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for made in books.invoices.values():
        assert made.line is not None
        assert made.resource is not None
        until = made.line.until if made.closed is None else made.closed.at
        if made.line.starts < until:
            minutes[made.resource].append((made.line.starts, until))
    for periods in minutes.values():
        ordered = sorted(periods)
        assert all(before[1] <= after[0] for before, after in pairwise(ordered))


CONFIGURATIONS: Final = some.lists(
    some.tuples(some.integers(0, 200_000), some.integers(1, 5)), min_size=1, max_size=12
)


@seeded
@given(CONFIGURATIONS, some.booleans())
def test_no_metered_minute_is_counted_twice_and_none_is_lost(
    configurations: list[tuple[int, int]], ends: bool
) -> None:
    tell_seed()
    at, events = AT, [told_of_node(ResourceConverted)]
    quantity_minutes, quantity = 0, 1
    last = at
    for seconds, size in configurations:
        at += timedelta(seconds=seconds)
        quantity_minutes += quantity * minutes_between(last, at)
        last, quantity = at, size
        events.append(told_of_node(ResourceResized, at, metered=metered(size)))  # type: ignore[arg-type]  # of another kind
    end = at + DAY
    if ends:
        quantity_minutes += quantity * minutes_between(last, end)
        events.append(told_of_node(ResourceDeleted, end))  # type: ignore[arg-type]  # of another kind
    books = heard(events)
    until = {row.usage: row.until for row in books.rows if isinstance(row, UsageEnd)}
    intervals = sorted((each.starts, until.get(id_)) for id_, each in books.usages.items() if id_ in until)
    assert [starts for starts, _ in intervals][1:] == [over for _, over in intervals][: len(intervals) - 1]
    counted = sum(
        each.quantity * minutes_between(each.starts, until[id_])
        for id_, each in books.usages.items()
        if id_ in until
    )
    assert counted == quantity_minutes
    assert len(books.usages) - len(until) == (0 if ends else 1)


@seeded
@given(CONFIGURATIONS)
def test_each_use_is_told_when_it_begins_and_once_more_when_it_ends(
    configurations: list[tuple[int, int]],
) -> None:
    tell_seed()
    at, events = AT, [told_of_node(ResourceConverted)]
    for seconds, size in configurations:
        at += timedelta(seconds=seconds)
        events.append(told_of_node(ResourceResized, at, metered=metered(size)))  # type: ignore[arg-type]  # of another kind
    books = heard([*events, told_of_node(ResourceDeleted, at)])
    recorded = [event for event in books.said if isinstance(event, UsageRecorded)]
    for usage in books.usages:
        begun, over = (event for event in recorded if event.usage == usage)
        assert begun.until is None
        assert over.until is not None
        assert over.until >= begun.starts
        assert over == begun.model_copy(update={"until": over.until, "effective_at": over.effective_at})


def test_the_state_of_an_invoice_tells_it_whole_and_how_it_was_closed() -> None:
    of = line()
    made = invoice(of)
    issued = says.Invoice.example | {
        "line": of.model_dump(mode="json"),
        "invoice": made.id,
        "order": "o-1",
    }
    issued |= {"action": "create", "issued_at": AT.isoformat()}
    open_ = {name: value for name, value in issued.items() if name not in ("closed_at", "unused", "version")}
    assert snapshot(made) == says.Invoice.model_validate_json(_json(open_ | {"version": 1}))
    how = closing(made, "delete", unused_minutes=21_600, unused=90_500, asked=2, at=HALF)
    assert snapshot(invoice(line(), closed=how)) == says.Invoice.model_validate_json(
        _json(issued | {"closed_at": to_minute(HALF).isoformat(), "unused": 90_500, "version": 2})
    )


def _json(body: object) -> str:

    return json.dumps(body)


def test_an_invoice_explains_its_amount() -> None:
    issued = InvoiceIssued.model_validate_json(_json(InvoiceIssued.example))
    assert issued.line is not None
    assert explained(issued.line)[-1] == f"To be paid: {issued.amount:,} VND."
    closed = InvoiceClosed.model_validate_json(_json(InvoiceClosed.example))
    assert closed.unused == closed.amount * closed.unused_minutes // closed.minutes
    assert months_after(issued.line.starts, 1) == issued.line.until


README: Final = (Path(services.invoicing.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize("message", [*RULES, *says.MESSAGES], ids=lambda message: message.__name__)
def test_the_readme_names_everything_that_is_read_and_said(message: type[Message]) -> None:
    assert f"`{message.__name__}`" in README
