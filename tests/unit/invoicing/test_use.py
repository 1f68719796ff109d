"""Use that is metered: one configuration begins in the minute in which the one before it ends."""

from __future__ import annotations

import pytest

from services.invoicing.metered import UsageEnd
from services.invoicing.state import AccountBooks, Resource
from shared.contracts.invoicing import UsageRecorded
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceDeleted,
    ResourceResized,
    UsageReported,
)
from shared.contracts.message import Event
from tests.support.spec import cause_id
from tests.unit.invoicing.cases import (
    AT,
    DAY,
    MINUTE,
    NOW,
    derived,
    due_of,
    given,
    metered,
    recorded_said,
    reported,
    told,
    told_of_node,
    told_of_snapshot,
    usage_of_node,
    usage_of_snapshot,
)

BOOKS = AccountBooks("acme")
LATER = AT + DAY
FROM_LATER_ON = NOW + DAY


@pytest.mark.parametrize("event", [ResourceCreated, ResourceConverted, ResourceResized])
def test_the_use_of_what_is_metered_begins_with_it_and_is_not_invoiced(event: type[Event]) -> None:
    usage = usage_of_node()
    given().when(told_of_node(event)).then(
        recorded_said(usage, AT),
        now=[BOOKS, usage, due_of(usage), Resource("acme", "node-1", usage=usage.id)],
    )


def test_use_tells_its_price_its_size_and_its_minutes() -> None:
    case = given().when(told_of_node(ResourceConverted))
    case = case.when(told_of_node(ResourceDeleted, LATER), at=LATER)
    begun = UsageRecorded(
        account="acme",
        usage=derived("usage"),
        resource="node-1",
        cluster="kube-1",
        product="vcontainer",
        kind="k8s_node",
        flavor="s-general-2x4",
        quantity=1,
        vnd=362_000,
        per="30d",
        starts=NOW,
        effective_at=AT,
    )
    over = begun.model_copy(update={"until": FROM_LATER_ON, "effective_at": LATER})
    says = [message for decision in case.decisions for message in decision.says]
    assert [message for message in says if isinstance(message, UsageRecorded)] == [begun, over]


def test_use_goes_on_in_another_configuration_from_the_minute_of_the_resize() -> None:
    small, large = usage_of_node(), usage_of_node(2, 724_000, FROM_LATER_ON, 2, LATER)
    case = given().when(told_of_node(ResourceConverted))
    case.when(told_of_node(ResourceResized, LATER, metered=metered(2, 724_000)), at=LATER).then(
        recorded_said(small, AT),
        recorded_said(small, LATER, FROM_LATER_ON),
        recorded_said(large, LATER),
        now=[
            *(BOOKS, small, large, due_of(small, FROM_LATER_ON), due_of(large)),
            Resource("acme", "node-1", usage=large.id),
        ],
        adds=[UsageEnd("acme", small.id, FROM_LATER_ON, cause_id(2))],
    )


def test_two_configurations_in_one_minute_leave_the_first_without_a_minute() -> None:
    at = AT + 20 * (MINUTE / 60)
    small, large = usage_of_node(), usage_of_node(2, asked=2, at=at)
    case = given().when(told_of_node(ResourceCreated))
    case.when(told_of_node(ResourceResized, at, metered=metered(2)), at=at).then(
        recorded_said(small, AT),
        recorded_said(small, at, NOW),
        recorded_said(large, at),
        now=[
            *(BOOKS, small, large, due_of(small, NOW), due_of(large)),
            Resource("acme", "node-1", usage=large.id),
        ],
        adds=[UsageEnd("acme", small.id, NOW, cause_id(2))],
    )


def test_what_took_effect_before_the_use_began_and_is_told_after_ends_it_without_a_minute() -> None:
    early = AT - DAY
    usage, resource = usage_of_node(asked=9), Resource("acme", "node-1", usage=usage_of_node(asked=9).id)
    given(BOOKS, usage, resource).when(told_of_node(ResourceDeleted, early), at=early).then(
        recorded_said(usage, early, NOW),
        now=[Resource("acme", "node-1")],
        adds=[UsageEnd("acme", usage.id, NOW, cause_id(1))],
    )
    large = usage_of_node(2, asked=1, at=early)
    given(BOOKS, usage, resource).when(
        told_of_node(ResourceResized, early, metered=metered(2)), at=early
    ).then(
        recorded_said(usage, early, NOW),
        recorded_said(large, early),
        now=[BOOKS, large, due_of(large), Resource("acme", "node-1", usage=large.id)],
        adds=[UsageEnd("acme", usage.id, NOW, cause_id(1))],
    )


def test_poc_use_is_not_recorded() -> None:
    given().when(told_of_node(ResourceCreated, billing="poc"), told(ResourceResized, billing="poc")).then()


def test_another_size_that_is_reported_is_used_from_the_minute_in_which_it_was_so() -> None:
    seen, told_at = FROM_LATER_ON, LATER
    small, large = usage_of_snapshot(), usage_of_snapshot(40, seen, 2, told_at)
    case = given().when(told_of_snapshot())
    case.when(reported(40, seen, told_at), at=told_at).then(
        recorded_said(small, AT),
        recorded_said(small, told_at, seen),
        recorded_said(large, told_at),
        now=[
            *(BOOKS, small, large, due_of(small, seen), due_of(large)),
            Resource("acme", "snap-1", usage=large.id),
        ],
        adds=[UsageEnd("acme", small.id, seen, cause_id(2))],
    )


def test_a_size_said_of_the_future_is_used_from_now_on() -> None:
    small, large = usage_of_snapshot(), usage_of_snapshot(40, FROM_LATER_ON, 2, LATER)
    case = given().when(told_of_snapshot())
    case.when(reported(40, LATER + 300 * DAY, LATER), at=LATER).then(
        recorded_said(small, AT),
        recorded_said(small, LATER, FROM_LATER_ON),
        recorded_said(large, LATER),
        now=[
            *(BOOKS, small, large, due_of(small, FROM_LATER_ON), due_of(large)),
            Resource("acme", "snap-1", usage=large.id),
        ],
        adds=[UsageEnd("acme", small.id, FROM_LATER_ON, cause_id(2))],
    )


@pytest.mark.parametrize("report", [reported(10, LATER)])
def test_the_same_size_reported_again_changes_nothing(report: UsageReported) -> None:
    usage = usage_of_snapshot()
    given().when(told_of_snapshot()).when(report, at=LATER).then(
        recorded_said(usage, AT),
        now=[BOOKS, usage, due_of(usage), Resource("acme", "snap-1", usage=usage.id)],
    )


def test_a_size_reported_of_what_is_not_metered_changes_nothing() -> None:
    given().when(reported(10, LATER)).then()
