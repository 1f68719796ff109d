"""Stop POC of one resource: what is left of its POC value goes back, the paid time starts, and nothing happens twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from services.lifecycle.reasons import Reason
from services.lifecycle.state import Cluster, Resource
from shared.contracts.lifecycle import ClusterCleared, ResourceConverted
from shared.contracts.parts import Term
from shared.contracts.resources import ConvertResource
from shared.engine.decision import Entity
from tests.unit.lifecycle.cases import (
    AT,
    CONVERT,
    NEXT_MONTH,
    NOW,
    ORDER,
    POC_LEFT,
    POC_PAID,
    POC_TO,
    RECOVER,
    RESIZE,
    WHOLE,
    about,
    answer,
    asked_of_provider,
    back,
    but,
    cluster,
    given,
    held,
    is_refused,
    line,
    metered,
    no,
    node,
    paid,
    poc,
    refusal,
    waiting,
)

CONVERTED: Final = paid(
    starts=NOW,
    until=NEXT_MONTH,
    terms=(Term(starts=NOW, until=NEXT_MONTH, paid=181_000),),
    auto_renew=True,
    months=2,
    version=2,
)
EVENT: Final = ResourceConverted(**about(CONVERTED, order=ORDER, line=line(), unused=POC_LEFT, wallet="poc"))
CLEARED: Final = ClusterCleared(account="acme", cluster="k1", effective_at=AT)


def test_convert_asks_the_provider_and_changes_nothing_yet() -> None:
    given(poc()).when(CONVERT).then(asked_of_provider(CONVERT, "convert"), now=[waiting(CONVERT)])


def test_a_converted_resource_is_paid_from_the_orders_instant_and_its_poc_value_goes_back() -> None:
    given(poc(), cluster(2, 3), waiting(CONVERT)).when(answer(CONVERT, "convert")).then(
        EVENT, back(), now=[CONVERTED, cluster(1, 3, version=2), waiting(CONVERT).over()]
    )


def test_the_last_one_converted_ends_the_clusters_poc() -> None:
    given(poc(), cluster(1, 3), waiting(CONVERT)).when(answer(CONVERT, "convert")).then(
        EVENT, CLEARED, back(), now=[CONVERTED, cluster(0, 3, poc=False, version=2), waiting(CONVERT).over()]
    )


def test_a_resource_without_a_cluster_is_converted_too() -> None:
    case = given(poc(cluster=None), waiting(CONVERT)).when(answer(CONVERT, "convert"))
    assert case.known.get(Resource, "srv-1") == replace(CONVERTED, cluster=None)


def test_nothing_goes_back_when_the_poc_is_used_up() -> None:
    over = poc(until=NOW, terms=(Term(starts=NOW - timedelta(days=9), until=NOW, paid=POC_PAID),))
    given(over, cluster(2, 3), waiting(CONVERT)).when(answer(CONVERT, "convert")).then(
        ResourceConverted(**about(CONVERTED, order=ORDER, line=line())),
        now=[CONVERTED, cluster(1, 3, version=2), waiting(CONVERT).over()],
    )


def test_an_answer_that_comes_twice_converts_once() -> None:
    twice = answer(CONVERT, "convert")
    given(poc(), cluster(1, 1), waiting(CONVERT)).when(twice, twice).then(
        EVENT, CLEARED, back(), now=[CONVERTED, cluster(0, 1, poc=False, version=2), waiting(CONVERT).over()]
    )


def test_an_answer_to_another_request_changes_nothing() -> None:
    other = but(answer(CONVERT, "convert"), request="of-yesterday")
    given(poc(), cluster(), waiting(CONVERT)).when(other).then()
    given(poc(), cluster()).when(answer(CONVERT, "convert")).then()
    given(poc(), cluster(), waiting(CONVERT).over()).when(answer(CONVERT, "convert")).then()


def test_an_answer_for_what_is_no_longer_poc_converts_nothing() -> None:
    given(waiting(CONVERT)).when(answer(CONVERT, "convert")).then(now=[waiting(CONVERT).over()])
    given(paid(), waiting(CONVERT)).when(answer(CONVERT, "convert")).then(now=[waiting(CONVERT).over()])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (" Out of\n stock. ", "The provider could not do it: Out of stock."),
        ("", "The provider could not do it."),
        ("x" * 999, "The provider could not do it: " + "x" * 300),
    ],
)
def test_what_the_provider_refuses_stays_poc(words: str, sentence: str) -> None:
    given(poc(), cluster(), waiting(CONVERT)).when(no(CONVERT, "convert", words)).then(
        refusal(CONVERT, Reason.PROVIDER_REFUSED, explanation=sentence), now=[waiting(CONVERT).over()]
    )
    given(poc()).when(no(CONVERT, "convert", words)).then()


def test_a_refused_conversion_can_be_asked_again() -> None:
    case = given(poc(), cluster()).when(CONVERT, no(CONVERT, "convert"), but(CONVERT, order="order-2"))
    assert len(case.decisions[-1].says) == 1
    assert case.decisions[-1].changes


REFUSED: Final[list[tuple[Reason, ConvertResource, list[Entity]]]] = [
    (Reason.RESOURCE_UNKNOWN, CONVERT, []),
    (Reason.NOT_OWNER, CONVERT, [poc(account="other")]),
    (Reason.ALREADY_STOPPED, CONVERT, [paid()]),
    (Reason.ALREADY_STOPPED, CONVERT, [held()]),
    (Reason.ALREADY_STOPPED, CONVERT, [poc(status="expired")]),
    (Reason.RESOURCE_DELETED, CONVERT, [poc(status="trash")]),
    (Reason.RESOURCE_DELETED, CONVERT, [poc(status="released")]),
    (Reason.IN_CHANGE, CONVERT, [poc(), waiting(RESIZE)]),
    (Reason.IN_CHANGE, but(CONVERT, resource="node-1"), [node(), waiting(WHOLE)]),
    (Reason.NOT_ACTIVE, CONVERT, [poc(status="creating")]),
    (Reason.NOT_PREPAID, but(CONVERT, resource="node-1"), [node()]),
]


@pytest.mark.parametrize(("reason", "ask", "known"), [each for each in REFUSED if each[2] != [held()]])
def test_convert_is_refused(reason: Reason, ask: ConvertResource, known: list[Entity]) -> None:
    is_refused(given(*known), ask, reason)


def test_convert_is_refused_for_what_is_metered_already() -> None:
    is_refused(given(held()), but(CONVERT, resource="node-1"), Reason.ALREADY_STOPPED)


@pytest.mark.parametrize(
    "wrong",
    [
        line(resource="srv-2"),
        line(flavor="s-general-2x4"),
        line(kind="volume"),
        line(NOW + timedelta(minutes=1)),
        line(NOW, NOW),
        line(carried=1),
    ],
)
def test_convert_is_refused_when_the_resource_is_not_as_it_was_priced(wrong: Any) -> None:
    is_refused(given(poc()), but(CONVERT, line=wrong), Reason.CHANGED_MEANWHILE)


ALONE: Final = poc(id="snap-1", cluster=None, kind="snapshot", flavor="snap", quantity=1)
PRICED: Final = metered("snap-1", kind="snapshot", flavor="snap")
METER: Final = but(CONVERT, resource="snap-1", line=None, metered=PRICED, auto_renew=False)


def test_what_is_metered_and_stands_alone_is_used_from_the_orders_instant() -> None:
    after = replace(ALONE, billing="hold", starts=NOW, until=None, terms=(), metered=PRICED, version=2)
    event = ResourceConverted(**about(after, order=ORDER, metered=PRICED, unused=POC_LEFT, wallet="poc"))
    given(ALONE).when(METER).then(asked_of_provider(METER, "convert"), now=[waiting(METER)])
    given(ALONE, waiting(METER)).when(answer(METER, "convert")).then(
        event, back(resource="snap-1"), now=[after, waiting(METER).over()]
    )


@pytest.mark.parametrize(
    ("resource", "different", "reason"),
    [
        (replace(ALONE, cluster="k1"), {}, Reason.NOT_PREPAID),
        (ALONE, {"metered": None}, Reason.NOT_PREPAID),
        (ALONE, {"line": line(resource="snap-1")}, Reason.CHANGED_MEANWHILE),
        (ALONE, {"metered": metered("snap-1", kind="snapshot", flavor="other")}, Reason.CHANGED_MEANWHILE),
        (replace(ALONE, kind="server"), {"metered": metered("snap-1", kind="server", flavor="snap")}, Reason.CHANGED_MEANWHILE),
        (replace(ALONE, kind="server"), {"metered": None}, Reason.CHANGED_MEANWHILE),
    ],
)  # fmt: skip
def test_convert_by_use_is_refused_in_a_cluster_and_where_it_does_not_fit(
    resource: Resource, different: dict[str, Any], reason: Reason
) -> None:
    is_refused(given(resource), but(METER, **different), reason)


def test_convert_is_not_held_up_by_a_conversion_that_does_not_take_it_along() -> None:
    other = waiting(but(WHOLE, metered=[metered("node-9")]))
    given(poc(), other).when(CONVERT).then(asked_of_provider(CONVERT, "convert"), now=[waiting(CONVERT)])


def test_a_recovered_poc_resource_counts_as_stopped() -> None:
    trash = poc(status="trash", terms=(), trash_until=AT + timedelta(days=1))
    case = given(trash, cluster(0, 0), waiting(RECOVER)).when(answer(RECOVER, "recover"), CONVERT)
    assert case.decisions[-1].says == (refusal(CONVERT, Reason.ALREADY_STOPPED),)
    assert case.known.get(Cluster, "k1") == cluster(0, 1, version=2)


def test_months_of_the_order_may_end_before_the_poc_would_have() -> None:
    assert POC_TO == NEXT_MONTH
    short = but(CONVERT, line=line(NOW, NOW + timedelta(days=1)))
    given(poc()).when(short).then(asked_of_provider(short, "convert"), now=[waiting(short)])
