"""Invoices: issued for whatever is paid for a period, closed when that ends early, and never for POC."""

from __future__ import annotations

import pytest

from services.invoicing.state import AccountBooks, Invoice, MonthBook, Resource
from shared.contracts.invoicing import InvoiceAction, InvoiceClosed, InvoiceIssued
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceDeleted,
    ResourceExpired,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.message import Event
from tests.unit.invoicing.cases import (
    AT,
    DAY,
    HALF,
    MINUTE,
    NEXT_MONTH,
    NOW,
    closed_said,
    closing,
    derived,
    given,
    invoice,
    issued_said,
    line,
    told,
)

BOOKS = AccountBooks("acme")
LINE = line()
BOUGHT: list[tuple[type[Event], InvoiceAction]] = [
    (ResourceCreated, "create"),
    (ResourceConverted, "convert"),
    (ResourceRenewed, "renew"),
    (ResourceRecovered, "recover"),
]


@pytest.mark.parametrize(("event", "action"), BOUGHT)
def test_what_is_bought_for_a_period_is_invoiced_paid(event: type[Event], action: InvoiceAction) -> None:
    made = invoice(LINE, action)
    given().when(told(event, line=LINE)).then(
        issued_said(made),
        now=[BOOKS, MonthBook("acme", "2026-03", 1), made, Resource("acme", "srv-1", (made.id,))],
    )


def test_an_invoice_tells_all_that_is_on_it() -> None:
    case = given().when(told(ResourceCreated, line=LINE))
    assert case.decisions[0].says == (
        InvoiceIssued(
            account="acme",
            invoice=derived("invoice"),
            number="2026-03-000001",
            month="2026-03",
            resource="srv-1",
            cluster="k1",
            product="vserver",
            kind="server",
            action="create",
            order="o-1",
            amount=181_000,
            paid=181_000,
            carried=0,
            status="paid",
            line=LINE,
            effective_at=AT,
        ),
    )


@pytest.mark.parametrize("event", [event for event, _ in BOUGHT] + [ResourceResized])
def test_poc_is_not_invoiced(event: type[Event]) -> None:
    given().when(told(event, billing="poc", line=LINE)).then()


@pytest.mark.parametrize("event", [event for event, _ in BOUGHT] + [ResourceResized])
def test_what_was_not_paid_for_is_not_invoiced(event: type[Event]) -> None:
    given().when(told(event), told(event, billing="hold")).then()


def test_what_a_coupon_paid_whole_is_invoiced_too() -> None:
    free = line(coupon=181_000)
    made = invoice(free)
    assert made.amount == 0
    given().when(told(ResourceCreated, line=free)).then(
        issued_said(made),
        now=[BOOKS, MonthBook("acme", "2026-03", 1), made, Resource("acme", "srv-1", (made.id,))],
    )


def test_a_renewal_is_invoiced_beside_what_still_runs() -> None:
    renewed = line(NEXT_MONTH)
    first, second = invoice(LINE), invoice(renewed, "renew", sequence=2, asked=2)
    given().when(told(ResourceCreated, line=LINE), told(ResourceRenewed, line=renewed)).then(
        issued_said(first),
        issued_said(second),
        now=[
            BOOKS,
            MonthBook("acme", "2026-03", 2),
            first,
            second,
            Resource("acme", "srv-1", (first.id, second.id)),
        ],
    )


def test_numbers_go_on_from_the_last_of_the_month() -> None:
    made = invoice(LINE, sequence=1_000_000)
    assert made.number == "2026-03-1000000"
    given(BOOKS, MonthBook("acme", "2026-03", 999_999), MonthBook("acme", "2026-02", 7)).when(
        told(ResourceCreated, line=LINE)
    ).then(
        issued_said(made),
        now=[BOOKS, MonthBook("acme", "2026-03", 1_000_000), made, Resource("acme", "srv-1", (made.id,))],
    )


@pytest.mark.parametrize(
    ("at", "month"),
    [("2026-03-31T16:59:59Z", "2026-03"), ("2026-03-31T17:00:00Z", "2026-04")],
)
def test_the_month_of_an_invoice_begins_at_midnight_in_hanoi(at: str, month: str) -> None:
    instant = ResourceCreated.model_validate_json(
        told(ResourceCreated, line=LINE).model_dump_json().replace("2026-03-06T02:00:30Z", at)
    ).effective_at
    case = given().when(told(ResourceCreated, instant, line=LINE), at=instant)
    assert [getattr(event, "number") for event in case.decisions[0].says] == [f"{month}-000001"]  # noqa: B009 - of the one event told


def test_a_deleted_resource_has_its_invoice_closed_with_what_was_not_used() -> None:
    made = invoice(LINE)
    how = closing(made, "delete", unused_minutes=21_600, unused=90_500, asked=2, at=HALF, order=None)
    case = (
        given().when(told(ResourceCreated, line=LINE)).when(told(ResourceDeleted, HALF, order=None), at=HALF)
    )
    case.then(
        issued_said(made),
        closed_said(made, how),
        now=[
            BOOKS,
            MonthBook("acme", "2026-03", 1),
            invoice(LINE, closed=how),
            Resource("acme", "srv-1"),
        ],
        adds=[how],
    )
    assert case.decisions[1].says == (
        InvoiceClosed(
            account="acme",
            invoice=made.id,
            number="2026-03-000001",
            month="2026-03",
            resource="srv-1",
            closed_by="delete",
            at=NOW + 15 * DAY,
            amount=181_000,
            minutes=43_200,
            unused_minutes=21_600,
            unused=90_500,
            effective_at=HALF,
        ),
    )


