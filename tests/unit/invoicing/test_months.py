"""The month: what each account used in it is on record once, invoiced where it is not yet, and settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.invoicing.metered import DueUse, MonthRecord, MonthUse, Usage, UseLine
from services.invoicing.rules import months, snapshot
from services.invoicing.rules import told as telling
from services.invoicing.state import AccountBooks, Invoice, MonthBook, Owed
from shared.contracts.charges import GiveBack, Settle
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.message import Message
from shared.contracts.months import (
    CloseMonth,
    MonthCloseRefused,
    MonthCloseStarted,
    MonthRecorded,
    RecordMonth,
)
from shared.contracts.parts import PartPrice
from shared.engine.decision import Cause, Slice
from shared.shards import SHARDS
from tests.support.spec import Case, cause_id
from tests.unit.invoicing.cases import AT, DAY, NOW, derived, due_of, given, usage_of_node, usage_of_snapshot
from tests.unit.invoicing.test_ending import APRIL, BOOKS, OVER, line_of

HOUR = timedelta(hours=1)
# 362,000 VND per 30 days, from 6 March 09:00 to 31 March 24:00 in Hanoi: 25 days and 15 hours.
TO_THE_END = 309_208
MAY = APRIL + 30 * DAY


def closing(month: str = "2026-03", ends: datetime = APRIL) -> RecordMonth:
    return RecordMonth(period=month, shard=3, effective_at=ends)


def month_of(
    *dues: tuple[Usage, DueUse],
    lines: tuple[UseLine, ...] = (),
    month: str = "2026-03",
    account: str = "acme",
) -> Case:
    """An account with this use, in the slice of the first message."""
    use = MonthUse(account, month, tuple(due.usage for _, due in dues), lines)
    rows = [row for pair in dues for row in pair]
    return given(AccountBooks(account), *rows, use, Slice(cause_id(1), (account,)))


def recorded(case: Case, month: str = "2026-03", ends: datetime = APRIL) -> tuple[Message, ...]:
    return case.when(closing(month, ends), at=ends).decisions[-1].says


def invoice_id(
    resource: str = "", account: str = "acme", month: str = "2026-03", at: datetime = APRIL
) -> str:
    return Cause(f"{account}/{month}", "invoicing", at).derive(f"invoice/{resource}")


def the_invoice(amount: int, **totals: int) -> Invoice:
    return Invoice(
        invoice_id(), "acme", "2026-03", 1, None, None, None, None, "month", None, amount, 0, None, APRIL,
        cause_id(1), totals=tuple(sorted((totals or {"vcontainer": amount}).items())),  # type: ignore[arg-type]  # products
    )  # fmt: skip


def test_what_was_used_is_recorded_invoiced_and_settled() -> None:
    usage = usage_of_node(asked=9)
    invoice = the_invoice(TO_THE_END)
    line = line_of(usage, APRIL, TO_THE_END, invoice.id, asked=1)
    month_of((usage, due_of(usage))).when(closing(), at=APRIL).then(
        telling.issued(invoice),
        MonthRecorded(
            account="acme",
            month="2026-03",
            page=1,
            pages=1,
            lines=[telling.use_line(usage, line)],
            totals=telling.totals((("vcontainer", TO_THE_END),)),
            amount=TO_THE_END,
            invoice=invoice.id,
            effective_at=APRIL,
        ),
        Settle(
            account="acme", invoice=invoice.id, product="vcontainer", amount=TO_THE_END, until=APRIL, effective_at=APRIL
        ),
        now=[
            replace(due_of(usage), recorded_until=APRIL),
            MonthBook("acme", "2026-03", 1),
            invoice,
            MonthRecord(
                *("acme", "2026-03", TO_THE_END, (("vcontainer", TO_THE_END),), 1, invoice.id),
                *(APRIL, cause_id(1)),
            ),
            Owed(invoice.id, "acme", APRIL, TO_THE_END, "settlement", 1),
        ],
        adds=[line],
    )  # fmt: skip


def test_a_month_that_is_on_record_is_not_recorded_again() -> None:
    usage = usage_of_node(asked=9)
    case = month_of((usage, due_of(usage))).when(closing(), at=APRIL)
    case.known.put(Slice(cause_id(2), ("acme",)))
    assert case.when(closing()).decisions[1] == ((), (), ())


def test_an_account_of_the_slice_without_use_is_passed_over() -> None:
    assert given(Slice(cause_id(1), ("acme",))).when(closing(), at=APRIL).decisions == [((), (), ())]


def test_use_that_begins_after_the_month_is_not_in_it() -> None:
    usage = usage_of_node(starts=APRIL, asked=9)
    case = month_of((usage, due_of(usage)))
    assert recorded(case) == ()
    assert case.known.get(MonthRecord, "acme/2026-03") is None


def test_each_month_has_its_own_part_of_a_use_and_together_they_have_all_of_it() -> None:
    usage = usage_of_node(asked=9)
    case = month_of((usage, due_of(usage))).when(closing(), at=APRIL)
    case.known.put(MonthUse("acme", "2026-04", (usage.id,)))
    case.known.put(Slice(cause_id(2), ("acme",)))
    case = case.when(closing("2026-04", MAY), at=MAY)
    lines = [row for decision in case.decisions for row in decision.adds if isinstance(row, UseLine)]
    assert [(line.month, line.starts, line.until, line.amount) for line in lines] == [
        ("2026-03", NOW, APRIL, TO_THE_END),
        ("2026-04", APRIL, MAY, 362_000),
    ]


def test_it_does_not_matter_when_the_month_is_closed_nor_by_whom() -> None:
    usage = usage_of_node(asked=9)
    late = month_of((usage, replace(due_of(usage), until=APRIL + 3 * DAY)))
    by_hand = month_of((usage, due_of(usage)))
    by_hand.known.put(Slice(cause_id(7), ("acme",)))
    decisions = [
        months.record_month(closing(), case.known, Cause(cause_id(asked), "invoicing", APRIL))
        for case, asked in ((late, 1), (by_hand, 7))
    ]
    assert decisions[0].says == decisions[1].says


def test_use_that_ended_is_forgotten_once_its_month_is_on_record() -> None:
    usage = usage_of_node(asked=9)
    case = month_of((usage, due_of(usage, OVER)))
    recorded(case)
    now = case.known.get(DueUse, usage.id)
    assert now is not None
    assert now.over


def test_what_was_invoiced_when_it_ended_is_listed_and_not_invoiced_again() -> None:
    usage = usage_of_node(asked=9)
    before = line_of(usage, OVER, 12_067, cause_id(5), asked=5)
    case = month_of((usage, due_of(usage, OVER, invoiced_from=NOW)), lines=(before,))
    [told] = recorded(case)
    assert isinstance(told, MonthRecorded)
    assert [(line.amount, line.invoice) for line in told.lines] == [(12_067, cause_id(5))]
    assert (told.amount, told.invoice) == (12_067, None)


def test_a_month_of_which_all_was_heard_after_it_was_closed_is_recorded_with_the_next() -> None:
    usage = usage_of_node(asked=9)
    line = line_of(usage, OVER, 12_067, cause_id(5), asked=5)
    case = month_of((usage, due_of(usage, OVER, invoiced_from=NOW)), month="2026-04")
    case.known.put(MonthUse("acme", "2026-03", (), (line,)))
    [told] = recorded(case, "2026-04", MAY)
    assert isinstance(told, MonthRecorded)
    assert (told.month, told.amount, told.invoice) == ("2026-03", 12_067, None)
    assert case.known.get(MonthRecord, "acme/2026-04") is None
    now = case.known.get(DueUse, usage.id)
    assert now is not None
    assert now.over


def test_what_was_used_before_the_month_of_the_invoice_at_its_end_is_recorded() -> None:
    usage = usage_of_node(asked=9)
    case = month_of((usage, due_of(usage, APRIL + DAY, invoiced_from=APRIL)))
    _, told, _ = recorded(case)
    assert isinstance(told, MonthRecorded)
    assert told.amount == TO_THE_END
    kept = case.known.get(DueUse, usage.id)
    assert kept == replace(due_of(usage, APRIL + DAY, invoiced_from=APRIL), recorded_until=APRIL)


def test_one_invoice_has_all_products_and_each_is_settled() -> None:
    node, snapshot_ = usage_of_node(asked=9), usage_of_snapshot(asked=8)
    case = month_of((node, due_of(node)), (snapshot_, due_of(snapshot_)))
    issued, record, *settles = recorded(case)
    # 25 days and 15 hours are 615 hours.
    of_snapshot = 615 * 10 * 5
    assert isinstance(issued, InvoiceIssued)
    assert isinstance(record, MonthRecorded)
    assert issued.amount == TO_THE_END + of_snapshot == record.amount
    assert [(one.product, one.amount) for one in issued.totals] == [
        ("snapshot", of_snapshot),
        ("vcontainer", TO_THE_END),
    ]
    assert [(one.product, one.amount) for one in settles if isinstance(one, Settle)] == [
        ("snapshot", of_snapshot),
        ("vcontainer", TO_THE_END),
    ]
    assert case.known.get(Owed, issued.invoice) == Owed(
        issued.invoice, "acme", APRIL, issued.amount, "settlement", 2
    )


def test_what_is_postpaid_has_one_unpaid_invoice_for_each_resource() -> None:
    first = replace(usage_of_node(asked=9), billing="postpaid")
    then = replace(usage_of_node(2, starts=OVER, asked=8), billing="postpaid")
    other = replace(usage_of_node(asked=7), billing="postpaid", resource="node-2")
    case = month_of((first, due_of(first, OVER)), (then, due_of(then)), (other, due_of(other)))
    one, two, record = recorded(case)
    assert isinstance(one, InvoiceIssued)
    assert isinstance(two, InvoiceIssued)
    assert isinstance(record, MonthRecorded)
    assert [(each.resource, each.number, each.status, each.action) for each in (one, two)] == [
        ("node-1", "2026-03-000001", "unpaid", "month"),
        ("node-2", "2026-03-000002", "unpaid", "month"),
    ]
    assert [(use.starts, use.until, use.quantity) for use in one.uses] == [(NOW, OVER, 1), (OVER, APRIL, 2)]
    assert (two.amount, record.amount) == (TO_THE_END, one.amount + two.amount)
    assert record.invoice is None
    assert case.known.get(Owed, one.invoice) == Owed(one.invoice, "acme", APRIL, one.amount)


def test_parts_are_rounded_one_by_one_and_have_their_discounts() -> None:
    parts = (
        PartPrice(flavor="s-1", vnd=181_000),
        PartPrice(flavor="boot-20", vnd=40_001, discount_percent=10),
    )
    usage = replace(usage_of_node(asked=9), vnd=221_001, parts=parts, billing="postpaid")
    issued, *_ = recorded(month_of((usage, due_of(usage, OVER))))
    assert isinstance(issued, InvoiceIssued)
    # A day: 6033.33 and 1333.37, less 10 % of 1333 = 133.3.
    assert issued.amount == 6_033 + 1_333 - 133


def test_numbers_go_on_after_those_of_the_month() -> None:
    usage = usage_of_node(asked=9)
    case = month_of((usage, due_of(usage)))
    case.known.put(MonthBook("acme", "2026-03", 41))
    issued, *_ = recorded(case)
    assert isinstance(issued, InvoiceIssued)
    assert issued.number == "2026-03-000042"


def test_an_end_that_became_known_late_is_taken_off_the_next_invoice() -> None:
    usage, other = usage_of_node(asked=9), usage_of_node(asked=8)
    over = APRIL - DAY
    late = replace(due_of(usage, over), recorded_until=APRIL)
    case = month_of((usage, late), (other, replace(due_of(other), recorded_until=APRIL)), month="2026-04")
    issued, record, settle = recorded(case, "2026-04", MAY)
    assert isinstance(issued, InvoiceIssued)
    assert isinstance(record, MonthRecorded)
    # What was recorded was 309,208; to that end it is 297,142, so that the two records have just what was used.
    assert [(line.starts, line.until, line.amount) for line in record.lines] == [
        (over, APRIL, 297_142 - TO_THE_END),
        (APRIL, MAY, 362_000),
    ]
    assert issued.amount == 362_000 - 12_066 == record.amount
    assert getattr(settle, "amount") == issued.amount  # noqa: B009 - of the one settlement


def test_what_was_recorded_too_much_is_given_back_where_nothing_is_to_be_paid() -> None:
    usage = usage_of_node(asked=9)
    late = replace(due_of(usage, APRIL - DAY), recorded_until=APRIL)
    case = month_of((usage, late), month="2026-04")
    record, back, let_go = recorded(case, "2026-04", MAY)
    assert isinstance(record, MonthRecorded)
    assert (record.amount, record.invoice, record.lines[0].invoice) == (-12_066, None, None)
    assert back == GiveBack(
        account="acme", wallet="credit", amount=12_066, why="unused", resource="node-1", effective_at=MAY
    )
    assert let_go == settled_with_nothing("vcontainer", "2026-04", MAY)


def settled_with_nothing(product: str, month: str = "2026-03", ends: datetime = APRIL) -> Settle:
    """Hold is told that the use of the product is over and done, though nothing is to be paid for it."""
    return Settle(
        account="acme", invoice=invoice_id(month=month, at=ends), product=product, amount=0, until=ends, effective_at=ends
    )  # fmt: skip


def test_a_product_of_which_nothing_is_to_be_paid_is_let_go_beside_the_invoice_of_the_others() -> None:
    usage, other = usage_of_node(asked=9), usage_of_snapshot(asked=8)
    late = replace(due_of(usage, APRIL - DAY), recorded_until=APRIL)
    case = month_of((usage, late), (other, replace(due_of(other), recorded_until=APRIL)), month="2026-04")
    issued, _, _, let_go, settle = recorded(case, "2026-04", MAY)
    assert isinstance(issued, InvoiceIssued)
    assert let_go == settled_with_nothing("vcontainer", "2026-04", MAY)
    assert isinstance(settle, Settle)
    assert (settle.invoice, settle.product, settle.amount) == (issued.invoice, "snapshot", 720 * 50)
    # Nobody waits for what is let go: the invoice is answered by the other alone.
    owed = case.known.get(Owed, issued.invoice)
    assert owed is not None
    assert owed.awaited == 1


def test_use_that_cost_nothing_is_recorded_without_an_invoice() -> None:
    usage = usage_of_snapshot(starts=NOW + HOUR / 3, asked=9)
    case = month_of((usage, due_of(usage, NOW + HOUR / 2)))
    record, let_go = recorded(case)
    assert isinstance(record, MonthRecorded)
    assert (record.amount, record.invoice) == (0, None)
    assert let_go == settled_with_nothing("snapshot")


def test_a_long_record_is_told_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(months, "MOST_USES", 2)
    uses = [usage_of_node(asked=9 + number) for number in range(5)]
    _, *pages, _ = recorded(month_of(*((usage, due_of(usage)) for usage in uses)))
    found = [page for page in pages if isinstance(page, MonthRecorded)]
    assert [(page.page, page.pages, len(page.lines)) for page in found] == [(1, 3, 2), (2, 3, 2), (3, 3, 1)]
    assert {line.usage for page in found for line in page.lines} == {usage.id for usage in uses}
    assert {page.amount for page in found} == {5 * TO_THE_END}


def test_accounts_of_a_slice_are_recorded_each_for_itself() -> None:
    ours = usage_of_node(asked=9)
    theirs = replace(usage_of_node(asked=8), account="bolt")
    case = month_of((ours, due_of(ours)))
    case.known.put(theirs)
    case.known.put(due_of(theirs))
    case.known.put(MonthUse("bolt", "2026-03", (theirs.id,)))
    case.known.put(Slice(cause_id(1), ("acme", "bolt")))
    issued = [said for said in recorded(case) if isinstance(said, InvoiceIssued)]
    assert [(one.account, one.number, one.invoice) for one in issued] == [
        ("acme", "2026-03-000001", invoice_id()),
        ("bolt", "2026-03-000001", invoice_id(account="bolt")),
    ]


def test_the_state_of_a_months_invoice_is_unpaid() -> None:
    told = snapshot(the_invoice(TO_THE_END))
    assert (told.status, told.paid, told.resource, told.line, told.version) == ("unpaid", 0, None, None, 1)
    assert [(one.product, one.amount) for one in told.totals] == [("vcontainer", TO_THE_END)]


def test_closing_a_month_that_is_over_records_it_share_by_share() -> None:
    started, *slices = given().when(CloseMonth(month="2026-03"), at=APRIL).decisions[0].says
    assert started == MonthCloseStarted(month="2026-03", shards=SHARDS, effective_at=APRIL)
    assert slices == [RecordMonth(period="2026-03", shard=n, effective_at=APRIL) for n in range(SHARDS)]


@pytest.mark.parametrize(
    ("month", "reason"),
    [
        ("2026-03", "month_not_over"),
        ("2026-13", "month_unknown"),
        ("2026-00", "month_unknown"),
        ("0000-01", "month_unknown"),
        ("9999-12", "month_unknown"),
    ],
)
def test_a_month_that_is_not_over_or_none_at_all_is_not_closed(month: str, reason: str) -> None:
    at = APRIL - timedelta(microseconds=1)
    [refused] = given().when(CloseMonth(month=month), at=at).decisions[0].says
    assert isinstance(refused, MonthCloseRefused)
    assert (refused.month, refused.reason, refused.effective_at) == (month, reason, at)


def test_books_are_the_accounts() -> None:
    assert (BOOKS.key, derived("invoice") != derived("invoice", 2)) == ("acme", True)
    assert AT > NOW
