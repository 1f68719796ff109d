"""Auto-renewal set, and usage reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from services.lifecycle.reasons import Reason
from services.lifecycle.state import Resource
from shared.contracts.lifecycle import AutoRenewSet, UsageReported
from shared.contracts.resources import ReportUsage, SetAutoRenew
from shared.engine.decision import Entity
from tests.unit.lifecycle.cases import AT, DAY, about, but, given, held, is_refused, metered, paid, poc

ON: Final = SetAutoRenew(account="acme", resource="srv-1", on=True, months=3)
OFF: Final = SetAutoRenew(account="acme", resource="srv-1", on=False)
SNAPSHOT: Final[Resource] = held(
    id="snap", kind="snapshot", metered=metered("snap", kind="snapshot"), starts=AT - DAY
)
REPORT: Final = ReportUsage(account="acme", resource="snap", quantity=40, at=AT - timedelta(hours=1))


def set_to(months: int, *, on: bool) -> AutoRenewSet:
    return AutoRenewSet(account="acme", resource="srv-1", on=on, months=months, effective_at=AT)


def test_auto_renewal_is_switched_on_for_so_many_months() -> None:
    given(paid()).when(ON).then(set_to(3, on=True), now=[paid(auto_renew=True, months=3, version=2)])


def test_auto_renewal_is_switched_off_and_keeps_its_months() -> None:
    given(paid(auto_renew=True, months=6)).when(OFF).then(
        set_to(6, on=False), now=[paid(months=6, version=2)]
    )


def test_auto_renewal_set_to_what_it_is_changes_nothing() -> None:
    given(paid(auto_renew=True, months=3)).when(ON).then(set_to(3, on=True))


@pytest.mark.parametrize("resource", [poc(), paid(kind="snapshot"), poc(status="expired")])
def test_auto_renewal_can_always_be_switched_off(resource: Resource) -> None:
    given(resource).when(OFF).then(set_to(1, on=False))


@pytest.mark.parametrize(
    ("reason", "known"),
    [
        (Reason.RESOURCE_UNKNOWN, []),
        (Reason.NOT_OWNER, [paid(account="other")]),
        (Reason.RESOURCE_DELETED, [paid(status="trash")]),
        (Reason.POC_NOT_RENEWED, [poc()]),
        (Reason.NOT_RENEWABLE, [paid(kind="snapshot")]),
    ],
)
def test_auto_renewal_is_refused(reason: Reason, known: list[Entity]) -> None:
    is_refused(given(*known), ON, reason)


def test_what_is_reported_counts_from_its_instant_on_and_what_is_held_stays() -> None:
    now = metered("snap", kind="snapshot").model_copy(update={"quantity": 40})
    after = replace(SNAPSHOT, quantity=40, metered=now, usage_at=REPORT.at, version=2)
    told = {name: value for name, value in about(after).items() if name not in ("cluster", "billing")}
    given(SNAPSHOT).when(REPORT).then(UsageReported(**told, at=REPORT.at, metered=now), now=[after])


AGAINST: Final[list[tuple[Reason, ReportUsage, list[Entity]]]] = [
    (Reason.RESOURCE_UNKNOWN, REPORT, []),
    (Reason.NOT_OWNER, REPORT, [replace(SNAPSHOT, account="other")]),
    (Reason.NOT_ACTIVE, REPORT, [replace(SNAPSHOT, status="released")]),
    (Reason.NOT_ACTIVE, REPORT, [replace(SNAPSHOT, status="creating")]),
    (Reason.NOT_METERED, REPORT, [replace(SNAPSHOT, metered=None)]),
    (Reason.NOT_METERED, but(REPORT, resource="node-1"), [held()]),
    (Reason.AT_IN_FUTURE, but(REPORT, at=AT + timedelta(microseconds=1)), [SNAPSHOT]),
    (Reason.AT_NOT_LATER, but(REPORT, at=AT - DAY - timedelta(microseconds=1)), [SNAPSHOT]),
    (Reason.AT_NOT_LATER, REPORT, [replace(SNAPSHOT, usage_at=REPORT.at)]),
]


@pytest.mark.parametrize(("reason", "ask", "known"), AGAINST)
def test_a_report_is_refused(reason: Reason, ask: ReportUsage, known: list[Entity]) -> None:
    is_refused(given(*known), ask, reason)


def test_a_report_of_the_first_instant_and_of_now_counts() -> None:
    for at in (SNAPSHOT.starts, AT):
        assert given(SNAPSHOT).when(but(REPORT, at=at)).decisions[0].changes
