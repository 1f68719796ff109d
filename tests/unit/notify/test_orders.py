"""One order, one mail: whatever comes of it, and in whichever order that is heard, it is told once and whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any, Final

import pytest

from services.notify.state import Order
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceExpired,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.message import Message
from shared.contracts.notify import MOST_ITEMS, MailKind, MailRequested
from shared.contracts.orders import OrderCompleted, PocStopped
from shared.contracts.refusals import CreationRefused, RecoveryRefused, RenewalRefused, ResizeRefused
from tests.support.spec import Case
from tests.unit.notify.cases import ORDER, account, given, heard, letters, mail_of, mail_of_order, mails

POC: Final[dict[str, Any]] = {"billing": "poc"}


def created(resource: str, **changes: Any) -> ResourceCreated:
    return heard(ResourceCreated, resource=resource, order=ORDER, **changes)


def invoice(resource: str, **changes: Any) -> InvoiceIssued:
    return heard(InvoiceIssued, resource=resource, order=ORDER, **changes)


def ended(done: int, failed: int = 0, **changes: Any) -> OrderCompleted:
    return heard(
        OrderCompleted, **{"order": ORDER, "done": done, "failed": failed, "given_back": 0} | changes
    )


def kinds(case: Case) -> list[MailKind]:
    return [each.kind for each in mails(case)]


def order(case: Case) -> Order:
    found = case.known.get(Order, ORDER)
    assert found is not None
    return found


def test_an_order_is_told_alike_in_whichever_order_its_parts_are_heard() -> None:
    heard_of: list[Message] = [
        created("srv-1"),
        created("srv-2", **POC),
        heard(CreationRefused, resource="srv-9", order=ORDER),
        ended(2, 1),
        invoice("srv-1"),
    ]
    told: set[tuple[str, ...]] = set()
    for some in permutations(heard_of):
        case = given(account()).when(*some)
        told.add(tuple(sorted(each.model_dump_json() for each in mails(case))))
        assert [row for each in case.decisions for row in each.adds if not hasattr(row, "of")] == letters(
            *mails(case)
        )
        assert order(case).is_over
    assert len(told) == 1
    assert sorted(kinds(case)) == ["created", "invoice_issued"]


def test_an_orders_mail_lists_what_was_done_and_what_was_not_and_its_other_mail_the_invoices() -> None:
    refused = heard(
        CreationRefused, resource="srv-9", order=ORDER, reason="provider_refused", explanation="No."
    )
    case = given(account()).when(created("srv-2"), created("srv-1"), refused, ended(2, 1, given_back=181_000))
    [done] = mails(case)
    assert done.mail == mail_of_order("created", done.effective_at)
    facts = done.facts
    assert (facts.done, facts.failed, facts.amount, facts.given_back) == (2, 1, 724_000, 181_000)
    assert [(item.resource, item.amount) for item in facts.items] == [("srv-1", 181_000), ("srv-2", 181_000)]
    assert [(item.resource, item.reason) for item in facts.not_done] == [("srv-9", "provider_refused")]
    case.when(invoice("srv-2", number="2026-03-000002"))
    assert kinds(case) == ["created"]
    case.when(invoice("srv-1"))
    _, invoices = mails(case)
    assert invoices.kind == "invoice_issued"
    assert [item.number for item in invoices.facts.items] == ["2026-03-000001", "2026-03-000002"]
    assert (invoices.facts.amount, invoices.facts.outstanding) == (362_000, 0)


@pytest.mark.parametrize(
    ("action", "auto", "done", "kind"),
    [
        ("buy", False, ResourceCreated, "created"),
        ("renew", False, ResourceRenewed, "renewed"),
        ("renew", True, ResourceRenewed, "auto_renewed"),
        ("resize", False, ResourceResized, "resized"),
        ("recover", False, ResourceRecovered, "recovered"),
    ],
)
def test_each_kind_of_order_has_its_mail(
    action: str, auto: bool, done: type[ResourceCreated], kind: MailKind
) -> None:
    end = ended(1, action=action, auto=auto)
    case = given(account()).when(heard(done, order=ORDER), end)
    assert kinds(case) == [kind]


@pytest.mark.parametrize("refusal", [CreationRefused, RenewalRefused, ResizeRefused, RecoveryRefused])
def test_an_order_of_which_nothing_was_done_says_why(refusal: type[CreationRefused]) -> None:
    case = given(account()).when(ended(0, 1), heard(refusal, order=ORDER))
    [asked] = mails(case)
    assert [item.reason for item in asked.facts.not_done] == [
        "resource_unknown" if refusal is not CreationRefused else "provider_refused"
    ]
    assert asked.facts.items == []
    assert order(case).is_over


def test_what_was_refused_first_and_done_after_all_is_no_failure() -> None:
    case = given(account()).when(
        heard(RenewalRefused, resource="srv-1", order=ORDER), ended(1, action="renew")
    )
    case.when(heard(ResourceRenewed, order=ORDER))
    [asked] = mails(case)
    assert asked.facts.not_done == []


def test_a_stop_poc_of_a_cluster_is_one_mail() -> None:
    end = heard(PocStopped, order=ORDER)
    convert = [heard(ResourceConverted, resource=f"srv-{nr}", order=ORDER) for nr in (1, 2, 3)]
    case = given(account()).when(*convert, end)
    [asked] = mails(case)
    assert asked.kind == "poc_stopped"
    assert [item.resource for item in asked.facts.items] == ["srv-1", "srv-2", "srv-3"]
    assert [(item.resource, item.reason) for item in asked.facts.not_done] == [("srv-9", "provider_refused")]
    assert (asked.facts.done, asked.facts.failed, asked.facts.left, asked.facts.given_back) == (
        3,
        1,
        1,
        181_000,
    )
    assert not order(case).is_over, "three invoices are to come"


def test_a_stop_poc_without_paying_is_told_and_no_invoice_is_waited_for() -> None:
    end = heard(PocStopped, order=ORDER, pay="none", total=0, given_back=0, converted=1, failed=[], left=0)
    case = given(account()).when(end, heard(ResourceExpired, order=ORDER))
    assert kinds(case) == ["poc_stopped"]
    assert order(case).is_over


def test_a_stop_poc_that_found_nothing_left_is_told_at_once() -> None:
    end = heard(PocStopped, order=None, total=0, given_back=0, converted=0, failed=[], left=0)
    case = given(account()).when(end)
    [asked] = mails(case)
    assert (asked.kind, asked.mail, asked.facts.order) == ("poc_stopped", mail_of(1), None)


def test_a_part_heard_twice_counts_once() -> None:
    case = given(account()).when(created("srv-1"), created("srv-1"), ended(2))
    assert kinds(case) == []
    assert case.decisions[1].adds == ()


def test_what_is_heard_of_an_order_after_all_was_told_changes_nothing() -> None:
    case = given(account()).when(created("srv-1", **POC), ended(1))
    case.when(created("srv-2"), invoice("srv-1"))
    assert kinds(case) == ["created"]
    assert case.decisions[-1].changes == ()


def test_an_order_that_was_told_and_is_found_again_without_its_parts_is_over() -> None:
    case = given(account()).when(created("srv-1", **POC), ended(1))
    assert replace(order(case), parts={}).is_over


def test_what_no_order_did_is_no_part_of_one() -> None:
    for message in (heard(ResourceExpired, order=None), heard(CreationRefused, order=None)):
        given(account()).when(message).then()


def test_a_long_order_tells_its_first_resources_and_how_many_more_there_are() -> None:
    count = MOST_ITEMS + 5
    case = given(account()).when(*(created(f"srv-{nr:03}") for nr in range(count)), ended(count))
    case.when(*(invoice(f"srv-{nr:03}") for nr in range(count)))
    for asked in mails(case):
        assert (len(asked.facts.items), asked.facts.more) == (MOST_ITEMS, 5)
    assert mails(case)[1].facts.amount == 181_000 * count
    assert isinstance(mails(case)[1], MailRequested)


def test_an_orders_mails_wait_for_an_owner_too() -> None:
    case = given().when(created("srv-1", **POC), ended(1))
    assert kinds(case) == []
    assert [
        draft.kind
        for each in case.decisions
        for change in each.changes
        for draft in getattr(change, "waiting", ())
    ] == ["created"]
