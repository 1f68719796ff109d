"""PlanOutcome, and what is true after any sequence of commands whatever."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Final, get_args

from hypothesis import given as for_all
from hypothesis import strategies as some

from services.provisioning.rules import RULES
from services.provisioning.state import Plan, Request, Resource
from shared.contracts.message import Command
from shared.contracts.provisioning import (
    MOST_TIMES,
    Action,
    CancelChange,
    ChangeResource,
    Outcome,
    OutcomePlanned,
    PlanOutcome,
    ResourceChanged,
    ResourceChangeRefused,
)
from shared.engine.decision import Cause, Known
from tests.support.seeds import seeded, tell_seed
from tests.support.spec import cause_id
from tests.unit.provisioning.cases import AT, cancel, change, given


def test_plan_outcome_replaces_what_was_planned() -> None:
    ask = PlanOutcome(resource="srv-1", outcome="late", times=MOST_TIMES, action="convert")
    given(Resource("srv-1", Plan("refuse", 3))).when(ask).then(
        OutcomePlanned(resource="srv-1", outcome="late", times=MOST_TIMES, action="convert", effective_at=AT),
        now=[Resource("srv-1", Plan("late", MOST_TIMES, "convert"))],
    )


def test_plan_outcome_is_for_resources_that_were_never_asked_about_too() -> None:
    given().when(PlanOutcome(resource="srv-1", outcome="never", times=1)).then(
        OutcomePlanned(resource="srv-1", outcome="never", times=1, effective_at=AT),
        now=[Resource("srv-1", Plan("never", 1))],
    )


NAMES: Final = {"resource": some.sampled_from(["a", "b"]), "request": some.sampled_from(["1", "2", "3"])}
ACTIONS: Final = some.sampled_from(get_args(Action))
COMMANDS: Final = some.lists(
    some.one_of(
        some.builds(change, action=ACTIONS, **NAMES),
        some.builds(cancel, **NAMES),
        some.builds(
            PlanOutcome,
            resource=NAMES["resource"],
            outcome=some.sampled_from(get_args(Outcome)),
            times=some.integers(1, 3),
            action=some.none() | ACTIONS,
        ),
    ),
    max_size=40,
)


@seeded
@for_all(COMMANDS)
def test_a_request_goes_one_way_only_and_is_never_made_once_it_is_taken_back(commands: list[Command]) -> None:
    tell_seed()
    known, answers, back = Known(), defaultdict[str, Counter[str]](Counter), set[str]()
    for number, command in enumerate(commands):
        decision = RULES[type(command)](command, known, Cause(cause_id(number), "provisioning", AT))
        known.apply(decision)
        for event in decision.says:
            assert event.key == command.key
        if isinstance(command, CancelChange):
            back.add(f"{command.resource}/{command.request}")
        if isinstance(command, ChangeResource):
            key = f"{command.resource}/{command.request}"
            kinds = {type(event) for event in decision.says}
            assert kinds <= (
                {ResourceChangeRefused} if key in back else {ResourceChanged, ResourceChangeRefused}
            )
            if key not in back:
                answers[key].update(kind.__name__ for kind in kinds)
    assert all(len(kinds) <= 1 for kinds in answers.values())


@seeded
@for_all(some.integers(1, 5), some.integers(1, 8), some.integers(1, 3))
def test_a_plan_covers_as_many_new_requests_as_it_says(times: int, requests: int, asked: int) -> None:
    tell_seed()
    case = given(Resource("a", Plan("refuse", times)))
    for number in range(requests):
        case.when(*[change(resource="a", request=str(number))] * asked, at=AT + timedelta(hours=number))
    found = [case.known.get(Request, f"a/{number}") for number in range(requests)]
    assert [request and request.outcome for request in found] == [
        "refuse" if number < times else None for number in range(requests)
    ]
