"""08:00: what ends soon renews itself on T-7, T-4, T-1 and T; who is not renewed is reminded, daily to T, then every third day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.lifecycle import when
from services.lifecycle.state import Ends, Resource, Watch
from shared.contracts.checkout import MOST_RENEWALS, RenewalDue, RenewDue
from shared.contracts.ends import ExpiryReminder, ResourceGraceBegan
from shared.contracts.orders import AutoRenewFailed
from tests.unit.lifecycle.cases import RENEW, but, given, held, line
from tests.unit.lifecycle.time import BEGIN, DAY, END, GONE, T, ends, found, life, morning, poc_ends, told

ACME = Ends("acme", ("srv-1",))
BEFORE = T - 8 * DAY


def seen(at: datetime, *waits: datetime, until: datetime = END) -> Watch:
    return Watch("srv-1", until, at, waits)


def renew_due(*resources: Resource, at: datetime) -> RenewDue:
    due = [
        RenewalDue(
            resource=each.id,
            kind=each.kind,
            flavor=each.flavor,
            quantity=each.quantity,
            cluster=each.cluster,
            until=each.until or END,
            months=each.months,
            version=each.version,
        )
        for each in resources
    ]
    return RenewDue(account="acme", resources=due, effective_at=at)


def reminder(at: datetime, days: int, resource: Resource | None = None) -> Any:
    resource = resource or ends()
    more = {"until": resource.until, "days": days, "auto_renew": resource.auto_renew}
    return told(ExpiryReminder, resource, at, **more)


def failed(due: datetime) -> AutoRenewFailed:
    why = {"reason": "credit_short", "explanation": "Less credit is available than that.", "missing": 1}
    about = {"account": "acme", "resource": "srv-1", "until": END, "amount": 181_000}
    return AutoRenewFailed.model_validate(about | why | {"due": due, "effective_at": due})


@pytest.mark.parametrize("days", range(7, -1, -1))
def test_each_morning_from_a_week_before_its_end_to_that_day_its_owner_is_reminded(days: int) -> None:
    at = T - days * DAY
    given(ends(), seen(at - DAY), ACME, found("acme")).when(morning(at), at=at).then(
        reminder(at, days), now=[seen(at)]
    )


@pytest.mark.parametrize("days", range(3, 31, 3))
def test_after_its_end_every_third_morning_until_it_is_released(days: int) -> None:
    at = T + days * DAY
    before = ends(status="grace" if days <= 15 else "suspended")
    given(before, seen(at - DAY), ACME, found("acme")).when(morning(at), at=at).then(
        reminder(at, -days, before), now=[seen(at)]
    )


def test_no_other_morning_is_one_of_its() -> None:
    every = set[datetime]()
    watch = seen(BEFORE)
    while (at := when.morning_at(ends(), watch)) is not None:
        every.add(at)
        watch = seen(at)
    assert every == {T - days * DAY for days in (*range(8), *range(-3, -31, -3))}


@pytest.mark.parametrize(
    ("until", "first"),
    [
        (T.replace(hour=17) - DAY, T - 7 * DAY),  # 00:00 in Hanoi is that day already
        (T.replace(hour=16, minute=59), T - 7 * DAY),  # 23:59
        (T.replace(hour=17), T - 6 * DAY),
    ],
)
def test_the_day_of_the_end_is_hanois(until: datetime, first: datetime) -> None:
    assert when.morning_at(ends(until=until), Watch("srv-1")) == first


@pytest.mark.parametrize("days", [7, 4, 1, 0])
def test_what_renews_itself_is_ordered_instead_of_its_owner_reminded(days: int) -> None:
    at, before = T - days * DAY, ends(auto_renew=True, months=3)
    given(before, seen(at - DAY), ACME, found("acme")).when(morning(at), at=at).then(
        renew_due(before, at=at), now=[seen(at, at)]
    )


@pytest.mark.parametrize("days", [6, 5, 3, 2, -3])
def test_on_other_mornings_its_owner_is_reminded_too(days: int) -> None:
    at, before = T - days * DAY, ends(auto_renew=True)
    given(before, seen(at - DAY), ACME, found("acme")).when(morning(at), at=at).then(
        reminder(at, days, before), now=[seen(at)]
    )


def test_one_that_ended_before_eight_is_renewed_on_that_day_all_the_same() -> None:
    early = T - timedelta(hours=5)
    before = ends(until=early, status="grace", auto_renew=True)
    given(before, seen(T - DAY, until=early), ACME, found("acme")).when(morning(T), at=T).then(
        renew_due(before, at=T), now=[seen(T, T, until=early)]
    )


def test_the_same_morning_again_changes_nothing() -> None:
    case = given(ends(auto_renew=True), seen(BEFORE), ACME, found("acme"), found("acme", by=2))
    case.when(morning(T), morning(T), at=T)
    assert case.decisions[1] == ((), (), ())


def test_an_account_of_which_nothing_is_due_any_more_is_passed_over() -> None:
    given(found("acme")).when(morning(T), at=T).then()
    given(found("acme"), ACME).when(morning(T), at=T).then()


@pytest.mark.parametrize(
    "before",
    [
        poc_ends(),
        held(id="srv-1"),
        ends(status="trash"),
        ends(status="released"),
        ends(status="creating"),
        ends(billing="postpaid", until=None),
        ends(until=None),
    ],
)
def test_only_what_was_paid_for_a_period_and_is_there_is_looked_at(before: Resource) -> None:
    given(before, ACME, found("acme")).when(morning(T), at=T).then()


def test_a_morning_before_it_began_is_none_of_its() -> None:
    short = ends(starts=T - 2 * DAY + timedelta(hours=1))
    assert when.morning_at(short, Watch("srv-1")) == T - DAY
    assert when.days_to_end(ends(until=None), T) is None


def test_all_of_an_account_are_ordered_together_what_ends_first_to_the_front() -> None:
    at = T - DAY
    first = ends(id="srv-3", until=END - timedelta(minutes=1), auto_renew=True)
    third, second = ends(id="srv-2", auto_renew=True), ends(auto_renew=True)
    other = ends(id="srv-9")
    case = given(
        third, other, second, first, Ends("acme", ("srv-2", "srv-9", "srv-1", "srv-3")), found("acme")
    )
    case.when(morning(at), at=at)
    assert list(case.decisions[0].says) == [renew_due(first, second, third, at=at), reminder(at, 1, other)]


def test_more_than_one_decision_takes_are_ordered_in_several_each_behind_the_other() -> None:
    many = [ends(id=f"srv-{number:04}", auto_renew=True) for number in range(MOST_RENEWALS + 1)]
    case = given(*many, Ends("acme", tuple(each.id for each in many)), found("acme")).when(morning(T), at=T)
    assert [len(each.resources) for each in case.decisions[0].says] == [MOST_RENEWALS, 1]  # type: ignore[attr-defined]


def test_who_is_not_renewed_is_reminded_and_tried_again_the_next_time() -> None:
    at = T - 7 * DAY
    before = ends(auto_renew=True)
    given(before, seen(at, at)).when(failed(at), at=at).then(reminder(at, 7, before), now=[seen(at)])
    assert when.morning_at(before, seen(at)) == T - 6 * DAY


def test_mornings_that_came_before_the_answer_have_their_turn_after_it() -> None:
    week, before = T - 7 * DAY, ends(auto_renew=True)
    case = given(before, seen(week, week), ACME)
    for number, days in enumerate((6, 5, 4), start=1):
        case.known.put(found("acme", by=number))
        case.when(morning(T - days * DAY), at=T - days * DAY)
    assert all(not decision.says for decision in case.decisions)
    case.when(failed(week), at=week)
    four = T - 4 * DAY
    assert list(case.decisions[-1].says) == [
        *(reminder(T - days * DAY, days, before) for days in (7, 6, 5)),
        renew_due(before, at=four),
    ]
    assert case.known.get(Watch, "srv-1") == seen(four, four)


def test_a_renewal_ends_the_round_and_the_mornings_that_waited_for_it() -> None:
    week = T - 7 * DAY
    renew = but(RENEW, line=line(END), effective_at=week, auto=True)
    case = given(ends(auto_renew=True), seen(week, week, T - 4 * DAY)).when(renew, failed(week), at=week)
    after = case.known.get(Resource, "srv-1")
    assert after is not None
    assert case.decisions[0].says[0].auto  # type: ignore[attr-defined]
    assert case.decisions[1].says == ()
    assert when.morning_at(after, seen(week, week)) == T + 23 * DAY


@pytest.mark.parametrize("watch", [seen(T), seen(T, T - DAY), seen(T, T, until=END + DAY)])
def test_an_answer_nobody_waits_for_changes_nothing(watch: Watch) -> None:
    given(ends(), watch).when(failed(T), at=T).then()


def test_an_answer_about_nothing_changes_nothing() -> None:
    given().when(failed(T), at=T).then()


def test_nobody_is_reminded_of_what_was_deleted_meanwhile() -> None:
    given(ends(status="trash"), seen(T, T)).when(failed(T), at=T).then(now=[seen(T)])


def test_renewal_switched_off_meanwhile_is_not_tried_again() -> None:
    at = T - DAY
    given(ends(), seen(at, at, T)).when(failed(at), at=at).then(
        reminder(at, 1), reminder(T, 0), now=[seen(at)]
    )


def test_days_down_are_like_days_up() -> None:
    """Mornings and minutes done late, in order, tell the same as in time; only checkout's answer decides."""
    at = GONE + DAY
    case = given(ends(auto_renew=True), Watch("srv-1"), ACME)
    mornings = [T - days * DAY for days in (7, 6, 5, 4, 3, 2, 1, 0)]
    for number, each in enumerate(mornings, start=1):
        case.known.put(found("acme", by=number))
        case.when(morning(each), at=each)
    case.known.put(found("srv-1", by=len(mornings) + 1))
    case.when(life(at), at=at)
    assert [type(each) for decision in case.decisions for each in decision.says] == [RenewDue]
    for due in (T - 7 * DAY, T - 4 * DAY, T - DAY, T):
        case.when(failed(due), at=due)
    case.known.put(found("srv-1", by=len(case.decisions) + 1))
    case.when(life(at), at=at)
    said = [each for decision in case.decisions for each in decision.says]
    assert [each.effective_at for each in said if isinstance(each, RenewDue)] == [
        T - days * DAY for days in (7, 4, 1, 0)
    ]
    assert [each.effective_at for each in said if isinstance(each, ExpiryReminder)] == mornings
    assert [each.effective_at for each in said if isinstance(each, ResourceGraceBegan)] == [END]
    assert BEGIN < T
