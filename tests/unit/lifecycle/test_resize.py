"""Resizing: to the same end, the old size's unused value paying for the new one, and what is over given back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from services.lifecycle.reasons import Reason
from shared.contracts.lifecycle import ResourceResized
from shared.contracts.message import MOST_VND
from shared.contracts.parts import Term
from shared.contracts.resources import ResizeResource
from shared.engine.decision import Entity
from tests.unit.lifecycle.cases import (
    AT,
    CONVERT,
    NOW,
    ORDER,
    POC_LEFT,
    POC_TO,
    RESIZE,
    WHOLE,
    about,
    answer,
    asked_of_provider,
    back,
    but,
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

SIZE: Final[dict[str, Any]] = {"flavor": "s-general-2x4", "quantity": 1}
BEFORE: Final[dict[str, Any]] = {"before": "s-general-1x1", "before_quantity": 1}
SMALLER: Final[ResizeResource] = but(
    RESIZE, line=line(until=POC_TO, flavor="s-general-2x4", vnd=81_000, carried=POC_LEFT)
)
METERED: Final[ResizeResource] = but(
    RESIZE, resource="node-1", line=None, metered=metered(flavor="s-general-4x8", estimate=72_400)
)


def test_resize_asks_the_provider_for_the_new_size() -> None:
    given(paid()).when(RESIZE).then(asked_of_provider(RESIZE, "resize", **SIZE), now=[waiting(RESIZE)])


@pytest.mark.parametrize("billing", ["prepaid", "poc"])
def test_a_larger_size_is_worth_what_it_costs_to_the_same_end(billing: Any) -> None:
    before = poc(billing=billing)
    after = replace(before, **SIZE, terms=(Term(starts=NOW, until=POC_TO, paid=362_000),), version=2)
    event = ResourceResized(**about(after, order=ORDER, line=RESIZE.line), **BEFORE)
    given(before, waiting(RESIZE)).when(answer(RESIZE, "resize")).then(
        event, now=[after, waiting(RESIZE).over()]
    )


@pytest.mark.parametrize(("billing", "wallet"), [("prepaid", "credit"), ("poc", "poc")])
def test_what_a_smaller_size_leaves_over_goes_back_to_where_it_came_from(billing: Any, wallet: str) -> None:
    before = poc(billing=billing)
    after = replace(before, **SIZE, terms=(Term(starts=NOW, until=POC_TO, paid=81_000),), version=2)
    told = about(after, order=ORDER, line=SMALLER.line, unused=100_000, wallet=wallet)
    given(before, waiting(SMALLER)).when(answer(SMALLER, "resize")).then(
        ResourceResized(**told, **BEFORE), back(100_000, wallet), now=[after, waiting(SMALLER).over()]
    )


def test_what_was_held_for_the_old_size_is_released() -> None:
    new = metered(flavor="s-general-4x8", estimate=72_400)
    after = replace(held(), flavor="s-general-4x8", metered=new, version=2)
    event = ResourceResized(
        **about(after, order=ORDER, metered=new), before="s-general-2x4", before_quantity=1
    )
    given(held(), waiting(METERED)).when(answer(METERED, "resize")).then(
        event, now=[after, waiting(METERED).over()]
    )


def test_nothing_is_released_where_nothing_was_held() -> None:
    case = given(held(metered=metered(estimate=0)), waiting(METERED)).when(answer(METERED, "resize"))
    assert len(case.decisions[0].says) == 1


def test_what_the_provider_refuses_to_resize_keeps_its_size() -> None:
    sentence = "The provider could not do it: No room."
    given(paid(), waiting(RESIZE)).when(no(RESIZE, "resize")).then(
        refusal(RESIZE, Reason.PROVIDER_REFUSED, explanation=sentence), now=[waiting(RESIZE).over()]
    )


def test_an_answer_for_what_is_gone_resizes_nothing() -> None:
    unpriced = but(RESIZE, line=None)
    for known, ask in (((), RESIZE), ((paid(status="trash"),), RESIZE), ((paid(),), unpriced)):
        given(*known, waiting(ask)).when(answer(ask, "resize")).then(now=[waiting(ask).over()])


def test_a_request_to_resize_without_a_price_names_no_size() -> None:
    unpriced = but(RESIZE, line=None)
    is_refused(given(paid()), unpriced, Reason.TERMS_INVALID)


REFUSED: Final[list[tuple[Reason, ResizeResource, list[Entity]]]] = [
    (Reason.RESOURCE_UNKNOWN, RESIZE, []),
    (Reason.NOT_OWNER, RESIZE, [paid(account="other")]),
    (Reason.RESOURCE_DELETED, RESIZE, [paid(status="trash")]),
    (Reason.IN_CHANGE, RESIZE, [poc(), waiting(CONVERT)]),
    (Reason.IN_CHANGE, but(RESIZE, resource="node-1"), [node(), waiting(WHOLE)]),
    (Reason.NOT_ACTIVE, RESIZE, [paid(status="grace")]),
    (Reason.NOT_ACTIVE, RESIZE, [poc(status="expired")]),
    (Reason.NOT_ACTIVE, RESIZE, [paid(until=AT)]),
    (Reason.TERMS_INVALID, METERED, [node()]),
    (Reason.TERMS_INVALID, but(RESIZE, resource="node-1"), [held()]),
    (Reason.TERMS_INVALID, but(METERED, line=RESIZE.line), [held()]),
    (Reason.TERMS_INVALID, but(METERED, line=RESIZE.line), [node()]),
    (Reason.CHANGED_MEANWHILE, RESIZE, [paid(terms=())]),
    (Reason.CHANGED_MEANWHILE, RESIZE, [paid(until=POC_TO.replace(year=2027))]),
    (Reason.CHANGED_MEANWHILE, but(RESIZE, line=line(AT, POC_TO, carried=POC_LEFT)), [paid()]),
    (Reason.CHANGED_MEANWHILE, RESIZE, [paid(kind="volume")]),
    (Reason.CHANGED_MEANWHILE, but(METERED, metered=metered("other")), [held()]),
]


@pytest.mark.parametrize(("reason", "ask", "known"), REFUSED)
def test_resize_is_refused(reason: Reason, ask: ResizeResource, known: list[Entity]) -> None:
    is_refused(given(*known), ask, reason)


@pytest.mark.parametrize("amount", [-POC_LEFT - 1, MOST_VND])
def test_a_size_worth_less_than_nothing_or_more_than_can_be_told_is_refused(amount: int) -> None:
    assert RESIZE.line is not None
    ask = but(RESIZE, line=RESIZE.line.model_copy(update={"amount": amount}))
    is_refused(given(paid()), ask, Reason.CHANGED_MEANWHILE)
