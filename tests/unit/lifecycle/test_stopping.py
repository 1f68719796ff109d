"""What stops because it is not paid any more: POC when its wallet has ended, metered resources when their debt was not paid."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from services.lifecycle import when
from services.lifecycle.reasons import Reason
from services.lifecycle.state import Cluster, PocEnd, Resource, Watch
from shared.contracts.ends import MeteredStopped, PocEnded, ResourceSuspended
from shared.contracts.holding import DebtStopped, PocWalletEnded
from shared.contracts.lifecycle import ClusterCleared, ResourceDeleted, ResourceRecovered
from shared.contracts.message import Message
from shared.contracts.resources import EndPoc, ExpireResource, RecoverResource, StopMetered
from shared.period import to_minute
from tests.unit.lifecycle.cases import (
    AT,
    CONVERT,
    CREATE,
    DAY,
    NOW,
    ORDER,
    POC_LEFT,
    RECOVER,
    RESIZE,
    WHOLE,
    about,
    answer,
    back,
    but,
    cancelled,
    cluster,
    given,
    held,
    is_refused,
    metered,
    node,
    poc,
    refusal,
    told_provider,
    waiting,
)
from tests.unit.lifecycle.time import found, look

END_POC: Final = EndPoc(account="acme", effective_at=AT)
STOP: Final = StopMetered(account="acme", product="vcontainer", effective_at=AT)
LOOK: Final = look(AT)
MINUTE: Final = timedelta(minutes=1)
WEEK: Final = AT + 7 * DAY
STOPPED_UNTIL: Final = AT + 15 * DAY


def said(event: type[Message]) -> Any:
    """By hold, of acme, at that instant."""
    example = event.model_validate_json(json.dumps(event.example))
    return but(example, account="acme", effective_at=AT)


def ended(resources: int) -> PocEnded:
    return PocEnded(account="acme", resources=resources, effective_at=AT)


def stopped(resources: int) -> MeteredStopped:
    return MeteredStopped(account="acme", product="vcontainer", resources=resources, effective_at=AT)


@pytest.mark.parametrize("before", [(), (PocEnd("acme", AT - DAY, None),)], ids=["its first", "its next"])
def test_the_end_of_a_poc_wallet_is_kept(before: tuple[PocEnd, ...]) -> None:
    given(*before).when(said(PocWalletEnded)).then(now=[PocEnd("acme", AT, AT)])


@pytest.mark.parametrize("ended_at", [AT, AT + DAY])
def test_an_end_that_was_heard_of_or_is_older_changes_nothing(ended_at: datetime) -> None:
    given(PocEnd("acme", ended_at, None)).when(said(PocWalletEnded)).then()


def test_it_is_carried_to_all_that_is_on_it_ten_minutes_after_it_was_first_looked_at() -> None:
    late = AT + DAY
    waits, over = PocEnd("acme", AT, late + 10 * MINUTE), PocEnd("acme", AT, None)
    slices = (found("acme", "nobody", by=number) for number in range(1, 5))
    case = given(PocEnd("acme", AT, AT), *slices).when(LOOK, at=late)
    case.then(now=[waits])
    case.when(LOOK, at=late + 9 * MINUTE).then(now=[waits])
    case.when(LOOK, at=late + 10 * MINUTE).then(END_POC, now=[over])
    case.when(LOOK, at=late + 11 * MINUTE).then(END_POC, now=[over])


def test_what_was_paid_before_the_end_and_comes_within_those_minutes_is_converted() -> None:
    end = AT + MINUTE
    waits = PocEnd("acme", end, end + 10 * MINUTE)
    case = given(poc(), cluster(1, 1), waits, found("srv-1", by=3))
    case.when(CONVERT, answer(CONVERT, "convert")).when(END_POC, at=end)
    after = case.known.get(Resource, "srv-1")
    assert after is not None
    assert (after.billing, after.status) == ("prepaid", "active")
    assert case.decisions[2].says == (but(ended(0), effective_at=end),)


def test_what_comes_later_still_finds_it_deleted() -> None:
    case = given(poc(), cluster(1, 1), found("srv-1")).when(END_POC, CONVERT)
    assert case.decisions[1].says == (refusal(CONVERT, Reason.RESOURCE_DELETED),)


def test_what_is_prepaid_waits_seven_days_in_the_trash_and_its_cluster_is_no_longer_poc() -> None:
    after = poc(status="trash", until=NOW, terms=(), trash_until=WEEK, version=2)
    given(poc(), cluster(1, 2), found("srv-1")).when(END_POC).then(
        ResourceDeleted(**about(after, unused=POC_LEFT, wallet="poc"), by="poc_wallet", trash_until=WEEK),
        back(),
        told_provider("srv-1", "delete"),
        ClusterCleared(account="acme", cluster="k1", effective_at=AT),
        ended(1),
        now=[after, cluster(0, 1, poc=False, version=2)],
    )


def test_what_would_be_metered_is_deleted_at_once() -> None:
    after = node(status="released", until=NOW, terms=(), version=2)
    case = given(node(), cluster(1, 1), found("node-1")).when(END_POC)
    assert case.known.get(Resource, "node-1") == after


@pytest.mark.parametrize("status", ["active", "grace", "suspended"])
def test_wherever_it_stands_it_ends(status: Any) -> None:
    case = given(poc(status=status), cluster(1, 1), found("srv-1")).when(END_POC)
    after = case.known.get(Resource, "srv-1")
    assert after is not None
    assert (after.status, after.trash_until) == ("trash", WEEK)


def test_what_is_being_made_is_called_off() -> None:
    ask = but(CREATE, billing="poc", auto_renew=False)
    before = poc(status="creating", terms=())
    after = replace(before, status="released", version=2)
    given(before, cluster(0, 1), waiting(ask), found("srv-1")).when(END_POC).then(
        ResourceDeleted(**about(after), by="poc_wallet"),
        refusal(ask, Reason.RESOURCE_DELETED),
        cancelled(ask),
        ended(1),
        now=[after, cluster(0, 0, version=2), waiting(ask).over()],
    )


def test_a_resize_under_way_is_called_off() -> None:
    case = given(poc(), cluster(1, 1), waiting(RESIZE), found("srv-1")).when(END_POC)
    assert refusal(RESIZE, Reason.RESOURCE_DELETED) in case.decisions[0].says


def test_a_conversion_that_was_paid_before_is_waited_for_and_stands_if_it_is_made() -> None:
    watch = Watch("srv-1", poc().until, poc_ended_at=AT)
    case = given(poc(), cluster(1, 1), waiting(CONVERT), found("srv-1")).when(END_POC)
    case.then(ended(0), now=[watch])
    assert when.next_at(poc(), watch) == AT
    case.when(answer(CONVERT, "convert"))
    after = case.known.get(Resource, "srv-1")
    assert after is not None
    assert (after.billing, after.status) == ("prepaid", "active")
    assert when.next_at(after, watch) == after.until


def test_a_conversion_of_the_whole_cluster_is_waited_for_likewise() -> None:
    case = given(node(), node(2), cluster(2, 2), waiting(WHOLE), found("node-1", "node-2")).when(END_POC)
    assert case.decisions[0].says == (ended(0),)


@pytest.mark.parametrize(
    "other",
    [
        poc(billing="prepaid"),
        poc(status="expired", trash_until=WEEK),
        poc(starts=to_minute(AT) + timedelta(minutes=1)),
    ],
    ids=["paid", "stopped before", "on a newer grant"],
)
def test_what_is_not_on_that_wallet_is_left_alone(other: Resource) -> None:
    given(other, found("srv-1", "gone")).when(END_POC).then(ended(0))


def test_several_clusters_are_counted_each_and_more_resources_follow_by_a_message_of_their_own() -> None:
    two = poc(id="srv-2", cluster="k2")
    other = replace(cluster(1, 1), id="k2")
    case = given(poc(), two, cluster(1, 1), other, found("srv-1", "srv-2", more=True)).when(END_POC)
    assert case.decisions[0].says[-2:] == (ended(2), but(END_POC, after="srv-2"))
    for name in ("k1", "k2"):
        counted = case.known.get(Cluster, name)
        assert counted is not None
        assert (counted.poc, counted.poc_remaining, counted.resources) == (False, 0, 0)


def test_a_debt_that_was_not_paid_is_carried_to_what_the_account_has_of_the_product() -> None:
    event = said(DebtStopped)
    given().when(event).then(STOP)


def test_metered_resources_are_stopped_and_their_use_ends() -> None:
    after = held(status="suspended", trash_until=STOPPED_UNTIL, version=2)
    given(held(), found("node-1")).when(STOP).then(
        ResourceSuspended(**about(after, metered=metered()), by="debt", next_at=STOPPED_UNTIL),
        told_provider("node-1", "suspend"),
        stopped(1),
        now=[after],
    )


@pytest.mark.parametrize(
    "other",
    [poc(), held(status="suspended"), held(kind="snapshot"), held(starts=AT)],
    ids=["poc", "stopped", "other product", "began after the debt"],
)
def test_nothing_else_is_stopped(other: Resource) -> None:
    given(other, found(other.id)).when(STOP).then(stopped(0))


def test_a_resize_of_what_is_stopped_is_called_off() -> None:
    ask = but(RESIZE, resource="node-1", line=None, metered=metered())
    case = given(held(), waiting(ask), found("node-1")).when(STOP)
    assert refusal(ask, Reason.NOT_ACTIVE) in case.decisions[0].says
    assert waiting(ask).over() in case.decisions[0].changes


def test_more_of_them_follow_by_a_message_of_their_own() -> None:
    case = given(held(), found("node-1", more=True)).when(STOP)
    assert case.decisions[0].says[-1] == but(STOP, after="node-1")


STOPPED: Final = held(status="suspended", trash_until=STOPPED_UNTIL)
START: Final = RecoverResource(
    account="acme", order=ORDER, effective_at=AT, resource="node-1", metered=metered()
)


def test_what_was_stopped_for_debt_runs_again_when_it_is_held_for_anew() -> None:
    case = given(STOPPED, cluster(0, 1, poc=False)).when(START, answer(START, "recover"))
    after = replace(STOPPED, status="active", starts=NOW, trash_until=None, version=2)
    assert case.known.get(Resource, "node-1") == after
    assert case.decisions[1].says == (ResourceRecovered(**about(after, order=ORDER, metered=metered())),)


@pytest.mark.parametrize(
    ("before", "ask", "reason"),
    [
        (held(), START, Reason.NOT_IN_TRASH),
        (poc(billing="prepaid", status="suspended"), RECOVER, Reason.NOT_IN_TRASH),
        (replace(STOPPED, trash_until=AT), START, Reason.TRASH_OVER),
        (STOPPED, but(START, metered=metered(flavor="other")), Reason.CHANGED_MEANWHILE),
        (STOPPED, but(RECOVER, resource="node-1"), Reason.CHANGED_MEANWHILE),
        (poc(billing="prepaid", status="trash", trash_until=WEEK), but(START, resource="srv-1"), Reason.CHANGED_MEANWHILE),
    ],
)  # fmt: skip
def test_it_runs_again_only_as_it_was_and_while_it_is_kept(
    before: Resource, ask: RecoverResource, reason: Reason
) -> None:
    is_refused(given(before), ask, reason)


def test_a_full_cluster_has_room_for_what_was_only_stopped() -> None:
    full = replace(cluster(0, 2_000, poc=False))
    case = given(STOPPED, full).when(START)
    assert case.decisions[0].changes


@pytest.mark.parametrize("status", ["grace", "suspended"])
def test_poc_past_the_end_of_its_own_period_can_still_be_paid_for_or_stopped(status: Any) -> None:
    late = poc(status=status, until=NOW - DAY, terms=())
    case = given(late, cluster(1, 1)).when(CONVERT, answer(CONVERT, "convert"))
    after = case.known.get(Resource, "srv-1")
    assert after is not None
    assert (after.status, after.billing) == ("active", "prepaid")
    ask = ExpireResource(account="acme", order=ORDER, effective_at=AT, resource="srv-1")
    case = given(late, cluster(1, 1)).when(ask)
    after = case.known.get(Resource, "srv-1")
    assert after is not None
    assert (after.status, after.trash_until) == ("expired", WEEK)