def test_every_invoice_that_has_not_run_out_is_closed_those_that_have_stay() -> None:
    early, now_, later = line(NOW - 30 * DAY, NOW), line(NOW), line(NEXT_MONTH)
    old, running, next_ = (
        invoice(of, sequence=number, asked=10 + number) for number, of in enumerate((early, now_, later), 1)
    )
    resource = Resource("acme", "srv-1", (old.id, running.id, next_.id))
    of_running = closing(running, "expire", unused_minutes=43_200, unused=181_000, asked=1, at=AT)
    of_next = closing(next_, "expire", unused_minutes=43_200, unused=181_000, asked=1, at=AT)
    given(BOOKS, old, running, next_, resource).when(told(ResourceExpired)).then(
        closed_said(running, of_running),
        closed_said(next_, of_next),
        now=[
            invoice(now_, sequence=2, asked=12, closed=of_running),
            invoice(later, sequence=3, asked=13, closed=of_next),
            Resource("acme", "srv-1", (old.id,)),
        ],
        adds=[of_running, of_next],
    )


def test_the_last_minute_is_closed_and_the_end_is_not() -> None:
    made = invoice(LINE, asked=9)
    resource = Resource("acme", "srv-1", (made.id,))
    last = NEXT_MONTH - MINUTE
    how = closing(made, "delete", unused_minutes=1, unused=4, asked=1, at=last)
    given(BOOKS, made, resource).when(told(ResourceDeleted, last), at=last).then(
        closed_said(made, how),
        now=[invoice(LINE, asked=9, closed=how), Resource("acme", "srv-1")],
        adds=[how],
    )
    given(BOOKS, made, resource).when(told(ResourceDeleted, NEXT_MONTH), at=NEXT_MONTH).then()


def test_a_resource_without_documents_ends_without_a_word() -> None:
    given().when(told(ResourceDeleted), told(ResourceExpired, billing="poc")).then()


def test_what_has_ended_once_ends_without_a_word() -> None:
    made = invoice(LINE)
    case = given().when(told(ResourceCreated, line=LINE), told(ResourceDeleted), told(ResourceDeleted))
    how = closing(made, "delete", unused_minutes=43_200, unused=181_000, asked=2, at=AT)
    case.then(
        issued_said(made),
        closed_said(made, how),
        now=[BOOKS, MonthBook("acme", "2026-03", 1), invoice(LINE, closed=how), Resource("acme", "srv-1")],
        adds=[how],
    )


def resized(vnd: int) -> tuple[Invoice, Invoice]:
    """A server is resized half-way to one at this price; the old invoice, closed, and the new one."""
    new = line(HALF.replace(second=0), NEXT_MONTH, vnd=vnd, carried=90_500)
    money, carried = (new.amount, 90_500) if new.amount > 0 else (0, new.value)
    after = invoice(new, "resize", money=money, carried=carried, sequence=2, asked=2, at=HALF)
    how = closing(
        invoice(LINE), "resize", unused_minutes=21_600, unused=90_500, asked=2, at=HALF, replaced_by=after.id
    )
    before = invoice(LINE, closed=how)
    given().when(told(ResourceCreated, line=LINE)).when(told(ResourceResized, HALF, line=new), at=HALF).then(
        issued_said(before),
        closed_said(before, how),
        issued_said(after),
        now=[
            BOOKS,
            MonthBook("acme", "2026-03", 2),
            before,
            after,
            Resource("acme", "srv-1", (after.id,)),
        ],
        adds=[how],
    )
    return before, after


def test_a_resize_closes_the_old_invoice_and_carries_what_was_not_used_into_the_new_one() -> None:
    _, after = resized(vnd=362_000)
    assert (after.amount, after.money, after.carried) == (181_000, 90_500, 90_500)


def test_a_resize_to_something_cheaper_carries_no_more_than_it_costs() -> None:
    _, after = resized(vnd=81_000)
    assert (after.amount, after.money, after.carried) == (40_500, 0, 40_500)
    assert after.line is not None
    assert after.line.amount == -50_000


def test_a_resize_of_a_resource_without_invoice_is_invoiced() -> None:
    made = invoice(LINE, "resize")
    given().when(told(ResourceResized, line=LINE)).then(
        issued_said(made),
        now=[BOOKS, MonthBook("acme", "2026-03", 1), made, Resource("acme", "srv-1", (made.id,))],
    )


def test_an_invoice_that_does_not_add_up_cannot_be_made() -> None:
    with pytest.raises(ValueError, match=r"1 \+ 0 VND for what is worth 181000 VND"):
        invoice(LINE, money=1)
    owed = line(coupon=181_001)
    with pytest.raises(ValueError, match=r"-1 \+ 0 VND for what is worth -1 VND"):
        invoice(owed)
