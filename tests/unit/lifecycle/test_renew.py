"""Renewing: from the present end on, whatever the time of the act."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from services.lifecycle.reasons import Reason
from services.lifecycle.state import Cluster, PocEnd, Resource
from shared.contracts.lifecycle import ResourceRenewed
from shared.contracts.message import MOST_VND
from shared.contracts.parts import Term
from shared.contracts.resources import MOST_RESOURCES, MOST_TERMS, RenewResource
from shared.engine.decision import Entity
from shared.period import months_after
from tests.unit.lifecycle.cases import (
    AT,
    DAY,
    NOW,
    ORDER,
    POC_FROM,
    POC_PAID,
    POC_TO,
    RENEW,
    RESIZE,
    WHOLE,
    about,
    but,
    cluster,
    given,
    held,
    is_refused,
    line,
    node,
    paid,
    poc,
    told_provider,
    waiting,
)

LATER: Final = months_after(POC_TO, 1)
TERM: Final = Term(starts=POC_TO, until=LATER, paid=181_000)
TOLD: Final = told_provider("srv-1", "renew")


@pytest.mark.parametrize("status", ["active", "grace", "suspended"])
@pytest.mark.parametrize("billing", ["prepaid", "poc"])
def test_a_renewed_resource_runs_a_period_longer_from_its_old_end(status: Any, billing: Any) -> None:
    before = poc(billing=billing, status=status)
    after = replace(before, status="active", until=LATER, terms=(*before.terms, TERM), version=2)
    given(before, cluster()).when(RENEW).then(
        ResourceRenewed(**about(after, order=ORDER, line=RENEW.line)), TOLD, now=[after]
    )


def test_a_period_long_over_is_no_longer_kept() -> None:
    old = Term(starts=NOW - 90 * DAY, until=NOW - 60 * DAY, paid=1)
    recent = Term(starts=NOW - 60 * DAY, until=NOW - 30 * DAY, paid=2)
    case = given(paid(terms=(old, recent))).when(RENEW)
    found = case.known.get(Resource, "srv-1")
    assert found is not None
    assert found.terms == (recent, TERM)


def test_an_expired_poc_resource_is_renewed_with_real_money_and_counts_again() -> None:
    ended = NOW - DAY
    before = poc(status="expired", until=ended, terms=(), trash_until=AT + DAY)
    ask = but(RENEW, line=line(ended))
    term = Term(starts=ended, until=months_after(ended, 1), paid=181_000)
    after = replace(
        before, billing="prepaid", status="active", starts=ended, until=term.until, terms=(term,),
        trash_until=None, version=2,
    )  # fmt: skip
    given(before, cluster(0, 0, poc=False)).when(ask).then(
        ResourceRenewed(**about(after, order=ORDER, line=ask.line)),
        TOLD,
        now=[after, cluster(0, 1, poc=False, version=2)],
    )


def test_a_poc_node_is_renewed_against_the_poc_wallet() -> None:
    ask = but(RENEW, resource="node-1", line=_node_line())
    case = given(node()).when(ask)
    assert isinstance(case.decisions[0].says[0], ResourceRenewed)


def _node_line() -> Any:
    return line(POC_TO, resource="node-1", kind="k8s_node", flavor="s-general-2x4")


def test_the_greatest_value_there_is_can_still_be_told() -> None:
    most = Term(starts=NOW, until=POC_TO, paid=MOST_VND - 181_000)
    case = given(paid(terms=(most,))).when(RENEW)
    assert isinstance(case.decisions[0].says[0], ResourceRenewed)


MANY: Final = tuple(
    Term(starts=NOW + minute * timedelta(minutes=1), until=POC_TO, paid=1) for minute in range(MOST_TERMS)
)
FULL: Final = Cluster("k1", "acme", resources=MOST_RESOURCES)
EXPIRED: Final = poc(status="expired", terms=(), trash_until=AT + DAY)
REFUSED: Final[list[tuple[Reason, RenewResource, list[Entity]]]] = [
    (Reason.RESOURCE_UNKNOWN, RENEW, []),
    (Reason.NOT_OWNER, RENEW, [paid(account="other")]),
    (Reason.RESOURCE_DELETED, RENEW, [paid(status="trash")]),
    (Reason.RESOURCE_DELETED, RENEW, [paid(status="released")]),
    (Reason.IN_CHANGE, RENEW, [paid(), waiting(RESIZE)]),
    (Reason.IN_CHANGE, but(RENEW, resource="node-1", line=_node_line()), [node(), waiting(WHOLE)]),
    (Reason.NOT_PREPAID, but(RENEW, resource="node-1"), [held()]),
    (Reason.NOT_RENEWABLE, but(RENEW, resource="node-1"), [node(status="expired")]),
    (Reason.POC_ENDED, RENEW, [poc(), PocEnd("acme", POC_FROM + DAY, None)]),
    (Reason.TRASH_OVER, RENEW, [replace(EXPIRED, trash_until=AT)]),
    (Reason.CHANGED_MEANWHILE, but(RENEW, line=line(POC_TO + DAY)), [paid()]),
    (Reason.CHANGED_MEANWHILE, but(RENEW, line=line(POC_TO, POC_TO)), [paid()]),
    (Reason.CHANGED_MEANWHILE, but(RENEW, line=line(POC_TO, flavor="other")), [paid()]),
    (Reason.TOO_MANY_TERMS, RENEW, [paid(terms=MANY)]),
    (Reason.TOO_MANY_TERMS, RENEW, [paid(terms=(Term(starts=NOW, until=POC_TO, paid=MOST_VND),))]),
    (Reason.CLUSTER_FULL, RENEW, [EXPIRED, FULL]),
]


@pytest.mark.parametrize(("reason", "ask", "known"), REFUSED)
def test_renew_is_refused(reason: Reason, ask: RenewResource, known: list[Entity]) -> None:
    is_refused(given(*known), ask, reason)


def test_what_runs_in_a_full_cluster_is_renewed() -> None:
    case = given(paid(terms=(Term(starts=NOW, until=POC_TO, paid=POC_PAID),)), FULL).when(RENEW)
    assert isinstance(case.decisions[0].says[0], ResourceRenewed)
