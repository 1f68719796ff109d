"""CloseDay: at the end of a day credit is held anew, and days in debt are counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from services.hold.held import ProductHold
from services.hold.state import CreditWallet
from shared.contracts.hold import Credit, ToppedUp, TopUp
from shared.contracts.holding import CloseDay, DebtStopped, HoldShort
from shared.contracts.message import Event
from shared.engine.decision import Slice
from tests.support.spec import Case, cause_id
from tests.unit.hold import cases
from tests.unit.hold.metered import (
    A_DAY,
    DAY,
    DAY_0,
    ESTIMATE,
    SNAPSHOT_ESTIMATE,
    among,
    held,
    holding,
    meter,
    snap,
)

NIGHT = DAY_0 + DAY
NEEDED = A_DAY + ESTIMATE


def closing(at: datetime = NIGHT) -> CloseDay:
    return CloseDay(period="2026-03-06", shard=3, effective_at=at)


def given(*entities: object, nights: int = 1) -> Case:
    """What is known, and slices in which acme has its turn."""
    turns = [Slice(cause_id(number), ("acme",)) for number in range(1, nights + 1)]
    return cases.given(*entities, *turns)  # type: ignore[arg-type]  # all of them are entities


def short(event: type[Event], hold: ProductHold, days: int, at: datetime = NIGHT) -> Event:
    return event.model_validate(
        {
            **{"account": "acme", "product": hold.product, "held": hold.held, "needed": hold.needed},
            **{"to_add": hold.debt, "days": days, "effective_at": at},
        }
    )


def test_a_day_ends_with_its_use_held_for_too() -> None:
    hold = held(A_DAY, ESTIMATE, NEEDED, NIGHT, closed_until=NIGHT)
    given(holding(held(0, ESTIMATE, ESTIMATE)), meter(), among("node-1")).when(closing(), at=NIGHT).then(
        now=[holding(hold), hold]
    )


def test_each_product_is_counted_for_itself() -> None:
    node = held(A_DAY, ESTIMATE, NEEDED, NIGHT, closed_until=NIGHT)
    size = held(2_880, SNAPSHOT_ESTIMATE, 2_880 + SNAPSHOT_ESTIMATE, NIGHT, product="snapshot")
    size = replace(size, closed_until=NIGHT)
    before = held(0, SNAPSHOT_ESTIMATE, SNAPSHOT_ESTIMATE, product="snapshot")
    meters = (meter(), snap(), among("node-1"), among("snap-1", product="snapshot"))
    given(holding(before, held(0, ESTIMATE, ESTIMATE)), *meters).when(closing(), at=NIGHT).then(
        now=[holding(size, node), size, node]
    )


def test_a_day_that_ends_short_of_credit_is_told_with_what_to_add() -> None:
    total = ESTIMATE + 100
    hold = held(A_DAY, ESTIMATE, total, NIGHT, debt_days=1, closed_until=NIGHT)
    given(holding(held(0, ESTIMATE, ESTIMATE), total=total), meter(), among("node-1")).when(
        closing(), at=NIGHT
    ).then(short(HoldShort, hold, 1), now=[holding(hold, total=total), hold])
    assert hold.debt == 11_967


def test_a_product_is_stopped_at_the_close_of_the_fifth_day_in_a_row_and_the_count_begins_again() -> None:
    before = held(0, ESTIMATE, ESTIMATE, debt_days=4, closed_until=DAY_0)
    hold = held(A_DAY, ESTIMATE, ESTIMATE, NIGHT, debt_days=0, closed_until=NIGHT)
    given(holding(before, total=ESTIMATE), meter(), among("node-1")).when(closing(), at=NIGHT).then(
        short(HoldShort, hold, 5),
        short(DebtStopped, hold, 5),
        now=[holding(hold, total=ESTIMATE), hold],
    )


def test_it_takes_five_days_in_a_row() -> None:
    case = given(holding(held(0, ESTIMATE, ESTIMATE), total=ESTIMATE), meter(), among("node-1"), nights=6)
    for day in range(1, 7):
        case.when(closing(DAY_0 + day * DAY), at=DAY_0 + day * DAY)
    told = [
        (type(event).__name__, getattr(event, "days", 0)) for each in case.decisions for event in each.says
    ]
    assert told == [
        *(("HoldShort", day) for day in (1, 2, 3, 4, 5)),
        *(("DebtStopped", 5), ("HoldShort", 1)),
    ]


def test_out_of_debt_at_a_close_the_count_starts_again() -> None:
    before = held(0, ESTIMATE, 100, debt_days=4, closed_until=DAY_0)
    hold = held(A_DAY, ESTIMATE, NEEDED, NIGHT, closed_until=NIGHT)
    given(holding(before), meter(), among("node-1")).when(closing(), at=NIGHT).then(now=[holding(hold), hold])


def test_a_top_up_is_held_first_for_the_debt_and_ends_its_count() -> None:
    before = held(0, ESTIMATE, 30_000, debt_days=4, closed_until=DAY_0)
    hold = replace(before, held=ESTIMATE, debt_days=0)
    ask = TopUp(account="acme", amount=10_000, reference="r1")
    case = given(holding(before, total=30_000)).when(ask)
    (event,) = case.decisions[0].says
    assert isinstance(event, ToppedUp)
    assert event.credit == Credit(total=40_000, held=ESTIMATE, available=3_800)
    assert case.decisions[0].changes[:2] == (
        replace(holding(hold, total=40_000, transactions=5), credit=CreditWallet(40_000, ESTIMATE)),
        hold,
    )


def test_a_top_up_that_is_too_small_for_all_goes_to_the_oldest_debt() -> None:
    first = held(0, 500, 0, product="snapshot", debt_days=1)
    oldest = held(0, 500, 100, debt_days=2)
    ask = TopUp(account="acme", amount=450, reference="r1")
    case = given(holding(first, oldest, total=100)).when(ask)
    account = case.decisions[0].changes[0]
    assert account == holding(
        replace(first, held=50), replace(oldest, held=500, debt_days=0), total=550, transactions=5
    )


def test_what_runs_no_more_is_owed_and_not_in_debt() -> None:
    before = held(500, 0, 100, debt_days=3, closed_until=DAY_0)
    hold = held(500, 0, 100, NIGHT, closed_until=NIGHT)
    over = meter(None, DAY_0, ("2026-03", 500))
    given(holding(before, total=100), over, among("node-1")).when(closing(), at=NIGHT).then(
        now=[holding(hold, total=100), hold]
    )


def test_days_in_debt_are_forgotten_with_the_need() -> None:
    hold = held(0, 0, 0, closed_until=DAY_0)
    given(holding(replace(hold, debt_days=2))).when(closing(), at=NIGHT).then(now=[holding(hold), hold])


@pytest.mark.parametrize("closed", [NIGHT, NIGHT + DAY])
def test_a_day_counts_once(closed: datetime) -> None:
    before = held(A_DAY, ESTIMATE, 9, NIGHT + DAY, debt_days=2, closed_until=closed)
    given(holding(before, total=9), meter(None, DAY_0, ("2026-03", A_DAY)), among("node-1")).when(
        closing(), at=NIGHT
    )
    case = given(holding(before, total=9), meter(since=NIGHT + DAY), among("node-1"))
    case.when(closing(), at=NIGHT)
    assert case.decisions[0].says == ()


def test_an_account_that_needs_nothing_is_left_alone() -> None:
    given(holding(held(0, 0, 0))).when(closing(), at=NIGHT).then()


def test_an_account_that_is_unknown_is_passed_over() -> None:
    given().when(closing(), at=NIGHT).then()
