"""What is owed is paid: by settlement, by itself at the end of a day, or when asked; never twice, and each payment is a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from services.invoicing.rules import snapshot
from services.invoicing.state import Debts, Invoice, Owed, Payment
from shared.contracts.charges import PaidFrom, PayFrom, PayRefused, Settled, SettleRefused
from shared.contracts.invoicing import InvoiceStatus
from shared.contracts.owed import InvoicePaid, InvoicePartlyPaid, PaidBy, PayInvoice, PaymentRefused, PayOwed
from shared.engine.decision import Slice
from tests.support.spec import Case, cause_id
from tests.unit.invoicing.cases import DAY, derived, given
from tests.unit.invoicing.test_ending import APRIL

LATER = APRIL + DAY


def unpaid(
    amount: int = 1_000,
    number: int = 1,
    issued: datetime = APRIL,
    account: str = "acme",
    paid: int = 0,
    payments: int = 0,
) -> Invoice:
    """An invoice of a month, of which so much is paid."""
    return Invoice(
        cause_id(100 + number), account, "2026-03", number, None, None, None, None, "month", None, amount, 0, None,
        issued, cause_id(9), totals=(("vcontainer", amount),), paid=paid,
        payments=payments,
    )  # fmt: skip


def owed_of(invoice: Invoice, by: PaidBy | None = None, awaited: int = 0) -> Owed:
    return Owed(invoice.id, invoice.account, invoice.issued_at, invoice.outstanding, by, awaited)


def settled(invoice: Invoice, paid: int, from_hold: int, amount: int | None = None) -> Settled:
    of = invoice.amount if amount is None else amount
    return Settled(
        account="acme", invoice=invoice.id, product="vcontainer", amount=of, until=APRIL, paid=paid,
        from_hold=from_hold, outstanding=of - paid, effective_at=APRIL,
    )  # fmt: skip


def paid_from(invoice: Invoice, paid: int) -> PaidFrom:
    return PaidFrom(
        account="acme", invoice=invoice.id, payment=cause_id(50), amount=invoice.outstanding, paid=paid,
        outstanding=invoice.outstanding - paid, effective_at=LATER,
    )  # fmt: skip


def payment_of(invoice: Invoice, amount: int, by: PaidBy, number: int = 1, from_hold: int = 0) -> Payment:
    product = "vcontainer" if by == "settlement" else None
    return Payment("acme", invoice.id, number, product, amount, from_hold, by, LATER, cause_id(1))


def asked(owed: Owed, by: PaidBy, number: int = 1) -> Owed:
    return replace(owed, by=by, awaited=number)


def pay_from(invoice: Invoice, at: datetime = LATER, asked_by: int = 1) -> PayFrom:
    return PayFrom(
        account=invoice.account, invoice=invoice.id, amount=invoice.outstanding,
        payment=derived(f"payment/{invoice.id}", asked_by, at), effective_at=at,
    )  # fmt: skip


def test_a_settlement_that_pays_all_of_it_leaves_nothing_owed() -> None:
    invoice = unpaid()
    case = given(invoice, owed_of(invoice, "settlement", 1))
    case.when(settled(invoice, 1_000, 900), at=LATER).then(
        InvoicePaid(
            account="acme", invoice=invoice.id, number="2026-03-000001", amount=1_000, paid_now=1_000, from_hold=900,
            paid=1_000, outstanding=0, by="settlement", effective_at=LATER,
        ),
        now=[
            replace(invoice, paid=1_000, payments=1),
            Owed(invoice.id, "acme", APRIL, 0, "settlement", 0, 1_000, 900),
        ],
        adds=[payment_of(invoice, 1_000, "settlement", from_hold=900)],
    )  # fmt: skip
    after = case.known.get(Owed, invoice.id)
    assert after is not None
    assert after.is_over


def test_a_settlement_that_falls_short_leaves_it_partly_paid() -> None:
    invoice = unpaid()
    case = given(invoice, owed_of(invoice, "settlement", 1)).when(settled(invoice, 400, 300), at=LATER)
    [told] = case.decisions[0].says
    assert isinstance(told, InvoicePartlyPaid)
    assert (told.paid_now, told.from_hold, told.paid, told.outstanding) == (400, 300, 400, 600)
    now = case.known.get(Invoice, invoice.id)
    assert now is not None
    said = snapshot(now)
    assert (said.status, said.paid, said.version) == ("partially_paid", 400, 2)


def test_what_is_settled_product_by_product_is_told_once_when_all_is_answered() -> None:
    invoice = unpaid()
    case = given(invoice, owed_of(invoice, "settlement", 3))
    case = case.when(settled(invoice, 300, 300, 300), settled(invoice, 0, 0, 200), at=LATER)
    assert [decision.says for decision in case.decisions] == [(), ()]
    [told] = case.when(settled(invoice, 500, 0, 500)).decisions[2].says
    assert isinstance(told, InvoicePartlyPaid)
    assert (told.paid_now, told.from_hold, told.outstanding) == (800, 300, 200)
    numbers = [row.number for decision in case.decisions for row in decision.adds if isinstance(row, Payment)]
    assert numbers == [1, 2]


def test_a_settlement_of_nothing_leaves_it_unpaid_without_a_word() -> None:
    invoice = unpaid()
    given(invoice, owed_of(invoice, "settlement", 1)).when(settled(invoice, 0, 0), at=LATER).then(
        now=[owed_of(invoice, "settlement")]
    )


@pytest.mark.parametrize("kind", [Settled, SettleRefused])
def test_the_answer_to_a_settlement_of_nothing_changes_nothing(kind: type[Settled | SettleRefused]) -> None:
    told = kind.model_validate(
        kind.example | {"amount": 0, "paid": 0, "until": LATER, "effective_at": LATER}, strict=False
    )
    given().when(told, at=LATER).then()


@pytest.mark.parametrize("kind", [SettleRefused, PayRefused])
def test_what_hold_refuses_is_owed_as_before(kind: type[SettleRefused | PayRefused]) -> None:
    invoice = unpaid()
    told = kind.model_validate(
        kind.example | {"invoice": invoice.id, "until": LATER, "effective_at": LATER}, strict=False
    )
    given(invoice, owed_of(invoice, "auto_payment", 1)).when(told, at=LATER).then(
        now=[owed_of(invoice, "auto_payment")]
    )


def test_an_answer_to_what_was_not_asked_is_no_payment() -> None:
    invoice = unpaid()
    with pytest.raises(LookupError, match="nothing was asked of hold"):
        given(invoice, owed_of(invoice)).when(paid_from(invoice, 1), at=LATER)


def test_what_is_left_to_pay_is_asked_of_hold() -> None:
    invoice = unpaid(paid=400, payments=1)
    owed = owed_of(invoice)
    given(invoice, owed).when(PayInvoice(account="acme", invoice=invoice.id), at=LATER).then(
        pay_from(invoice), now=[asked(owed, "command")]
    )
    assert pay_from(invoice).amount == 600


@pytest.mark.parametrize(("paid", "status"), [(600, "paid"), (1, "partially_paid")])
def test_who_asked_is_told_what_was_paid(paid: int, status: InvoiceStatus) -> None:
    invoice = unpaid(paid=400, payments=1)
    case = given(invoice, owed_of(invoice, "command", 1)).when(paid_from(invoice, paid), at=LATER)
    [told] = case.decisions[0].says
    assert isinstance(told, InvoicePaid if status == "paid" else InvoicePartlyPaid)
    assert (told.paid_now, told.paid, told.outstanding, told.by) == (paid, 400 + paid, 600 - paid, "command")
    assert case.decisions[0].adds == (payment_of(invoice, paid, "command", 2),)
    now = case.known.get(Invoice, invoice.id)
    assert now is not None
    assert now.status == status


def test_who_asked_is_told_that_there_is_no_credit() -> None:
    invoice = unpaid()
    given(invoice, owed_of(invoice, "command", 1)).when(paid_from(invoice, 0), at=LATER).then(
        PaymentRefused(
            account="acme", invoice=invoice.id, reason="credit_short", explanation="No credit is available.",
            effective_at=LATER,
        ),
        now=[owed_of(invoice, "command")],
    )  # fmt: skip


def refusals(case: Case, invoice: Invoice) -> list[str]:
    said = case.when(PayInvoice(account="acme", invoice=invoice.id), at=LATER).decisions[0].says
    return [each.reason for each in said if isinstance(each, PaymentRefused)]


def test_an_invoice_that_is_not_the_accounts_is_not_paid() -> None:
    theirs = unpaid(account="bolt")
    assert refusals(given(), theirs) == ["invoice_unknown"]
    assert refusals(given(theirs, owed_of(theirs)), theirs) == ["invoice_unknown"]


def test_an_invoice_that_is_paid_is_not_paid_again() -> None:
    invoice = unpaid(paid=1_000, payments=1)
    assert refusals(given(invoice), invoice) == ["invoice_paid"]
    assert refusals(given(invoice, owed_of(invoice)), invoice) == ["invoice_paid"]


def test_an_invoice_that_is_being_paid_is_not_asked_for_twice() -> None:
    invoice = unpaid()
    assert refusals(given(invoice, owed_of(invoice, "settlement", 1)), invoice) == ["payment_under_way"]


def day_closed(*invoices: Invoice, accounts: tuple[str, ...] = ("acme",)) -> Case:
    debts = [
        Debts(account, tuple(each.id for each in invoices if each.account == account)) for account in accounts
    ]
    case = given(*invoices, *map(owed_of, invoices), *debts, Slice(cause_id(1), accounts))
    return case.when(PayOwed(period="2026-04-01", shard=3, effective_at=LATER), at=LATER)


def test_at_the_end_of_a_day_older_invoices_are_paid_first_then_those_with_less_left() -> None:
    large, small = unpaid(5_000, 1, paid=100, payments=1), unpaid(4_900 - 1, 2)
    old, new = unpaid(9_000, 3, APRIL - 30 * DAY), unpaid(1, 4, APRIL + DAY / 2)
    case = day_closed(large, small, old, new)
    assert case.decisions[0].says == tuple(map(pay_from, (old, small, large, new)))
    assert {owed.by for owed in case.decisions[0].changes if isinstance(owed, Owed)} == {"auto_payment"}


def test_what_is_being_paid_or_issued_just_now_has_its_own_turn() -> None:
    fresh, settling = unpaid(number=1, issued=LATER), unpaid(number=2)
    case = given(
        *(fresh, settling, owed_of(fresh), owed_of(settling, "settlement", 1)),
        *(Debts("acme", (fresh.id, settling.id)), Slice(cause_id(1), ("acme", "bolt"))),
    )
    case.when(PayOwed(period="2026-04-01", shard=3, effective_at=LATER), at=LATER).then()


def test_the_day_pays_what_there_is_and_says_nothing_of_nothing() -> None:
    invoice = unpaid()
    case = day_closed(invoice).when(paid_from(invoice, 0))
    assert case.decisions[1].says == ()
    again = day_closed(invoice).when(paid_from(invoice, 700))
    [told] = again.decisions[1].says
    assert isinstance(told, InvoicePartlyPaid)
    assert (told.by, told.paid_now) == ("auto_payment", 700)
