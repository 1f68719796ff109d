"""TopUp."""

from __future__ import annotations

import pytest

from services.hold.reasons import REFUSALS, Reason
from services.hold.state import Account, CreditWallet, Deposit, Entry, PocWallet, Transaction
from shared.contracts.hold import Credit, ToppedUp, TopUp, TopUpRefused
from shared.contracts.message import MOST_VND
from shared.engine.decision import Entity
from tests.support.spec import cause_id
from tests.unit.hold.cases import AT, POSTPAID, TOMORROW, account, given


def top_up(amount: int = 500, reference: str = "VCB-1") -> TopUp:
    return TopUp(account="acme", amount=amount, reference=reference)


def topped_up(total: int, held: int = 0, amount: int = 500, reference: str = "VCB-1") -> ToppedUp:
    credit = Credit(total=total, held=held, available=total - held)
    return ToppedUp(account="acme", amount=amount, reference=reference, credit=credit, effective_at=AT)


def refused(ask: TopUp, reason: Reason) -> TopUpRefused:
    return TopUpRefused(
        account="acme",
        amount=ask.amount,
        reference=ask.reference,
        reason=reason.value,
        explanation=reason.sentence,
        effective_at=AT,
    )


def deposit(
    sequence: int, balance: int, amount: int = 500, reference: str = "VCB-1", cause: int = 1
) -> Transaction:
    lines = (Entry("credit", amount, balance), Entry("bank", -amount))
    return Transaction("acme", sequence, "deposit", cause_id(cause), AT, lines, reference)


def test_top_up_adds_to_the_credit_wallet_and_to_the_ledger() -> None:
    poc = PocWallet(TOMORROW, granted=70)
    given(account(credit=CreditWallet(1_000, 300), poc=poc, transactions=4)).when(top_up()).then(
        topped_up(1_500, held=300),
        now=[account(credit=CreditWallet(1_500, 300), poc=poc, transactions=5), Deposit("acme", "VCB-1")],
        adds=[deposit(5, balance=1_500)],
    )


def test_top_up_is_for_postpaid_accounts_too() -> None:
    given(POSTPAID).when(top_up()).then(
        topped_up(500),
        now=[
            Account("acme", "postpaid", POSTPAID.email, CreditWallet(500), None, 1),
            Deposit("acme", "VCB-1"),
        ],
        adds=[deposit(1, balance=500)],
    )


def test_top_up_ends_a_debt_of_a_daily_hold_as_far_as_it_goes() -> None:
    given(account(credit=CreditWallet(100, 800))).when(top_up()).then(
        topped_up(600, held=800),
        now=[account(credit=CreditWallet(600, 800), transactions=1), Deposit("acme", "VCB-1")],
        adds=[deposit(1, balance=600)],
    )


def test_top_up_counts_two_payments_of_one_batch() -> None:
    given(account()).when(top_up(), top_up(7, "VCB-2")).then(
        topped_up(500),
        topped_up(507, amount=7, reference="VCB-2"),
        now=[
            account(credit=CreditWallet(507), transactions=2),
            Deposit("acme", "VCB-1"),
            Deposit("acme", "VCB-2"),
        ],
        adds=[deposit(1, balance=500), deposit(2, balance=507, amount=7, reference="VCB-2", cause=2)],
    )


def test_top_up_is_refused_when_the_account_is_unknown() -> None:
    given().when(top_up()).then(refused(top_up(), Reason.ACCOUNT_UNKNOWN))


@pytest.mark.parametrize("amount", [0, -1, -MOST_VND])
def test_top_up_is_refused_when_the_amount_is_not_positive(amount: int) -> None:
    given(account()).when(top_up(amount)).then(refused(top_up(amount), Reason.AMOUNT_NOT_POSITIVE))


@pytest.mark.parametrize("reference", ["", " ", "\n\t"])
def test_top_up_is_refused_when_the_reference_is_missing(reference: str) -> None:
    ask = top_up(reference=reference)
    given(account()).when(ask).then(refused(ask, Reason.REFERENCE_MISSING))


