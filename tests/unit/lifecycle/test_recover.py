"""Recovering: out of the trash, or after POC was stopped without paying, paid like new from now on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from services.lifecycle.reasons import Reason
from services.lifecycle.state import Cluster, Resource
from shared.contracts.lifecycle import ResourceRecovered
from shared.contracts.parts import Term
from shared.contracts.resources import MOST_RESOURCES, RecoverResource
from shared.engine.decision import Entity
from tests.unit.lifecycle.cases import (
    AT,
    DAY,
    NEXT_MONTH,
    NOW,
    ORDER,
    RECOVER,
    about,
    answer,
    asked_of_provider,
    but,
    cluster,
    given,
    is_refused,
    line,
    node,
    paid,
    poc,
    waiting,
)

TRASH: Final = paid(status="trash", until=NOW - DAY, terms=(), trash_until=AT + DAY)
EXPIRED: Final = poc(status="expired", until=NOW - DAY, terms=(), trash_until=AT + DAY)


@pytest.mark.parametrize("before", [TRASH, EXPIRED])
def test_recover_asks_the_provider(before: Resource) -> None:
    given(before).when(RECOVER).then(asked_of_provider(RECOVER, "recover"), now=[waiting(RECOVER)])


@pytest.mark.parametrize("before", [TRASH, EXPIRED])
def test_what_is_recovered_runs_and_is_paid_from_now_on(before: Resource) -> None:
    after = replace(
        before, billing="prepaid", status="active", starts=NOW, until=NEXT_MONTH, trash_until=None, version=2,
        terms=(Term(starts=NOW, until=NEXT_MONTH, paid=181_000),),
    )  # fmt: skip
    given(before, cluster(0, 0, poc=False), waiting(RECOVER)).when(answer(RECOVER, "recover")).then(
        ResourceRecovered(**about(after, order=ORDER, line=line())),
        now=[after, cluster(0, 1, poc=False, version=2), waiting(RECOVER).over()],
    )


def test_an_answer_for_what_is_not_in_the_trash_recovers_nothing() -> None:
    for known in ([], [paid()]):
        given(*known, waiting(RECOVER)).when(answer(RECOVER, "recover")).then(now=[waiting(RECOVER).over()])


NODE: Final[RecoverResource] = but(RECOVER, resource="node-1")
REFUSED: Final[list[tuple[Reason, RecoverResource, list[Entity]]]] = [
    (Reason.RESOURCE_UNKNOWN, RECOVER, []),
    (Reason.NOT_OWNER, RECOVER, [replace(TRASH, account="other")]),
    (Reason.NOT_IN_TRASH, RECOVER, [paid()]),
    (Reason.NOT_IN_TRASH, RECOVER, [paid(status="released")]),
    (Reason.IN_CHANGE, RECOVER, [TRASH, waiting(RECOVER)]),
    (Reason.NOT_PREPAID, NODE, [node(status="expired", trash_until=AT + DAY)]),
    (Reason.TRASH_OVER, RECOVER, [replace(TRASH, trash_until=AT)]),
    (Reason.CHANGED_MEANWHILE, but(RECOVER, line=line(NOW - DAY)), [TRASH]),
    (Reason.CHANGED_MEANWHILE, RECOVER, [replace(TRASH, flavor="other")]),
    (Reason.CHANGED_MEANWHILE, RECOVER, [replace(TRASH, until=NOW + DAY)]),
    (Reason.CLUSTER_FULL, RECOVER, [TRASH, Cluster("k1", "acme", resources=MOST_RESOURCES)]),
]


@pytest.mark.parametrize(("reason", "ask", "known"), REFUSED)
def test_recover_is_refused(reason: Reason, ask: RecoverResource, known: list[Entity]) -> None:
    is_refused(given(*known), ask, reason)
