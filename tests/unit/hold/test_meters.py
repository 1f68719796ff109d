"""What lifecycle tells of metered resources is counted to the minute, and what is held follows at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.hold.held import OrderHold
from services.hold.service import HOLD
from shared import catalogue
from shared.contracts.lifecycle import OfResource, ResourceCreated, UsageReported
from shared.contracts.message import MOST_VND
from tests.unit.hold.cases import given
from tests.unit.hold.metered import (
    A_DAY,
    DAY,
    DAY_0,
    ESTIMATE,
    HOUR,
    NODE,
    SNAPSHOT,
    SNAPSHOT_ESTIMATE,
    among,
    created,
    deleted,
    held,
    holding,
    meter,
    node,
    reported,
    resized,
    snap,
    snapshot,
    suspended,
)

ORDER = OrderHold("acme", "o-1", "vcontainer", ESTIMATE)


def test_a_resource_that_is_created_is_held_for_three_days() -> None:
    hold = held(0, ESTIMATE, ESTIMATE, closed_until=DAY_0)
    given(holding()).when(created(node()), at=DAY_0).then(now=[holding(hold), hold, meter(), among("node-1")])


def test_a_resource_takes_its_estimate_out_of_what_its_order_has_in_reserve() -> None:
    reserve = held(0, ESTIMATE, ESTIMATE, None, reserved=ESTIMATE)
    hold = held(0, ESTIMATE, ESTIMATE)
    given(holding(reserve), ORDER).when(created(node(), order="o-1"), at=DAY_0).then(
        now=[holding(hold), hold, meter(), among("node-1"), replace(ORDER, taken=ESTIMATE)]
    )


def test_a_resource_takes_no_more_than_is_left_of_the_reserve() -> None:
    rest = replace(ORDER, released=ESTIMATE - 100)
    reserve = held(0, 100, 100, None, reserved=100)
    hold = held(0, ESTIMATE, ESTIMATE)
    given(holding(reserve), rest).when(created(node(), order="o-1"), at=DAY_0).then(
        now=[holding(hold), hold, meter(), among("node-1"), replace(rest, taken=100)]
    )


@pytest.mark.parametrize("order_hold", [[], [replace(ORDER, released=ESTIMATE)]])
def test_a_resource_of_an_order_with_nothing_in_reserve_takes_nothing(order_hold: list[OrderHold]) -> None:
    hold = held(0, ESTIMATE, ESTIMATE, closed_until=DAY_0)
    given(holding(), *order_hold).when(created(node(), order="o-1"), at=DAY_0).then(
        now=[holding(hold), hold, meter(), among("node-1")]
    )


def test_all_of_a_product_is_counted_up_to_the_minute_in_which_one_of_it_changes() -> None:
    before, at = held(0, ESTIMATE, ESTIMATE), DAY_0 + DAY + timedelta(seconds=59)
    hold = held(A_DAY, 2 * ESTIMATE, A_DAY + 2 * ESTIMATE, DAY_0 + DAY)
    given(holding(before), meter(), among("node-1")).when(created(node(resource="node-2"), at), at=at).then(
        now=[
            *(holding(hold), hold),
            *(meter(NODE, DAY_0 + DAY, resource="node-2"), among("node-1", "node-2")),
        ]
    )


def test_what_a_smaller_configuration_has_cost_is_kept_when_a_larger_one_begins() -> None:
    at = DAY_0 + DAY
    hold = held(A_DAY, 2 * ESTIMATE, A_DAY + 2 * ESTIMATE, at)
    two = NODE._replace(quantity=2)
    given(holding(held(0, ESTIMATE, ESTIMATE)), meter(), among("node-1")).when(
        resized(node(2), at), at=at
    ).then(now=[holding(hold), hold, meter(two, at, ("2026-03", A_DAY)), among("node-1")])


def test_more_than_there_is_is_not_held_and_the_rest_is_debt() -> None:
    hold = held(0, ESTIMATE, 30_000, closed_until=DAY_0)
    given(holding(total=30_000)).when(created(node()), at=DAY_0).then(
        now=[holding(hold, total=30_000), hold, meter(), among("node-1")]
    )
    assert hold.debt == 6_200


@pytest.mark.parametrize("ends", [deleted, suspended])
def test_a_resource_that_ends_is_held_for_only_what_it_has_cost(ends: Any) -> None:
    at = DAY_0 + DAY
    hold = held(A_DAY, 0, A_DAY, at)
    given(holding(held(0, ESTIMATE, ESTIMATE)), meter(), among("node-1")).when(ends(node(), at), at=at).then(
        now=[holding(hold), hold, meter(None, at, ("2026-03", A_DAY)), among("node-1")]
    )


def test_a_resource_that_ends_in_the_minute_it_began_is_forgotten() -> None:
    hold = held(0, 0, 0)
    given(holding(held(0, ESTIMATE, ESTIMATE)), meter(), among("node-1")).when(
        deleted(node(), DAY_0), at=DAY_0
    ).then(now=[holding(hold), hold, meter(None), among()])


def test_what_a_resource_that_ends_lets_go_is_held_for_another_product_that_is_short() -> None:
    short = held(0, SNAPSHOT_ESTIMATE, 40, product="snapshot")
    fed = replace(short, held=SNAPSHOT_ESTIMATE)
    hold, total = held(0, 0, 0), ESTIMATE + 40
    given(holding(short, held(0, ESTIMATE, ESTIMATE), total=total), meter(), among("node-1")).when(
        deleted(node(), DAY_0), at=DAY_0
    ).then(now=[holding(fed, hold, total=total), hold, fed, meter(None), among()])


def test_a_size_is_counted_from_when_it_was_so_and_estimated_from_now_on() -> None:
    at, told = DAY_0 + 2 * HOUR, DAY_0 + 5 * HOUR
    # 0:00 and 1:00 at 40 GB, 2:00 to 4:00 at 100 GB.
    actual = 2 * 120 + 3 * 300
    before = held(0, SNAPSHOT_ESTIMATE, SNAPSHOT_ESTIMATE, product="snapshot")
    hold = held(actual, 21_600, actual + 21_600, told, product="snapshot")
    large = SNAPSHOT._replace(quantity=100)
    given(holding(before), snap(), among("snap-1", product="snapshot")).when(
        reported(snapshot(100), at, told), at=told
    ).then(
        now=[
            *(holding(hold), hold),
            *(snap(large, at, ("2026-03", 240)), among("snap-1", product="snapshot")),
        ]
    )


def test_what_is_told_late_does_not_count_use_back_to_an_earlier_minute() -> None:
    at, closed = DAY_0 + HOUR, DAY_0 + DAY
    before = held(A_DAY, ESTIMATE, A_DAY + ESTIMATE, closed)
    an_hour = 503
    hold = held(an_hour, 0, an_hour, closed)
    given(holding(before), meter(), among("node-1")).when(deleted(node(), at), at=at).then(
        now=[holding(hold), hold, meter(None, at, ("2026-03", an_hour)), among("node-1")]
    )


def test_more_than_can_be_told_is_counted_as_the_most_that_can() -> None:
    dear = NODE._replace(vnd=MOST_VND)
    until = DAY_0 + 60 * DAY
    hold = held(MOST_VND, MOST_VND, 9, DAY_0)
    later = held(MOST_VND, MOST_VND // 10 + ESTIMATE, 9, until)
    given(holding(hold, total=9), meter(dear, DAY_0), among("node-1")).when(
        created(node(resource="node-2"), until), at=until
    ).then(
        now=[
            *(holding(later, total=9), later),
            *(meter(NODE, until, resource="node-2"), among("node-1", "node-2")),
        ]
    )


@pytest.mark.parametrize(
    "told",
    [
        created(node(), billing="poc"),
        created(node(), billing="postpaid"),
        created(node()).model_copy(update={"metered": None}),
        deleted(node(), DAY_0),
        suspended(node(), DAY_0),
        reported(snapshot(), DAY_0, DAY_0),
    ],
)
def test_what_is_not_held_for_changes_nothing(told: OfResource | UsageReported) -> None:
    given(holding()).when(told, at=DAY_0).then()


def test_only_what_is_held_for_is_heeded() -> None:
    heeds = HOLD.heeds[ResourceCreated]
    assert heeds(created(node()))
    assert not heeds(created(node(), billing="poc"))


def test_what_is_told_of_an_account_that_is_unknown_changes_nothing() -> None:
    given().when(created(node()), at=DAY_0).then()


def test_the_same_size_again_changes_nothing() -> None:
    given(holding(held(0, 0, 0)), snap()).when(reported(snapshot(), DAY_0 + HOUR, DAY_0 + HOUR)).then()


def test_what_has_ended_already_does_not_end_again_nor_changes_its_size() -> None:
    over = snap(None, DAY_0, ("2026-03", 240))
    given(holding(), over).when(
        deleted(snapshot(), DAY_0 + HOUR), reported(snapshot(9), DAY_0 + HOUR, DAY_0 + HOUR)
    ).then()


def test_an_estimate_is_for_as_many_days_as_the_catalogue_says() -> None:
    shipped = catalogue.read(catalogue.SHIPPED)
    week = shipped["k8s_node"].model_copy(update={"held_days": 7})
    hold = held(0, 84_467, 84_467, closed_until=DAY_0)
    try:
        catalogue.adopt({**shipped, "k8s_node": week})
        given(holding()).when(created(node()), at=DAY_0).then(
            now=[holding(hold), hold, meter(), among("node-1")]
        )
    finally:
        catalogue.adopt(shipped)


def test_a_resource_of_an_id_that_ended_before_begins_anew_beside_what_is_not_settled() -> None:
    at = DAY_0 + 2 * DAY
    over = meter(None, DAY_0 + DAY, ("2026-03", A_DAY))
    hold = held(A_DAY, ESTIMATE, A_DAY + ESTIMATE, at)
    given(holding(held(A_DAY, 0, A_DAY, DAY_0 + DAY)), over, among("node-1")).when(
        created(node(), at), at=at
    ).then(now=[holding(hold), hold, meter(NODE, at, ("2026-03", A_DAY)), among("node-1")])
