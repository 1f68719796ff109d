"""What time does with a resource: each step at the resource's own instant, half-open at the minute, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.lifecycle import when
from services.lifecycle.state import Cluster, Resource, Watch
from shared.contracts.ends import ResourceGraceBegan, ResourceReleased, ResourceSuspended
from shared.contracts.lifecycle import ClusterCleared, ResourceDeleted
from shared.contracts.provisioning import ChangeResource
from shared.engine.decision import Entity
from tests.unit.lifecycle.cases import (
    CONVERT,
    RENEW,
    RESIZE,
    WHOLE,
    but,
    cluster,
    given,
    held,
    line,
    node,
    waiting,
)
from tests.unit.lifecycle.time import (
    DAY,
    END,
    GONE,
    GRACE_OVER,
    T,
    ends,
    found,
    life,
    poc_ends,
    provider,
    told,
)

MINUTE = timedelta(minutes=1)
LATE = END + timedelta(hours=5)


@pytest.mark.parametrize("at", [END, LATE])
def test_grace_begins_at_the_end_itself_however_late_it_is_seen(at: datetime) -> None:
    after = ends(status="grace", version=2)
    given(ends(), found("srv-1")).when(life(at), at=at).then(
        told(ResourceGraceBegan, after, END, next_at=GRACE_OVER), now=[after]
    )


def test_a_minute_before_its_end_a_resource_is_active() -> None:
    given(ends(), found("srv-1")).when(life(END - MINUTE), at=END - MINUTE).then()


def test_after_fifteen_days_of_grace_it_is_stopped_and_its_provider_told() -> None:
    before = ends(status="grace")
    after = replace(before, status="suspended", version=2)
    given(before, found("srv-1")).when(life(GRACE_OVER), at=GRACE_OVER).then(
        told(ResourceSuspended, after, GRACE_OVER, by="end", next_at=GONE),
        provider(after, "suspend", GRACE_OVER, GRACE_OVER),
        now=[after],
    )
    given(before, found("srv-1")).when(life(GRACE_OVER - MINUTE), at=GRACE_OVER - MINUTE).then()


def test_after_fifteen_more_it_is_released_and_its_cluster_counts_one_less() -> None:
    before = ends(status="suspended", auto_renew=True)
    after = replace(before, status="released", auto_renew=False, version=2)
    given(before, cluster(0, 1, poc=False), found("srv-1")).when(life(GONE), at=GONE).then(
        told(ResourceReleased, after, GONE),
        provider(after, "release", GONE, GONE),
        now=[after, cluster(0, 0, poc=False, version=2)],
    )
    given(before, found("srv-1")).when(life(GONE - MINUTE), at=GONE - MINUTE).then()


def test_steps_that_were_missed_are_made_up_in_order_each_at_its_instant() -> None:
    at = GONE + DAY
    grace, stopped = ends(status="grace", version=2), ends(status="suspended", version=3)
    gone = ends(status="released", version=4)
    given(ends(), found("srv-1")).when(life(at), at=at).then(
        told(ResourceGraceBegan, grace, END, next_at=GRACE_OVER),
        told(ResourceSuspended, stopped, GRACE_OVER, by="end", next_at=GONE),
        provider(stopped, "suspend", at, GRACE_OVER),
        told(ResourceReleased, gone, GONE),
        provider(gone, "release", at, GONE),
        now=[gone],
    )


@pytest.mark.parametrize("status", ["trash", "expired"])
def test_what_was_in_the_trash_or_expired_is_released_at_its_end(status: Any) -> None:
    before = ends(status=status, trash_until=LATE)
    after = replace(before, status="released", trash_until=None, version=2)
    given(before, cluster(0, 3), found("srv-1")).when(life(LATE), at=LATE).then(
        told(ResourceReleased, after, LATE), provider(after, "release", LATE, LATE), now=[after]
    )
    given(before, found("srv-1")).when(life(LATE - MINUTE), at=LATE - MINUTE).then()


def test_what_was_stopped_for_debt_is_released_with_its_price() -> None:
    before = held(status="suspended", trash_until=LATE)
    after = replace(before, status="released", trash_until=None, metered=None, version=2)
    given(before, cluster(0, 1), found("node-1")).when(life(LATE), at=LATE).then(
        told(ResourceReleased, after, LATE),
        provider(after, "release", LATE, LATE),
        now=[after, cluster(0, 0, version=2)],
    )


def test_several_of_one_cluster_are_counted_together() -> None:
    one, two = ends(status="suspended"), ends(id="srv-2", status="suspended")
    case = given(one, two, cluster(0, 5, poc=False), found("srv-1", "srv-2")).when(life(GONE), at=GONE)
    assert case.known.get(Cluster, "k1") == cluster(0, 3, poc=False, version=2)


def test_a_poc_resource_has_its_grace_a_little_later_so_that_its_wallets_end_comes_first() -> None:
    at = END + 15 * MINUTE
    given(poc_ends(), found("srv-1")).when(life(at - MINUTE), at=at - MINUTE).then()
    after = poc_ends(status="grace", version=2)
    given(poc_ends(), found("srv-1")).when(life(at), at=at).then(
        told(ResourceGraceBegan, after, END, next_at=GRACE_OVER), now=[after]
    )


@pytest.mark.parametrize(
    "before", [held(), ends(status="creating"), ends(status="released"), ends(billing="postpaid", until=None)]
)
def test_time_does_nothing_with_what_has_no_end(before: Resource) -> None:
    given(before, found(before.id)).when(life(GONE), at=GONE).then()
    assert when.next_at(before, Watch(before.id)) is None


@pytest.mark.parametrize(
    "change", [waiting(RESIZE), waiting(but(WHOLE, cluster="k1"))], ids=["its own", "its cluster's"]
)
def test_what_the_provider_is_about_to_change_waits_for_that(change: Entity) -> None:
    given(ends(), change, found("srv-1")).when(life(GONE), at=GONE).then()


def test_what_is_being_renewed_waits_for_the_answer() -> None:
    watch = Watch("srv-1", END, T, (T,))
    given(ends(auto_renew=True), watch, found("srv-1")).when(life(GONE), at=GONE).then()


def test_who_asked_for_a_renewal_of_another_end_is_not_waited_for() -> None:
    watch = Watch("srv-1", END - 30 * DAY, T - 30 * DAY, (T - 30 * DAY,))
    case = given(ends(), watch, found("srv-1")).when(life(END), at=END)
    assert [type(each) for each in case.decisions[0].says] == [ResourceGraceBegan]


def test_the_same_minute_again_or_a_resource_that_is_gone_changes_nothing() -> None:
    gone = found("srv-1", "srv-2", by=2)
    case = given(ends(), found("srv-1", "srv-2"), gone).when(life(LATE), life(LATE), at=LATE)
    assert case.decisions[1].says == ()


def test_a_resource_renewed_in_suspension_has_its_next_end_from_the_old_one() -> None:
    before = ends(status="suspended")
    case = given(before, found("srv-1", by=2)).when(
        but(RENEW, line=line(END), effective_at=GRACE_OVER), life(GONE), at=GRACE_OVER
    )
    after = case.known.get(Resource, "srv-1")
    assert after is not None
    assert (after.status, after.until) == ("active", END + 30 * DAY)
    assert case.decisions[1].says == ()
    assert when.next_at(after, Watch("srv-1")) == END + 30 * DAY


def test_poc_whose_wallet_has_ended_ends_as_soon_as_its_conversion_has_failed() -> None:
    watch = Watch("srv-1", END, poc_ended_at=END)
    before, at = poc_ends(), END + 30 * MINUTE
    after = replace(before, status="trash", trash_until=END + 7 * DAY, version=2)
    case = given(before, watch, cluster(1, 1), waiting(CONVERT), found("srv-1")).when(life(at), at=at)
    assert case.decisions[0].says == ()
    given(before, watch, cluster(1, 1), found("srv-1")).when(life(at), at=at).then(
        told(ResourceDeleted, after, END, by="poc_wallet", trash_until=END + 7 * DAY),
        provider(after, "delete", at, END),
        ClusterCleared(account="acme", cluster="k1", effective_at=END),
        now=[after, cluster(0, 0, poc=False, version=2)],
    )


def test_poc_that_is_metered_once_paid_is_gone_at_once_with_its_wallet() -> None:
    before, at = node(until=END), END + 30 * MINUTE
    watch = Watch("node-1", END, poc_ended_at=END)
    case = given(before, watch, cluster(1, 1), found("node-1")).when(life(at), at=at)
    after = case.known.get(Resource, "node-1")
    assert after is not None
    assert (after.status, after.trash_until) == ("released", None)


def test_a_converted_resource_does_not_end_with_the_poc_wallet() -> None:
    watch = Watch("srv-1", END, poc_ended_at=END - DAY)
    given(ends(), watch, found("srv-1")).when(life(END - MINUTE), at=END - MINUTE).then()


def test_an_end_at_which_a_cluster_may_count_less_is_known_before_it_is_locked() -> None:
    assert not when.is_released_by(ends(), GONE - MINUTE)
    assert when.is_released_by(ends(), GONE)
    assert when.is_released_by(ends(status="grace"), GONE)
    assert not when.is_released_by(ends(status="grace"), GONE - MINUTE)
    assert when.is_released_by(ends(status="suspended"), GONE)
    assert not when.is_released_by(held(), GONE)


def test_of_a_step_by_step_life_every_instant_is_the_same_as_of_one_made_up_at_once() -> None:
    """Looked at each hour, or once at the end: the same is told, but for which message told it."""
    hourly = given(ends(), *(found("srv-1", by=number) for number in range(1, 800)))
    for number in range(1, 800):
        at = END + timedelta(hours=number)
        hourly.when(life(at), at=at)
    once = given(ends(), found("srv-1")).when(life(GONE + DAY), at=GONE + DAY)
    told_hourly, told_once = (
        [
            each
            for decision in case.decisions
            for each in decision.says
            if not isinstance(each, ChangeResource)
        ]
        for case in (hourly, once)
    )
    assert told_hourly == told_once
    assert len(told_once) == 3
