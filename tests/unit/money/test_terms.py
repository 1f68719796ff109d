"""What was used and what is given back are together what was paid, over any chain of acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as some

from shared.contracts.parts import Term
from shared.period import minutes_between, months_after, to_minute, unused
from shared.terms import unused_value
from tests.support.seeds import seeded, tell_seed

NOON = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PAID = some.integers(0, 10**9)


def test_periods_in_a_row_are_worth_what_each_is_worth_alone() -> None:
    first = Term(starts=NOON, until=months_after(NOON, 1), paid=181_000)
    second = Term(starts=first.until, until=months_after(NOON, 3), paid=362_001)
    assert unused_value((), NOON) == 0
    assert unused_value((first, second), NOON) == 543_001
    assert unused_value((first, second), NOON + 15 * DAY) == 90_500 + 362_001
    assert unused_value((first, second), first.until) == 362_001
    assert unused_value((first, second), second.until) == 0


@dataclass
class Life:
    """A resource as money sees it: what was paid, what came back, and the periods bought."""

    terms: list[Term]
    paid: int
    back: int = 0
    used: int = 0
    exact: Fraction = Fraction(0)
    closed: list[Term] = field(default_factory=list)

    @property
    def until(self) -> datetime:
        return self.terms[-1].until

    def renew(self, months: int, paid: int) -> None:
        self.terms.append(Term(starts=self.until, until=months_after(self.until, months), paid=paid))
        self.paid += paid

    def end(self, at: datetime) -> None:
        """All periods stop: what they have left comes back, the rest was used."""
        self.back += unused_value(self.terms, at)
        for term in self.terms:
            self.used += term.paid - unused(term.paid, term.starts, term.until, at)
            whole = minutes_between(term.starts, term.until)
            self.exact += Fraction(term.paid * min(max(minutes_between(term.starts, at), 0), whole), whole)
        self.closed += self.terms

    def resize(self, at: datetime, paid: int) -> None:
        until = self.until
        self.end(at)
        self.terms = [Term(starts=to_minute(at), until=until, paid=paid)]
        self.paid += paid


ACTS = some.lists(
    some.tuples(some.sampled_from(["renew", "resize"]), some.integers(0, 10**6), some.integers(1, 12), PAID),
    max_size=30,
)


@seeded
@given(some.integers(1, 60), PAID, ACTS, some.integers(0, 10**7))
def test_used_and_unused_are_what_was_paid_over_any_chain(
    months: int, paid: int, acts: list[tuple[str, int, int, int]], last: int
) -> None:
    tell_seed()
    life, at = Life([Term(starts=NOON, until=months_after(NOON, months), paid=paid)], paid), NOON
    for act, seconds, more, price in acts:
        at += timedelta(seconds=seconds)
        if act == "resize" and to_minute(at) < life.until:
            life.resize(at, price)
        else:
            life.renew(more, price)
    life.end(at + timedelta(seconds=last))
    assert life.paid == life.used + life.back
    assert 0 <= life.back <= life.paid
    # Each period is rounded once: what was used is off by half a VND for each at most.
    assert abs(life.used - life.exact) <= Fraction(len(life.closed), 2)
