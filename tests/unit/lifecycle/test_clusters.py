"""Stop POC of a whole metered cluster, clearing a cluster's flag, and deleting a cluster: the whole or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from services.lifecycle.reasons import Reason
from services.lifecycle.state import Cluster, Members, Resource
from shared.contracts.lifecycle import (
    ClusterCleared,
    ClusterConverted,
    ClusterDeleted,
    ResourceConverted,
    ResourceDeleted,
)
from shared.contracts.resources import (
    ClearCluster,
    ConvertCluster,
    ConvertResource,
    CreateResource,
    DeleteCluster,
)
from shared.engine.decision import Entity
from tests.unit.lifecycle.cases import (
    AT,
    CONVERT,
    CREATE,
    DAY,
    NOW,
    ORDER,
    POC_LEFT,
    WHOLE,
    about,
    answer,
    asked_of_provider,
    back,
    but,
    cancelled,
    cluster,
    given,
    held,
    is_refused,
    line,
    members,
    metered,
    no,
    node,
    paid,
    poc,
    refusal,
    told_provider,
    waiting,
)

CLEAR: Final = ClearCluster(account="acme", cluster="k1", effective_at=AT)
DELETE: Final = DeleteCluster(account="acme", cluster="k1")
CLEARED: Final = ClusterCleared(account="acme", cluster="k1", effective_at=AT)
NODES: Final = (node(1), node(2))
KNOWN: Final[tuple[Entity, ...]] = (*NODES, cluster(2, 2), members(*NODES))


def metered_now(number: int) -> Resource:
    return replace(
        held(id=f"node-{number}", metered=metered(f"node-{number}")), starts=NOW, months=1, version=2
    )


def test_convert_cluster_asks_the_provider_once() -> None:
    given(*KNOWN).when(WHOLE).then(asked_of_provider(WHOLE, "convert"), now=[waiting(WHOLE)])


def test_a_converted_cluster_is_metered_from_the_orders_instant_and_all_poc_value_goes_back() -> None:
    first, second = metered_now(1), metered_now(2)
    told = [
        ResourceConverted(**about(each, order=ORDER, metered=each.metered, unused=POC_LEFT, wallet="poc"))
        for each in (first, second)
    ]
    end = ClusterConverted(account="acme", cluster="k1", order=ORDER, resources=2, effective_at=AT)
    given(*KNOWN, waiting(WHOLE)).when(answer(WHOLE, "convert")).then(
        told[0], back(resource="node-1"), told[1], back(resource="node-2"), end, CLEARED,
        now=[first, second, cluster(0, 2, poc=False, version=2), waiting(WHOLE).over()],
    )  # fmt: skip


def test_what_became_poc_meanwhile_keeps_the_cluster_poc() -> None:
    late = node(3)
    case = given(*NODES, late, cluster(3, 3), members(*NODES, late), waiting(WHOLE))
    case.when(answer(WHOLE, "convert"))
    assert case.known.get(Cluster, "k1") == cluster(1, 3, version=2)


def test_a_converted_cluster_of_which_nothing_is_poc_any_more_converts_nothing() -> None:
    end = ClusterConverted(account="acme", cluster="k1", order=ORDER, resources=0, effective_at=AT)
    given(held(), cluster(0, 1), waiting(WHOLE)).when(answer(WHOLE, "convert")).then(
        end, now=[waiting(WHOLE).over()]
    )


def test_a_cluster_the_provider_refuses_stays_as_it_is() -> None:
    sentence = "The provider could not do it: No room."
    given(*KNOWN, waiting(WHOLE)).when(no(WHOLE, "convert")).then(
        refusal(WHOLE, Reason.PROVIDER_REFUSED, explanation=sentence), now=[waiting(WHOLE).over()]
    )


def test_servers_and_balancers_of_the_cluster_are_not_asked_for() -> None:
    others = (poc(), poc(id="snap", kind="snapshot"), paid(id="lb", kind="load_balancer"), held(id="node-7"))
    gone = (node(8, status="trash"), node(9, status="expired"))
    given(*NODES, *others, *gone, cluster(3, 6), members(*NODES, *others, *gone)).when(WHOLE).then(
        asked_of_provider(WHOLE, "convert"), now=[waiting(WHOLE)]
    )


NODE_CREATE: Final[CreateResource] = but(
    CREATE, resource="node-2", kind="k8s_node", flavor="s-general-2x4", billing="poc",
    line=line(resource="node-2", kind="k8s_node", flavor="s-general-2x4"),
)  # fmt: skip
NODE_CONVERT: Final[ConvertResource] = but(CONVERT, resource="node-2")
REFUSED: Final[list[tuple[Reason, ConvertCluster, tuple[Entity, ...]]]] = [
    (Reason.CLUSTER_UNKNOWN, WHOLE, ()),
    (Reason.NOT_OWNER, WHOLE, (replace(cluster(), account="other"),)),
    (Reason.IN_CHANGE, WHOLE, (*KNOWN, waiting(WHOLE))),
    (Reason.IN_CHANGE, WHOLE, (*KNOWN, waiting(NODE_CONVERT))),
    (Reason.IN_CHANGE, WHOLE, (node(1), node(2, status="creating"), *KNOWN[2:], waiting(NODE_CREATE))),
    (Reason.RESOURCE_DELETED, WHOLE, (node(1, status="released"), held(id="node-2"), cluster(0, 0))),
    (Reason.ALREADY_STOPPED, WHOLE, (node(1, status="expired"), held(id="node-2"), cluster(0, 0))),
    (Reason.ALREADY_STOPPED, WHOLE, (cluster(0, 0),)),
    (Reason.ALREADY_STOPPED, WHOLE, (held(), cluster(0, 1), members(held()))),
    (Reason.ALREADY_STOPPED, WHOLE, (cluster(0, 1), Members("k1", ("node-1",)))),
    (Reason.CHANGED_MEANWHILE, WHOLE, (*NODES, node(3), cluster(3, 3), members(*NODES, node(3)))),
    (Reason.CHANGED_MEANWHILE, but(WHOLE, metered=[metered("node-1")]), KNOWN),
    (Reason.CHANGED_MEANWHILE, but(WHOLE, metered=[*WHOLE.metered, metered("node-1")]), KNOWN),
    (Reason.CHANGED_MEANWHILE, but(WHOLE, metered=[metered("node-1"), metered("node-2", flavor="x")]), KNOWN),
]


@pytest.mark.parametrize(("reason", "ask", "known"), REFUSED)
def test_convert_cluster_is_refused(reason: Reason, ask: ConvertCluster, known: tuple[Entity, ...]) -> None:
    is_refused(given(*known), ask, reason)


def test_a_cluster_of_two_thousand_is_converted_in_one_decision() -> None:
    many = tuple(node(number) for number in range(2_000))
    ask = but(WHOLE, metered=[metered(each.id) for each in many])
    case = given(*many, cluster(2_000, 2_000), members(*many)).when(ask, answer(ask, "convert"))
    assert case.known.get(Cluster, "k1") == cluster(0, 2_000, poc=False, version=2)
    assert len(case.decisions[-1].says) == 4_002


def test_clear_takes_the_flag_when_nothing_is_poc() -> None:
    given(cluster(0, 3)).when(CLEAR).then(CLEARED, now=[cluster(0, 3, poc=False, version=2)])


@pytest.mark.parametrize(
    ("reason", "known"),
    [
        (Reason.CLUSTER_UNKNOWN, []),
        (Reason.NOT_OWNER, [replace(cluster(0), account="other")]),
        (Reason.STILL_POC, [cluster(1)]),
        (Reason.NOT_POC, [cluster(0, poc=False)]),
    ],
)
def test_clear_is_refused(reason: Reason, known: list[Entity]) -> None:
    is_refused(given(*known), CLEAR, reason)


def deleted(resource: Resource, **more: object) -> ResourceDeleted:
    return ResourceDeleted(**about(resource, **more))


def test_delete_cluster_deletes_all_that_is_there_and_ends_its_poc() -> None:
    server, metered_node = paid(), held()
    gone = paid(id="old", status="trash")
    trash = replace(server, status="trash", until=NOW, terms=(), trash_until=AT + 7 * DAY, version=2)
    released = replace(metered_node, status="released", metered=None, version=2)
    given(server, metered_node, gone, cluster(0, 2), members(metered_node, server, gone)).when(DELETE).then(
        deleted(released, metered=metered(), by="cluster"),
        told_provider("node-1", "delete"),
        deleted(trash, unused=POC_LEFT, wallet="credit", trash_until=AT + 7 * DAY, by="cluster"),
        back(wallet="credit"),
        told_provider("srv-1", "delete"),
        ClusterDeleted(account="acme", cluster="k1", resources=2, effective_at=AT),
        now=[released, trash, cluster(0, 0, poc=False, version=2)],
    )


def test_delete_cluster_calls_off_what_is_under_way() -> None:
    creating = poc(id="srv-2", status="creating", terms=())
    create = but(CREATE, resource="srv-2")
    known = (*KNOWN[:2], creating, cluster(2, 3), members(*NODES, creating))
    case = given(*known, waiting(WHOLE), waiting(create)).when(DELETE)
    says = case.decisions[0].says
    assert refusal(create, Reason.RESOURCE_DELETED) in says
    assert refusal(WHOLE, Reason.CHANGED_MEANWHILE) in says
    assert cancelled(create) in says
    assert cancelled(WHOLE) in says
    assert deleted(replace(creating, status="released", version=2), by="cluster") in says
    assert told_provider("srv-2", "delete") not in says
    assert case.known.get(Cluster, "k1") == cluster(0, 0, poc=False, version=2)
    case.when(answer(WHOLE, "convert"), answer(create, "create"))
    assert [len(each.says) for each in case.decisions[1:]] == [0, 0]


def test_a_cluster_with_nothing_in_it_is_deleted() -> None:
    end = ClusterDeleted(account="acme", cluster="k1", resources=0, effective_at=AT)
    given(cluster(0, 0)).when(DELETE).then(end, now=[cluster(0, 0, poc=False, version=2)])


def test_delete_cluster_is_refused_to_anyone_else() -> None:
    is_refused(given(), DELETE, Reason.CLUSTER_UNKNOWN)
    is_refused(given(replace(cluster(), account="other")), DELETE, Reason.NOT_OWNER)