@pytest.mark.parametrize("reference", ["x" * 101, " VCB-1", "VCB-1 ", "VCB\x00", "VCB\n1", "VCB\u200b1"])
def test_top_up_is_refused_when_the_reference_is_too_long_or_not_printable(reference: str) -> None:
    ask = top_up(reference=reference)
    given(account()).when(ask).then(refused(ask, Reason.REFERENCE_INVALID))


@pytest.mark.parametrize("reference", ["x", "x" * 100, "Chuyển khoản 06/03", "a/b"])
def test_top_up_takes_every_printable_reference(reference: str) -> None:
    given(account()).when(top_up(reference=reference)).then(
        topped_up(500, reference=reference),
        now=[account(credit=CreditWallet(500), transactions=1), Deposit("acme", reference)],
        adds=[deposit(1, balance=500, reference=reference)],
    )


def test_top_up_is_refused_when_the_reference_was_counted() -> None:
    given(account(), Deposit("acme", "VCB-1")).when(top_up()).then(refused(top_up(), Reason.REFERENCE_USED))


def test_top_up_is_refused_when_the_reference_was_counted_in_this_batch_whatever_the_amount() -> None:
    given(account()).when(top_up(), top_up(7)).then(
        topped_up(500),
        refused(top_up(7), Reason.REFERENCE_USED),
        now=[account(credit=CreditWallet(500), transactions=1), Deposit("acme", "VCB-1")],
        adds=[deposit(1, balance=500)],
    )


def test_top_up_counts_a_reference_that_another_account_has_used() -> None:
    given(account(), Deposit("other", "VCB-1")).when(top_up()).then(
        topped_up(500),
        now=[account(credit=CreditWallet(500), transactions=1), Deposit("acme", "VCB-1")],
        adds=[deposit(1, balance=500)],
    )


def test_top_up_counts_a_reference_that_was_refused_before() -> None:
    given(account()).when(top_up(0), top_up()).then(
        refused(top_up(0), Reason.AMOUNT_NOT_POSITIVE),
        topped_up(500),
        now=[account(credit=CreditWallet(500), transactions=1), Deposit("acme", "VCB-1")],
        adds=[deposit(1, balance=500, cause=2)],
    )


def test_top_up_fills_the_wallet_to_the_most_it_holds() -> None:
    given(account(credit=CreditWallet(MOST_VND - 500))).when(top_up()).then(
        topped_up(MOST_VND),
        now=[account(credit=CreditWallet(MOST_VND), transactions=1), Deposit("acme", "VCB-1")],
        adds=[deposit(1, balance=MOST_VND)],
    )


def test_top_up_is_refused_when_the_balance_would_be_too_large() -> None:
    full = account(credit=CreditWallet(MOST_VND - 499))
    given(full).when(top_up()).then(refused(top_up(), Reason.BALANCE_TOO_LARGE))


FULL = account(credit=CreditWallet(MOST_VND))
# Wrong in every way that can be wrong together from this reason on.
WRONG_FROM_HERE_ON: list[tuple[list[Entity], TopUp, Reason]] = [
    ([], top_up(0, ""), Reason.ACCOUNT_UNKNOWN),
    ([FULL, Deposit("acme", "")], top_up(0, ""), Reason.AMOUNT_NOT_POSITIVE),
    ([FULL, Deposit("acme", "")], top_up(1, ""), Reason.REFERENCE_MISSING),
    ([FULL, Deposit("acme", "\n!")], top_up(1, "\n!"), Reason.REFERENCE_INVALID),
    ([FULL, Deposit("acme", "VCB-1")], top_up(1), Reason.REFERENCE_USED),
    ([FULL], top_up(1), Reason.BALANCE_TOO_LARGE),
]


@pytest.mark.parametrize(("known", "ask", "reason"), WRONG_FROM_HERE_ON)
def test_top_up_is_refused_for_the_first_reason_that_applies(
    known: list[Entity], ask: TopUp, reason: Reason
) -> None:
    given(*known).when(ask).then(refused(ask, reason))


def test_top_up_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in WRONG_FROM_HERE_ON) == REFUSALS[TopUp]
