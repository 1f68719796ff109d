"""Making a resource: asked of the provider, made when it says so, and counted in its cluster."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from services.lifecycle.reasons import Reason
from services.lifecycle.state import Cluster, Members, PocEnd, Resource
from shared.contracts.lifecycle import ResourceCreated
from shared.contracts.parts import Term
from shared.contracts.resources import MOST_RESOURCES, CreateResource
from shared.engine.decision import Entity
from tests.unit.lifecycle.cases import (
    AT,
    CREATE,
    NEXT_MONTH,
    NOW,
    ORDER,
    POC_TO,
    WHOLE,
    about,
    answer,
    asked_of_provider,
    but,
    cluster,
    given,
    is_refused,
    line,
    metered,
    no,
    paid,
    refusal,
    waiting,
)

WANTED: Final = Resource(
    id="srv-1", account="acme", cluster="k1", kind="server", flavor="s-general-1x1", quantity=1,
    billing="prepaid", status="creating", starts=NOW, until=NEXT_MONTH, auto_renew=True, months=2,
)  # fmt: skip
REQUEST: Final = asked_of_provider(CREATE, "create", flavor="s-general-1x1", quantity=1)
BOUGHT: Final = Term(starts=NOW, until=NEXT_MONTH, paid=181_000)
POC: Final[CreateResource] = but(CREATE, billing="poc", line=line(until=POC_TO))


def test_create_asks_the_provider_and_counts_it_in_a_new_cluster() -> None:
    given().when(CREATE).then(REQUEST, now=[WANTED, cluster(0, 1, poc=False), waiting(CREATE)])


def test_create_counts_it_in_a_cluster_that_is_there() -> None:
    given(cluster(1, 1)).when(CREATE).then(REQUEST, now=[WANTED, cluster(1, 2, version=2), waiting(CREATE)])


def test_create_without_a_cluster_counts_nowhere() -> None:
    alone = but(CREATE, cluster=None)
    given().when(alone).then(REQUEST, now=[replace(WANTED, cluster=None), waiting(alone)])


def test_create_is_seen_by_a_change_of_the_whole_cluster_in_the_same_batch() -> None:
    given(cluster(), Members("k1", ("a",))).when(CREATE).then(
        REQUEST,
        now=[WANTED, cluster(1, 2, version=2), Members("k1", ("a", "srv-1")), waiting(CREATE)],
    )


@pytest.mark.parametrize(
    "ask", [POC, but(CREATE, auto_renew=False), but(CREATE, kind="volume", line=line(kind="volume"))]
)
def test_only_what_is_prepaid_and_asked_so_is_renewed_by_itself(ask: CreateResource) -> None:
    known = given().when(ask).known
    resource = known.get(Resource, "srv-1")
    assert resource is not None
    assert resource.auto_renew is (ask.billing == "prepaid" and ask.auto_renew)


def test_a_prepaid_resource_is_made_when_the_provider_says_so() -> None:
    after = replace(WANTED, status="active", terms=(BOUGHT,), version=2)
    event = ResourceCreated(**about(after, order=ORDER, line=line()))
    given(WANTED, cluster(0, 1, poc=False), waiting(CREATE)).when(answer(CREATE, "create")).then(
        event, now=[after, waiting(CREATE).over()]
    )


def test_the_first_poc_resource_made_makes_its_cluster_poc() -> None:
    wanted = replace(WANTED, billing="poc", until=POC_TO, auto_renew=False)
    case = given(wanted, cluster(0, 1, poc=False), waiting(POC)).when(answer(POC, "create"))
    assert case.known.get(Cluster, "k1") == cluster(1, 1, version=2)


def test_a_poc_resource_that_does_not_convert_with_its_cluster_does_not_make_it_poc() -> None:
    ask = but(POC, kind="database", line=line(until=POC_TO, kind="database"))
    case = given().when(ask, answer(ask, "create"))
    assert case.known.get(Cluster, "k1") == cluster(0, 1, poc=False)


def test_a_metered_resource_is_made_with_its_price() -> None:
    price = metered("srv-1")
    ask = but(
        CREATE, kind="k8s_node", flavor="s-general-2x4", billing="hold", line=None, metered=price, auto_renew=False
    )  # fmt: skip
    case = given().when(ask, answer(ask, "create"))
    found = case.known.get(Resource, "srv-1")
    assert found is not None
    assert (found.status, found.terms, found.until, found.metered) == ("active", (), None, price)


def test_what_the_provider_refuses_to_make_is_not_there_and_may_be_asked_for_again() -> None:
    gone = replace(WANTED, status="released", version=2)
    sentence = "The provider could not do it: No room."
    case = given(WANTED, cluster(0, 1, poc=False), waiting(CREATE)).when(no(CREATE, "create"))
    case.then(
        refusal(CREATE, Reason.PROVIDER_REFUSED, explanation=sentence),
        now=[gone, cluster(0, 0, poc=False, version=2), waiting(CREATE).over()],
    )
    again = case.when(CREATE).known.get(Resource, "srv-1")
    assert again == replace(WANTED, version=3)


FULL: Final = Cluster("k1", "acme", resources=MOST_RESOURCES)
LAST: Final = replace(FULL, resources=MOST_RESOURCES - 1)
REFUSED: Final[list[tuple[Reason, CreateResource, list[Entity]]]] = [
    (Reason.RESOURCE_EXISTS, CREATE, [paid()]),
    (Reason.RESOURCE_EXISTS, CREATE, [WANTED]),
    (Reason.RESOURCE_EXISTS, CREATE, [paid(status="released", account="other")]),
    (Reason.RESOURCE_EXISTS, CREATE, [paid(status="released", cluster="k2")]),
    (Reason.RESOURCE_EXISTS, CREATE, [paid(status="trash")]),
    (Reason.NAME_TAKEN, but(CREATE, cluster="srv-1"), []),
    (Reason.NAME_TAKEN, CREATE, [Cluster("srv-1", "other")]),
    (Reason.NAME_TAKEN, CREATE, [paid(id="k1")]),
    (Reason.NOT_OWNER, CREATE, [Cluster("k1", "other")]),
    (Reason.POC_ENDED, POC, [PocEnd("acme", NOW + timedelta(minutes=1), None)]),
    (Reason.CLUSTER_FULL, CREATE, [FULL]),
    (Reason.IN_CHANGE, POC, [cluster(2, 2), waiting(WHOLE)]),
]


@pytest.mark.parametrize(("reason", "ask", "known"), REFUSED)
def test_create_is_refused(reason: Reason, ask: CreateResource, known: list[Entity]) -> None:
    is_refused(given(*known), ask, reason)


HOLD: Final[dict[str, Any]] = {"billing": "hold", "line": None, "auto_renew": False}
NODE: Final[dict[str, Any]] = {"kind": "k8s_node", "flavor": "s-general-2x4"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"line": None},
        {"metered": metered("srv-1")},
        {"line": line(resource="srv-2")},
        {"line": line(flavor="other")},
        {"line": line(kind="volume")},
        {"line": line(NEXT_MONTH)},
        {"line": line(NOW, NOW)},
        {"line": line(carried=1)},
        {"quantity": 2},
        {"kind": "k8s_node", "line": line(kind="k8s_node")},
        {"billing": "poc", "kind": "load_balancer", "line": line(kind="load_balancer")},
        {"billing": "poc", "kind": "snapshot", "line": line(kind="snapshot")},
        HOLD | {"metered": metered("srv-1", kind="server", flavor="s-general-1x1")},
        HOLD | NODE,
        HOLD | NODE | {"metered": metered("other")},
        HOLD | NODE | {"metered": metered("srv-1"), "line": line()},
    ],
)
def test_create_is_refused_when_what_was_priced_does_not_fit(wrong: dict[str, Any]) -> None:
    is_refused(given(), but(CREATE, **wrong), Reason.TERMS_INVALID)


def test_what_begins_at_the_end_of_a_poc_wallet_or_later_is_on_a_newer_grant() -> None:
    case = given(PocEnd("acme", NOW, None)).when(POC)
    assert case.known.get(Resource, "srv-1") is not None


def test_a_poc_snapshot_outside_a_cluster_is_made() -> None:
    ask = but(CREATE, billing="poc", kind="snapshot", cluster=None, line=line(kind="snapshot"))
    assert given().when(ask).known.get(Resource, "srv-1") is not None


def test_the_last_place_of_a_cluster_can_be_taken() -> None:
    case = given(LAST).when(CREATE)
    assert case.known.get(Cluster, "k1") == replace(FULL, version=2)


def test_paid_resources_are_added_to_a_cluster_while_it_stops_being_poc() -> None:
    assert given(cluster(2, 2), waiting(WHOLE)).when(CREATE).known.get(Resource, "srv-1") is not None


def test_an_answer_for_what_is_no_longer_being_made_makes_nothing() -> None:
    for known in ([], [paid(cluster=None)]):
        for said in (answer(CREATE, "create"), no(CREATE, "create")):
            case = given(*known, waiting(CREATE)).when(said)
            assert not [each for each in case.decisions[0].changes if isinstance(each, Resource)]


def test_the_instant_of_what_is_made_is_that_of_the_order() -> None:
    late = but(answer(CREATE, "create"), effective_at=AT.replace(year=2027))
    case = given(WANTED, waiting(CREATE)).when(late, at=late.effective_at)
    (event,) = case.decisions[0].says
    assert isinstance(event, ResourceCreated)
    assert event.effective_at == AT
