"""The use of a resource ends: what it cost since the month began is invoiced, and settled, at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.invoicing.metered import DueUse, MonthRecord, MonthUse, Usage, UsageEnd, UseLine
from services.invoicing.rules import told as telling
from services.invoicing.state import AccountBooks, Invoice, MonthBook, Owed, Resource
from shared import catalogue
from shared.contracts.charges import Settle
from shared.contracts.ends import ResourceReleased, ResourceSuspended
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import ResourceCreated, ResourceDeleted, ResourceResized
from shared.contracts.message import Event
from tests.support.spec import cause_id
from tests.unit.invoicing.cases import (
    AT,
    DAY,
    NOW,
    derived,
    due_of,
    given,
    metered,
    recorded_said,
    told,
    told_of_node,
    told_of_snapshot,
    usage_of_node,
)

BOOKS = AccountBooks("acme")
LATER = AT + DAY
OVER = NOW + DAY
# In Hanoi the month begins seven hours earlier.
APRIL = datetime(2026, 3, 31, 17, tzinfo=UTC)
# One day of 362,000 VND per 30 days.
A_DAY = 12_067


def line_of(usage: Usage, until: datetime, amount: int, invoice: str | None, asked: int = 2) -> UseLine:
    minutes = (until - usage.starts) // timedelta(minutes=1)
    return UseLine(
        "acme", "2026-03", usage.id, usage.starts, until, minutes, amount, invoice, cause_id(asked)
    )


def invoice_of(amount: int, asked: int = 2, at: datetime = LATER, sequence: int = 1) -> Invoice:
    return Invoice(
        derived("invoice", asked, at), "acme", "2026-03", sequence, "node-1", "kube-1", "vcontainer", "k8s_node",
        "use", None, amount, 0, None, at, cause_id(asked), totals=(("vcontainer", amount),),
    )  # fmt: skip


def settle_of(invoice: Invoice, until: datetime, at: datetime = LATER) -> Settle:
    return Settle(
        account="acme", invoice=invoice.id, product="vcontainer", resource="node-1", amount=invoice.amount,
        until=until, effective_at=at,
    )  # fmt: skip


@pytest.mark.parametrize(
    "end",
    [
        told_of_node(ResourceDeleted, LATER),
        told_of_node(ResourceSuspended, LATER, by="debt", next_at=LATER + DAY),
        told_of_node(ResourceReleased, LATER),
    ],
)
def test_use_is_invoiced_and_settled_when_it_ends(end: Event) -> None:
    usage, invoice = usage_of_node(), invoice_of(A_DAY)
    line = line_of(usage, OVER, A_DAY, invoice.id)
    given().when(told_of_node(ResourceCreated)).when(end, at=LATER).then(
        recorded_said(usage, AT),
        recorded_said(usage, LATER, OVER),
        telling.issued(invoice, [telling.use_line(usage, line)]),
        settle_of(invoice, OVER),
        now=[
            *(BOOKS, usage, due_of(usage, OVER, invoiced_from=NOW), Resource("acme", "node-1")),
            *(MonthBook("acme", "2026-03", 1), invoice),
            Owed(invoice.id, "acme", LATER, A_DAY, "settlement", 1),
        ],
        adds=[UsageEnd("acme", usage.id, OVER, cause_id(2)), line],
    )


def test_an_invoice_for_use_tells_how_its_amount_came_about() -> None:
    case = given().when(told_of_node(ResourceCreated)).when(told_of_node(ResourceDeleted, LATER), at=LATER)
    [issued] = [said for said in case.decisions[1].says if isinstance(said, InvoiceIssued)]
    assert (issued.action, issued.resource, issued.line, issued.status) == ("use", "node-1", None, "unpaid")
    assert (issued.amount, issued.paid, issued.carried) == (A_DAY, 0, 0)
    assert [(one.product, one.amount) for one in issued.totals] == [("vcontainer", A_DAY)]
    [use] = issued.uses
    assert (use.vnd, use.quantity, use.units, use.amount) == (362_000, 1, 1_440, A_DAY)
    assert (use.starts, use.until, use.invoice) == (NOW, OVER, issued.invoice)


def test_each_configuration_of_the_month_is_a_line_of_its_own() -> None:
    end = LATER + DAY
    small, large = usage_of_node(), usage_of_node(2, starts=OVER, asked=2, at=LATER)
    case = given().when(told_of_node(ResourceCreated))
    case = case.when(told_of_node(ResourceResized, LATER, metered=metered(2)), at=LATER)
    case = case.when(told_of_node(ResourceDeleted, end), at=end)
    made = derived("invoice", 3, end)
    assert [row for row in case.decisions[2].adds if isinstance(row, UseLine)] == [
        line_of(small, OVER, A_DAY, made, 3),
        line_of(large, OVER + DAY, 24_133, made, 3),
    ]
    assert case.known.get(Owed, made) == Owed(made, "acme", end, 36_200, "settlement", 1)


def test_what_was_used_in_the_month_before_is_left_to_its_record() -> None:
    end = APRIL + DAY
    usage = usage_of_node(asked=9)
    resource = Resource("acme", "node-1", usage=usage.id, due=(usage.id,))
    case = given(BOOKS, usage, due_of(usage), resource).when(told_of_node(ResourceDeleted, end), at=end)
    assert case.known.get(DueUse, usage.id) == due_of(usage, end.replace(second=0), invoiced_from=APRIL)
    [line] = [row for row in case.decisions[0].adds if isinstance(row, UseLine)]
    assert (line.month, line.starts, line.until, line.amount) == ("2026-04", APRIL, end, A_DAY)


def test_what_an_earlier_invoice_is_for_is_not_invoiced_again() -> None:
    before, usage = usage_of_node(asked=8), usage_of_node(starts=OVER, asked=9)
    resource = Resource("acme", "node-1", usage=usage.id, due=(before.id, usage.id))
    paid = due_of(before, OVER, invoiced_from=NOW)
    end = LATER + DAY
    case = given(BOOKS, before, usage, paid, due_of(usage), resource)
    case = case.when(told_of_node(ResourceDeleted, end), at=end)
    [line] = [row for row in case.decisions[0].adds if isinstance(row, UseLine)]
    assert (line.usage, line.amount) == (usage.id, A_DAY)


def test_a_use_that_cost_nothing_is_on_record_without_an_invoice() -> None:
    begun, soon = AT + timedelta(minutes=1), AT + timedelta(minutes=20)
    case = given().when(told_of_snapshot(at=begun), at=begun)
    deleted = told(
        ResourceDeleted, soon, resource="snap-1", kind="snapshot", product="snapshot", billing="hold"
    )
    case = case.when(deleted, at=soon)
    [line] = [row for row in case.decisions[1].adds if isinstance(row, UseLine)]
    assert (line.units, line.amount, line.invoice) == (0, 0, None)
    assert [type(said).__name__ for said in case.decisions[1].says] == ["UsageRecorded"]


def test_a_use_without_a_minute_leaves_nothing_on_record() -> None:
    case = given().when(told_of_node(ResourceCreated), told_of_node(ResourceDeleted))
    assert [type(row) for row in case.decisions[1].adds] == [UsageEnd]
    assert [type(said).__name__ for said in case.decisions[1].says] == ["UsageRecorded"]


def test_a_kind_that_waits_for_the_months_end_is_not_invoiced_when_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = catalogue.of("k8s_node").model_copy(update={"settled": "monthly"})
    monkeypatch.setattr(catalogue, "of", lambda _: waits)
    usage = usage_of_node()
    given().when(told_of_node(ResourceCreated)).when(told_of_node(ResourceDeleted, LATER), at=LATER).then(
        recorded_said(usage, AT),
        recorded_said(usage, LATER, OVER),
        now=[BOOKS, usage, due_of(usage, OVER), Resource("acme", "node-1")],
        adds=[UsageEnd("acme", usage.id, OVER, cause_id(2))],
    )


def test_what_is_postpaid_waits_for_the_months_end() -> None:
    usage = replace(usage_of_node(), billing="postpaid")
    case = given().when(told_of_node(ResourceCreated, billing="postpaid"))
    case.when(told_of_node(ResourceDeleted, LATER, billing="postpaid"), at=LATER).then(
        recorded_said(usage, AT),
        recorded_said(usage, LATER, OVER),
        now=[BOOKS, usage, due_of(usage, OVER), Resource("acme", "node-1")],
        adds=[UsageEnd("acme", usage.id, OVER, cause_id(2))],
    )


def test_an_end_heard_of_after_its_month_was_recorded_waits_for_the_next_record() -> None:
    usage = usage_of_node(asked=9)
    recorded = replace(due_of(usage), recorded_until=APRIL)
    march = MonthRecord("acme", "2026-03", 1, (("vcontainer", 1),), 1, None, APRIL, cause_id(9))
    resource = Resource("acme", "node-1", usage=usage.id, due=(usage.id,))
    given(BOOKS, usage, recorded, march, resource).when(told_of_node(ResourceDeleted, LATER), at=LATER).then(
        recorded_said(usage, LATER, OVER),
        now=[replace(recorded, until=OVER), Resource("acme", "node-1")],
        adds=[UsageEnd("acme", usage.id, OVER, cause_id(1))],
    )


def test_an_end_of_an_earlier_month_than_the_use_it_ends_leaves_the_rest_to_the_record() -> None:
    early = AT - 30 * DAY
    usage = usage_of_node(asked=9)
    resource = Resource("acme", "node-1", usage=usage.id, due=(usage.id,))
    given(BOOKS, usage, due_of(usage), resource).when(told_of_node(ResourceDeleted, early), at=early).then(
        recorded_said(usage, early, NOW),
        now=[due_of(usage, NOW), Resource("acme", "node-1")],
        adds=[UsageEnd("acme", usage.id, NOW, cause_id(1))],
    )


def test_a_month_about_to_be_recorded_hears_of_what_ends_before_it() -> None:
    case = given(MonthUse("acme", "2026-03")).when(told_of_node(ResourceCreated))
    case = case.when(told_of_node(ResourceDeleted, LATER), at=LATER)
    usage = usage_of_node()
    line = line_of(usage, OVER, A_DAY, derived("invoice", 2, LATER))
    assert case.known.get(MonthUse, "acme/2026-03") == MonthUse("acme", "2026-03", (usage.id,), (line,))


def test_a_resource_that_is_paid_for_a_period_is_stopped_without_a_word() -> None:
    given().when(told(ResourceSuspended, by="end", next_at=LATER), told(ResourceReleased)).then()
