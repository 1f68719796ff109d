"""Whatever happens to an account finds its days closed up to its own instant, whether their job has come by or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import assume
from hypothesis import given as drawn
from hypothesis import strategies as some

from services.hold.state import Account
from shared.contracts.hold import ToppedUp, TopUp
from shared.contracts.holding import CloseDay, DebtStopped, HoldShort
from shared.contracts.message import Event, Message
from shared.engine.decision import Slice
from tests.support.seeds import seeded, tell_seed
from tests.support.spec import Case, cause_id
from tests.unit.hold import cases
from tests.unit.hold.metered import (
    A_DAY,
    DAY,
    DAY_0,
    ESTIMATE,
    among,
    deleted,
    held,
    holding,
    meter,
    node,
    resized,
)

SECOND = timedelta(seconds=1)


def short_of(debt_days: int, total: int) -> Case:
    """acme at the beginning of a day, with one node that runs and so much credit."""
    hold = held(0, ESTIMATE, min(ESTIMATE, total), debt_days=debt_days, closed_until=DAY_0)
    slices = [Slice(cause_id(number), ("acme",)) for number in range(1, 9)]
    return cases.given(holding(hold, total=total), meter(), among("node-1"), *slices)


def night(number: int) -> CloseDay:
    return CloseDay(period="2026-03-06", shard=3, effective_at=DAY_0 + number * DAY)


def told(case: Case) -> list[Event]:
    return [event for decision in case.decisions for event in decision.says if isinstance(event, Event)]


def now(case: Case) -> Account:
    account = case.known.get(Account, "acme")
    assert account is not None
    return account


def test_a_top_up_that_waited_for_days_ends_a_debt_of_as_many() -> None:
    case = short_of(0, ESTIMATE)
    case.when(TopUp(account="acme", amount=10 * A_DAY, reference="r"), at=DAY_0 + 3 * DAY + SECOND)
    first, second, third, last = told(case)
    assert [(one.days, one.to_add) for one in (first, second, third) if isinstance(one, HoldShort)] == [
        (1, A_DAY),
        (2, 24_133),
        (3, ESTIMATE),
    ]
    assert isinstance(last, ToppedUp)
    assert last.credit.held == 2 * ESTIMATE
    assert [(hold.debt_days, hold.closed_until) for hold in now(case).holds] == [(0, DAY_0 + 3 * DAY)]


def test_at_its_very_end_a_day_is_over_and_a_second_before_it_is_not() -> None:
    for early, days in ((SECOND, 0), (0 * SECOND, 1)):
        case = short_of(0, ESTIMATE)
        case.when(TopUp(account="acme", amount=1, reference="r"), at=DAY_0 + DAY - early)
        assert now(case).holds[0].debt_days == days


def test_days_after_one_that_stopped_something_wait_for_what_comes_of_it() -> None:
    case = short_of(3, ESTIMATE)
    case.when(TopUp(account="acme", amount=1, reference="r"), at=DAY_0 + 5 * DAY + SECOND)
    assert [type(one) for one in told(case)] == [HoldShort, HoldShort, DebtStopped, ToppedUp]
    assert now(case).holds[0].closed_until == DAY_0 + 2 * DAY


def test_a_command_that_is_refused_leaves_the_days_to_their_job() -> None:
    case = short_of(0, ESTIMATE)
    case.when(TopUp(account="acme", amount=1, reference="\0"), at=DAY_0 + DAY)
    assert [type(one).__name__ for one in told(case)] == ["TopUpRefused"]
    assert now(case).holds[0].closed_until == DAY_0


COMMANDS = some.sampled_from(("top up", "resized", "deleted"))


@seeded
@drawn(
    some.integers(0, 4), some.integers(0, 12 * A_DAY), some.integers(1, 4), some.integers(0, 86_399), COMMANDS,
    some.integers(1, 9 * A_DAY),
)  # fmt: skip
def test_whoever_comes_first_it_is_as_if_the_days_had_been_closed_in_time(
    debt_days: int, total: int, nights: int, seconds: int, command: str, amount: int
) -> None:
    tell_seed()
    at = DAY_0 + nights * DAY + seconds * SECOND
    asked: dict[str, Message] = {
        "top up": TopUp(account="acme", amount=amount, reference="r"),
        "resized": resized(node(2), at),
        "deleted": deleted(node(), at),
    }
    closes = [night(number) for number in range(1, nights + 1)]
    in_time = _asked(short_of(debt_days, total), [*closes, asked[command]], at)
    late = _asked(short_of(debt_days, total), [asked[command], *closes], at)
    stops = [one.effective_at for one in told(in_time) if isinstance(one, DebtStopped)]
    # What is stopped in between is a story of its own.
    assume(not stops or stops[0] == closes[-1].effective_at)
    assert now(late) == now(in_time)
    assert told(late) == told(in_time)


def _asked(case: Case, asks: Sequence[Message], at: datetime) -> Case:
    for ask in asks:
        case.when(ask, at=ask.effective_at if isinstance(ask, CloseDay) else at)
    return case
