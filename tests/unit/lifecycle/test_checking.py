"""A provider that does not answer is asked again, asked again later, and given up; a late answer then changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from services.lifecycle.reasons import Reason
from services.lifecycle.service import LIFECYCLE
from services.lifecycle.state import SHARDS, Change, Cluster, Due, Resource, shard_name
from shared.calendar import MINUTES
from shared.contracts.lifecycle import ChangesChecked
from shared.contracts.resources import CheckChanges
from tests.support.spec import Case
from tests.unit.lifecycle.cases import (
    AT,
    CONVERT,
    CREATE,
    WHOLE,
    answer,
    asked_of_provider,
    but,
    cancelled,
    cluster,
    given,
    paid,
    poc,
    refusal,
    waiting,
)

MINUTE: Final = timedelta(minutes=1)
DUE: Final = Due("shard-0", (waiting(CONVERT).target,))


def check(minute: int) -> CheckChanges:
    return CheckChanges(shard="shard-0", minute=AT + minute * MINUTE)


def checked(at: datetime, again: int = 0, given_up: int = 0) -> ChangesChecked:
    return ChangesChecked(shard="shard-0", asked_again=again, given_up=given_up, effective_at=at)


def test_nothing_waits() -> None:
    given().when(check(0)).then(checked(AT))
    given(DUE).when(check(0)).then(checked(AT))
    given(DUE, waiting(CONVERT).over()).when(check(9), at=AT + 9 * MINUTE).then(checked(AT + 9 * MINUTE))


def test_the_provider_has_two_minutes_first() -> None:
    case = given(poc(), DUE, waiting(CONVERT)).when(check(1), at=AT + 2 * MINUTE - timedelta(microseconds=1))
    assert case.decisions[0].changes == ()


def follow(case: Case, until: int) -> list[tuple[int, int, int]]:
    """Checks each minute: when how many were asked again, and given up."""
    found = []
    for minute in range(1, until + 1):
        case.when(check(minute), at=AT + minute * MINUTE)
        (told,) = (each for each in case.decisions[-1].says if isinstance(each, ChangesChecked))
        if told.asked_again or told.given_up:
            found.append((minute, told.asked_again, told.given_up))
    return found


def test_a_silent_provider_is_asked_again_after_two_and_ten_minutes_and_given_up_after_thirty() -> None:
    case = given(poc(), DUE, waiting(CONVERT))
    assert follow(case, 60) == [(2, 1, 0), (10, 1, 0), (30, 0, 1)]
    said = [
        each for decision in case.decisions for each in decision.says if not isinstance(each, ChangesChecked)
    ]
    again = asked_of_provider(CONVERT, "convert")
    assert said == [again, again, refusal(CONVERT, Reason.PROVIDER_SILENT), cancelled(CONVERT)]
    assert case.known.get(Resource, "srv-1") == poc()
    case.when(answer(CONVERT, "convert"))
    assert case.decisions[-1] == ((), (), ())


def test_a_provider_that_answers_the_second_time_is_heard() -> None:
    case = given(poc(), cluster(), DUE, waiting(CONVERT))
    assert follow(case, 2) == [(2, 1, 0)]
    case.when(answer(CONVERT, "convert"))
    found = case.known.get(Resource, "srv-1")
    assert found is not None
    assert found.billing == "prepaid"
    assert follow(case, 60) == []


def test_who_was_away_when_it_was_due_asks_once_more_before_giving_up() -> None:
    late = AT + timedelta(hours=3)
    case = given(poc(), DUE, waiting(CONVERT, asked=3, due=30 * MINUTE)).when(check(0), at=late)
    case.then(
        asked_of_provider(CONVERT, "convert"),
        checked(late, again=1),
        now=[waiting(CONVERT, asked=4, due=timedelta(hours=3) + 10 * MINUTE)],
    )
    case.when(check(0), at=late + timedelta(hours=1))
    assert refusal(CONVERT, Reason.PROVIDER_SILENT) in case.decisions[-1].says


@pytest.mark.parametrize(("late", "given_up"), [(5 * MINUTE, 1), (6 * MINUTE, 0)])
def test_a_check_a_little_late_gives_up_all_the_same(late: timedelta, given_up: int) -> None:
    at = AT + 30 * MINUTE + late
    case = given(poc(), DUE, waiting(CONVERT, asked=3, due=30 * MINUTE)).when(check(0), at=at)
    assert case.decisions[0].says[-1] == checked(at, again=1 - given_up, given_up=given_up)


def test_what_could_not_be_made_is_not_there() -> None:
    creating = paid(status="creating", terms=())
    due = Due("shard-0", (waiting(CREATE).target,))
    silent = waiting(CREATE, asked=3, due=30 * MINUTE)
    at = AT + 30 * MINUTE
    given(creating, cluster(0, 1, poc=False), due, silent).when(check(30), at=at).then(
        refusal(CREATE, Reason.PROVIDER_SILENT), cancelled(CREATE), checked(at, given_up=1),
        now=[
            replace(creating, status="released", version=2),
            cluster(0, 0, poc=False, version=2),
            silent.over(),
        ],
    )  # fmt: skip


def test_all_of_a_cluster_that_could_not_be_made_is_counted() -> None:
    asks = [CREATE, but(CREATE, resource="srv-2"), but(CREATE, resource="srv-3", cluster=None)]
    resources = [paid(id=ask.resource, cluster=ask.cluster, status="creating", terms=()) for ask in asks]
    changes = [waiting(ask, asked=3, due=30 * MINUTE) for ask in asks]
    due = Due("shard-0", tuple(change.target for change in changes))
    case = given(*resources, *changes, cluster(0, 3, poc=False), due)
    case.when(check(30), at=AT + 30 * MINUTE)
    assert case.known.get(Cluster, "k1") == cluster(0, 1, poc=False, version=2)


def test_a_whole_cluster_is_given_up_as_one() -> None:
    due = Due("shard-0", (waiting(WHOLE).target,))
    at = AT + 30 * MINUTE
    given(due, waiting(WHOLE, asked=3, due=30 * MINUTE)).when(check(30), at=at).then(
        refusal(WHOLE, Reason.PROVIDER_SILENT), cancelled(WHOLE), checked(at, given_up=1),
        now=[waiting(WHOLE, asked=3, due=30 * MINUTE).over()],
    )  # fmt: skip


def test_every_share_is_checked_each_minute_and_every_change_is_in_one() -> None:
    job, *_ = LIFECYCLE.jobs
    assert (job.name, job.calendar) == ("check_changes", MINUTES)
    messages = [job.asks(MINUTES.last(AT), shard) for shard in range(job.shards)]
    assert [message.key for message in messages] == [shard_name(shard) for shard in range(SHARDS)]
    found = {Change(f"resource/srv-{number}", "r", CONVERT, AT).shard for number in range(100)}
    assert found == set(range(SHARDS))
