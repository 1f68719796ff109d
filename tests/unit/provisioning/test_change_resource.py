"""ChangeResource and CancelChange."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.provisioning.reasons import Reason
from services.provisioning.state import Plan, Request, Resource
from shared.contracts.message import Message
from shared.contracts.provisioning import Outcome
from tests.unit.provisioning.cases import cancel, cancelled, change, done, given, refused, request

SRV: Resource = Resource("srv-1")


def test_change_resource_is_made() -> None:
    ask = change(action="resize", flavor="s-general-2x4+boot-20", quantity=3)
    given().when(ask).then(done(ask), now=[SRV, request(ask)])


def test_change_resource_asked_again_is_no_second_change_and_is_answered_alike() -> None:
    given(SRV).when(change(), change()).then(
        done(change()), done(change()), now=[SRV, request(change(), asked=2)]
    )


def test_change_resource_knows_requests_and_resources_apart() -> None:
    asks = [change(), change(request="r-2"), change(resource="srv-2")]
    given().when(*asks).then(*map(done, asks), now=[SRV, Resource("srv-2"), *(request(ask) for ask in asks)])


ANSWERS: dict[Outcome, tuple[Sequence[Message], Sequence[Message]]] = {
    "refuse": ([refused(change())], [refused(change())]),
    "late": ([], [done(change())]),
    "twice": ([done(change()), done(change())], [done(change())]),
    "never": ([], []),
}


@pytest.mark.parametrize("outcome", ANSWERS)
def test_change_resource_goes_as_planned_each_time_it_is_asked(outcome: Outcome) -> None:
    first, again = ANSWERS[outcome]
    case = given(Resource("srv-1", Plan(outcome, 1))).when(change())
    case.then(*first, now=[SRV, request(change(), outcome=outcome)])
    case.when(change(), change()).then(
        *(*first, *again, *again), now=[SRV, request(change(), outcome=outcome, asked=3)]
    )


def test_change_resource_goes_as_planned_for_so_many_requests() -> None:
    asks = [change(request=f"r-{number}") for number in (1, 2, 3)]
    given(Resource("srv-1", Plan("refuse", 2))).when(*asks).then(
        *(refused(asks[0]), refused(asks[1]), done(asks[2])),
        now=[SRV, *(request(ask, outcome="refuse") for ask in asks[:2]), request(asks[2])],
    )


def test_change_resource_asked_again_uses_up_nothing_of_a_plan() -> None:
    plan = Plan("refuse", 2)
    given(Resource("srv-1", plan)).when(change(), change()).then(
        *(refused(change()), refused(change())),
        now=[Resource("srv-1", Plan("refuse", 1)), request(change(), outcome="refuse", asked=2)],
    )


def test_change_resource_of_another_kind_than_planned_is_made_and_leaves_the_plan() -> None:
    planned, ask = Resource("srv-1", Plan("refuse", 1, "convert")), change(request="r-2", action="resize")
    given(planned).when(ask, change()).then(
        *(done(ask), refused(change())), now=[SRV, request(ask), request(change(), outcome="refuse")]
    )


def test_change_resource_stays_as_it_first_went_whatever_is_planned_later() -> None:
    planned = Resource("srv-1", Plan("refuse", 1))
    given(planned, request(change())).when(change()).then(
        done(change()), now=[planned, request(change(), asked=2)]
    )


def test_cancel_change_takes_back_what_was_done() -> None:
    given(SRV, request(change())).when(cancel(), change()).then(
        *(cancelled(cancel()), refused(change(), Reason.CANCELLED)),
        now=[SRV, request(change(), asked=2, cancelled=True)],
    )


def test_cancel_change_ends_a_silence() -> None:
    given(Resource("srv-1", Plan("never", 1))).when(change(), cancel(), change()).then(
        *(cancelled(cancel()), refused(change(), Reason.CANCELLED)),
        now=[SRV, request(change(), outcome="never", asked=2, cancelled=True)],
    )


def test_cancel_change_that_comes_first_keeps_the_request_from_being_carried_out_and_leaves_a_plan() -> None:
    planned = Resource("srv-1", Plan("twice", 1))
    given(planned).when(cancel(), change()).then(
        *(cancelled(cancel()), refused(change(), Reason.CANCELLED)),
        now=[planned, Request("srv-1", "r-1", asked=1, cancelled=True)],
    )


def test_cancel_change_asked_again_is_answered_alike() -> None:
    given().when(cancel(), cancel()).then(
        *(cancelled(cancel()), cancelled(cancel())), now=[SRV, Request("srv-1", "r-1", cancelled=True)]
    )
