"""How a resource ends: stopped without paying, stopped elsewhere, deleted; and that both win over what is under way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from services.lifecycle.reasons import Reason
from services.lifecycle.state import Resource
from shared.contracts.lifecycle import ClusterCleared, ResourceDeleted, ResourceExpired
from shared.contracts.message import Command
from shared.contracts.resources import DeleteResource, ExpireResource, ReportPocStopped
from shared.engine.decision import Entity
from tests.unit.lifecycle.cases import (
    AT,
    CONVERT,
    CREATE,
    DAY,
    NOW,
    ORDER,
    POC_LEFT,
    POC_TO,
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
    paid,
    poc,
    refusal,
    told_provider,
    waiting,
)

EXPIRE: Final = ExpireResource(account="acme", order=ORDER, effective_at=AT, resource="srv-1")
REPORT: Final = ReportPocStopped(account="acme", resource="srv-1")
DELETE: Final = DeleteResource(account="acme", resource="srv-1")
WEEK: Final = AT + 7 * DAY
STOPPED: Final = poc(status="expired", until=NOW, terms=(), trash_until=WEEK, version=2)


def expired(order: str | None) -> ResourceExpired:
    return ResourceExpired(**about(STOPPED, order=order, unused=POC_LEFT, wallet="poc"), trash_until=WEEK)


def test_an_order_stops_poc_without_paying_and_with_the_last_one_the_clusters_poc_ends() -> None:
    cleared = ClusterCleared(account="acme", cluster="k1", effective_at=AT)
    given(poc(), cluster(1, 2)).when(EXPIRE).then(
        expired(ORDER), cleared, back(), told_provider("srv-1", "expire"),
        now=[STOPPED, cluster(0, 1, poc=False, version=2)],
    )  # fmt: skip


def test_poc_stopped_elsewhere_leaves_the_clusters_flag_until_it_is_cleared() -> None:
    given(poc(), cluster(1, 2)).when(REPORT).then(
        expired(None), back(), told_provider("srv-1", "expire"), now=[STOPPED, cluster(0, 1, version=2)]
    )


def test_a_poc_node_that_is_stopped_without_paying_is_kept_no_longer() -> None:
    case = given(node(), cluster(2, 2)).when(but(EXPIRE, resource="node-1"))
    after = case.known.get(Resource, "node-1")
    assert after == node(status="expired", until=NOW, terms=(), trash_until=AT, version=2)
    case.when(but(RECOVER, resource="node-1"))
    assert getattr(case.decisions[-1].says[0], "reason", None) == Reason.NOT_PREPAID


def test_a_conversion_under_way_comes_too_late_when_poc_was_stopped_elsewhere() -> None:
    given(poc(), cluster(2, 2), waiting(CONVERT)).when(REPORT).then(
        expired(None), back(), told_provider("srv-1", "expire"),
        refusal(CONVERT, Reason.ALREADY_STOPPED), cancelled(CONVERT),
        now=[STOPPED, cluster(1, 1, version=2), waiting(CONVERT).over()],
    )  # fmt: skip


def test_a_late_answer_to_what_was_called_off_changes_nothing() -> None:
    case = given(poc(), cluster(2, 2), waiting(CONVERT)).when(REPORT, answer(CONVERT, "convert"))
    assert case.decisions[1] == ((), (), ())


def test_a_conversion_of_the_whole_cluster_is_called_off_when_one_of_it_is_stopped() -> None:
    case = given(node(1), node(2), cluster(2, 2), waiting(WHOLE)).when(but(REPORT, resource="node-1"))
    says = case.decisions[0].says
    assert refusal(WHOLE, Reason.CHANGED_MEANWHILE) in says
    assert cancelled(WHOLE) in says


def test_a_resource_that_is_there_since_a_moment_ends_when_it_began() -> None:
    early = poc(starts=NOW + DAY, until=POC_TO)
    found = given(early).when(REPORT).known.get(Resource, "srv-1")
    assert found is not None
    assert found.until == NOW + DAY


AGAINST: Final[list[tuple[Reason, list[Entity]]]] = [
    (Reason.RESOURCE_UNKNOWN, []),
    (Reason.NOT_OWNER, [poc(account="other")]),
    (Reason.ALREADY_STOPPED, [paid()]),
    (Reason.ALREADY_STOPPED, [poc(status="expired")]),
    (Reason.RESOURCE_DELETED, [poc(status="trash")]),
    (Reason.NOT_ACTIVE, [poc(status="creating")]),
]


@pytest.mark.parametrize("ask", [EXPIRE, REPORT])
@pytest.mark.parametrize(("reason", "known"), AGAINST)
def test_a_stop_is_refused(ask: Command, reason: Reason, known: list[Entity]) -> None:
    is_refused(given(*known), ask, reason)


def test_an_order_does_not_stop_what_is_being_changed() -> None:
    is_refused(given(poc(), waiting(CONVERT)), EXPIRE, Reason.IN_CHANGE)


def test_what_is_still_being_made_cannot_have_been_stopped() -> None:
    is_refused(given(poc(status="creating"), waiting(CREATE)), REPORT, Reason.NOT_ACTIVE)


@pytest.mark.parametrize("status", ["active", "grace", "suspended"])
@pytest.mark.parametrize(("billing", "wallet"), [("prepaid", "credit"), ("poc", "poc")])
def test_what_is_deleted_goes_into_the_trash_and_its_unused_value_back(
    status: Any, billing: Any, wallet: str
) -> None:
    before = poc(billing=billing, status=status)
    after = replace(before, status="trash", until=NOW, terms=(), trash_until=WEEK, version=2)
    remaining = int(billing == "poc")
    event = ResourceDeleted(**about(after, unused=POC_LEFT, wallet=wallet), trash_until=WEEK)
    given(before, cluster(remaining, 1)).when(DELETE).then(
        event, back(wallet=wallet), told_provider("srv-1", "delete"),
        now=[after, cluster(0, 0, version=2)],
    )  # fmt: skip


def test_a_metered_resource_is_gone_at_once() -> None:
    after = replace(held(), status="released", metered=None, version=2)
    given(held(), cluster(0, 1)).when(but(DELETE, resource="node-1")).then(
        ResourceDeleted(**about(after, metered=metered())), told_provider("node-1", "delete"),
        now=[after, cluster(0, 0, version=2)],
    )  # fmt: skip


def test_the_poc_value_of_a_node_goes_back_though_its_kind_is_not_refunded() -> None:
    case = given(node(), cluster()).when(but(DELETE, resource="node-1"))
    assert back(resource="node-1") in case.decisions[0].says


def test_nothing_goes_back_for_a_kind_that_is_not_refunded() -> None:
    before = paid(kind="snapshot", cluster=None)
    (event, _) = given(before).when(DELETE).decisions[0].says
    assert isinstance(event, ResourceDeleted)
    assert event.unused == 0


def test_what_expired_is_kept_no_longer_for_being_deleted() -> None:
    before = poc(status="expired", until=NOW - DAY, terms=(), trash_until=AT + DAY)
    after = replace(before, status="trash", version=2)
    event = ResourceDeleted(**about(after), trash_until=AT + DAY)
    given(before, cluster(0, 0)).when(DELETE).then(event, told_provider("srv-1", "delete"), now=[after])


def test_what_is_deleted_while_it_is_being_made_is_called_off_and_its_order_told() -> None:
    before = paid(status="creating", terms=())
    after = replace(before, status="released", version=2)
    given(before, cluster(0, 1, poc=False), waiting(CREATE)).when(DELETE).then(
        ResourceDeleted(**about(after)), refusal(CREATE, Reason.RESOURCE_DELETED), cancelled(CREATE),
        now=[after, cluster(0, 0, poc=False, version=2), waiting(CREATE).over()],
    )  # fmt: skip


def test_what_is_deleted_while_it_is_converted_gives_its_poc_value_back_and_its_order_is_told() -> None:
    case = given(poc(), cluster(), waiting(CONVERT)).when(DELETE)
    says = case.decisions[0].says
    assert back() in says
    assert says[-2:] == (refusal(CONVERT, Reason.RESOURCE_DELETED), cancelled(CONVERT))
    case.when(answer(CONVERT, "convert"))
    assert case.decisions[1] == ((), (), ())


def test_what_is_deleted_while_it_is_resized_or_recovered_is_called_off() -> None:
    for known, ask in ((paid(), RESIZE), (poc(status="expired", trash_until=WEEK), RECOVER)):
        says = given(known, waiting(ask)).when(DELETE).decisions[0].says
        assert says[-2:] == (refusal(ask, Reason.RESOURCE_DELETED), cancelled(ask))


def test_what_does_not_convert_with_its_cluster_is_deleted_without_disturbing_it() -> None:
    case = given(paid(id="lb", kind="load_balancer"), cluster(2, 3), waiting(WHOLE))
    case.when(but(DELETE, resource="lb"))
    assert waiting(WHOLE).over() not in case.decisions[0].changes


@pytest.mark.parametrize(
    ("reason", "known"),
    [
        (Reason.RESOURCE_UNKNOWN, []),
        (Reason.NOT_OWNER, [paid(account="other")]),
        (Reason.RESOURCE_DELETED, [paid(status="trash")]),
        (Reason.RESOURCE_DELETED, [paid(status="released")]),
    ],
)
def test_delete_is_refused(reason: Reason, known: list[Entity]) -> None:
    is_refused(given(*known), DELETE, reason)
