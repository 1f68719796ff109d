"""However lives and the closings of months are told, late or early: each minute is paid once, at its price, and every document
adds up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from hypothesis import given
from hypothesis import strategies as some

from services.hold.rules.balancing import meters_of
from services.hold.rules.meters import configured, ended
from services.hold.rules.settling import settle
from services.hold.state import Account, CreditWallet
from services.invoicing.metered import DueUse, MonthUse, Usage, UsageEnd, UseLine
from services.invoicing.rules import RULES
from services.invoicing.rules.months import unrecorded
from services.invoicing.state import Invoice, MonthBook
from shared import metering
from shared.contracts.charges import GiveBack, Settle
from shared.contracts.lifecycle import ResourceCreated, ResourceDeleted, ResourceResized
from shared.contracts.message import Message
from shared.contracts.months import MonthRecorded, RecordMonth
from shared.engine.decision import Cause, Known, Rule, Slice
from shared.metering import Rate
from shared.period import billing_month
from tests.support.calendars import odd_instant
from tests.support.seeds import seeded, tell_seed
from tests.support.spec import cause_id
from tests.unit.invoicing.cases import metered, told_of_node

# Whatever begins, ends or goes on in the first of them.
MONTHS: Final = 4


# Of hold, what counts use, without the days it would close on the way.
OF_HOLD: Final[Mapping[type[Message], Rule]] = {
    ResourceCreated: configured,
    ResourceResized: configured,
    ResourceDeleted: ended,
    Settle: settle,
}


@dataclass
class Desk:
    """Invoicing, message by message; what its store would load is put before the rules."""

    known: Known = field(default_factory=Known)
    usages: dict[str, Usage] = field(default_factory=dict)
    ends: dict[str, datetime] = field(default_factory=dict)
    lines: list[UseLine] = field(default_factory=list)
    invoices: dict[str, Invoice] = field(default_factory=dict)
    said: list[Message] = field(default_factory=list)
    # What hold hears: all that is told, and what follows from it.
    heard: list[Message] = field(default_factory=list)

    def hear(self, message: Message, number: int) -> None:
        at: datetime = getattr(message, "effective_at")  # noqa: B009 - every one of these has it
        if isinstance(message, RecordMonth):
            self._load(message.period, cause_id(number))
        decision = RULES[type(message)](message, self.known, Cause(cause_id(number), "invoicing", at))
        self.known.apply(decision)
        self.said += decision.says
        self.heard += [message, *decision.says]
        self.usages |= {one.id: one for one in decision.changes if isinstance(one, Usage)}
        self.invoices |= {one.id: one for one in decision.changes if isinstance(one, Invoice)}
        self.ends |= {row.usage: row.until for row in decision.adds if isinstance(row, UsageEnd)}
        self.lines += [row for row in decision.adds if isinstance(row, UseLine)]

    def _load(self, month: str, message: str) -> None:
        due = (self.known.get(DueUse, id_) for id_ in self.usages)
        ids = tuple(one.usage for one in due if one is not None and not one.over)
        self.known.put(Slice(message, ("acme",)))
        for one in (month, *unrecorded(ids, month, self.known)):
            lines = tuple(line for line in self.lines if line.month == one)
            self.known.put(MonthUse("acme", one, ids if one == month else (), lines))


# Of each resource: seconds to the next act, and its quantity then; it ends with the last, unless it goes on.
LIFE = some.tuples(
    some.lists(some.tuples(some.integers(0, 30 * 86_400), some.integers(1, 5)), max_size=5), some.booleans()
)


Lives = list[tuple[list[tuple[int, int]], bool]]
LIVES = some.lists(LIFE, min_size=1, max_size=3)


def life(number: int, at: datetime, acts: Sequence[tuple[int, int]], *, ends: bool) -> list[Message]:
    about = {"resource": f"node-{number}", "billing": "postpaid" if number == 2 else "hold"}
    told: list[Message] = [told_of_node(ResourceCreated, at, **about)]
    for seconds, quantity in acts:
        at += timedelta(seconds=seconds)
        told.append(told_of_node(ResourceResized, at, **about, metered=metered(quantity)))
    if ends:
        told.append(told_of_node(ResourceDeleted, at + timedelta(hours=7), **about))
    return told


def heard(lives: Lives, random: Random) -> tuple[Desk, datetime]:
    """From any day of the calendar on. What is told of one resource keeps its order, and so do the months; nothing else does.
    The last month is closed last; and when that is."""
    begins = odd_instant(random)
    month = metering.month_start(billing_month(begins))
    months = []
    while len(months) < MONTHS:
        ends = metering.month_end(month)
        months.append(RecordMonth(period=billing_month(month), shard=0, effective_at=ends))
        month = ends
    *early, last = months
    waiting: list[list[Message]] = [
        # Now and then a month is closed twice.
        [again for one in early for again in [one] * random.choice((1, 1, 2))],
        *(life(number, begins, acts, ends=ends) for number, (acts, ends) in enumerate(lives)),
    ]
    desk, number = Desk(), 0
    while left := [one for one in waiting if one]:
        desk.hear(random.choice(left).pop(0), number := number + 1)
    desk.hear(last, number + 1)
    return desk, last.effective_at


@seeded
@given(LIVES, some.randoms(use_true_random=False))
def test_each_minute_is_on_record_once_at_its_price(lives: Lives, random: Random) -> None:
    tell_seed()
    desk, until = heard(lives, random)
    expected: Counter[tuple[str, str]] = Counter()
    for id_, usage in desk.usages.items():
        for piece in metering.pieces(usage.starts, min(desk.ends.get(id_, until), until)):
            rate = Rate(usage.vnd, usage.quantity, usage.per)
            expected[id_, piece.month] = metering.amount(rate, piece.starts, piece.until)
    found: Counter[tuple[str, str]] = Counter()
    for line in desk.lines:
        found[line.usage, billing_month(line.starts)] += line.amount
    assert +found == +expected
    assert not -found
    _each_minute_once(desk, until)


def _each_minute_once(desk: Desk, until: datetime) -> None:
    """What was billed and not taken back covers each use from its first minute to its last, without a gap or an overlap."""
    edges: defaultdict[str, Counter[datetime]] = defaultdict(Counter)
    for line in desk.lines:
        sign = -1 if line.amount < 0 else 1
        edges[line.usage][line.starts] += sign
        edges[line.usage][line.until] -= sign
    for id_, usage in desk.usages.items():
        ends = min(desk.ends.get(id_, until), until)
        expected = {usage.starts: 1, ends: -1} if usage.starts < ends else {}
        assert {at: count for at, count in edges[id_].items() if count} == expected


@seeded
@given(LIVES, some.randoms(use_true_random=False))
def test_invoices_records_settlements_and_what_is_given_back_are_the_sums_of_the_lines(
    lives: Lives, random: Random
) -> None:
    tell_seed()
    desk, _ = heard(lives, random)
    on_invoices: Counter[str] = Counter()
    by_month: defaultdict[str, int] = defaultdict(int)
    for line in desk.lines:
        by_month[line.month] += line.amount
        if line.invoice is not None:
            on_invoices[line.invoice] += line.amount
    assert on_invoices == {one.id: one.amount for one in desk.invoices.values()}
    recorded = {one.month: one.amount for one in desk.said if isinstance(one, MonthRecorded)}
    assert recorded == dict(by_month)
    back = sum(one.amount for one in desk.said if isinstance(one, GiveBack))
    assert back == -sum(line.amount for line in desk.lines if line.invoice is None)
    settled: Counter[str] = Counter()
    for one in desk.said:
        if isinstance(one, Settle):
            settled[one.invoice] += one.amount
    held = {
        id_: one.amount for id_, one in desk.invoices.items() if one.resource is None or one.action == "use"
    }
    assert +settled == held
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for invoice in desk.invoices.values():
        numbers[invoice.month].append(invoice.sequence)
    for month, found in numbers.items():
        assert sorted(found) == list(range(1, len(found) + 1))
        book = desk.known.get(MonthBook, f"acme/{month}")
        assert book is not None
        assert book.issued == len(found)


@seeded
@given(LIVES, some.randoms(use_true_random=False))
def test_hold_lets_go_of_the_use_of_every_month_that_is_closed(lives: Lives, random: Random) -> None:
    tell_seed()
    desk, until = heard(lives, random)
    hold = Known()
    hold.put(Account("acme", "prepaid", "a@acme.example", CreditWallet(10**12)))
    for number, message in enumerate(desk.heard):
        if (rule := OF_HOLD.get(type(message))) is not None:
            at: datetime = getattr(message, "effective_at")  # noqa: B009 - every one of these has it
            hold.apply(rule(message, hold, Cause(cause_id(number), "hold", at)))
    for meter in meters_of("acme", "vcontainer", hold):
        assert meter.rate is None or meter.since >= until
        assert all(metering.month_start(month) >= until for month, _ in meter.closed)
