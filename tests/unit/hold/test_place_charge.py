"""PlaceCharge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.hold.reasons import Reason
from services.hold.state import Account, Charge, CreditWallet, Entry, PocWallet, Transaction
from shared.contracts.charges import Charged, ChargeRefused, PlaceCharge, Wallet
from shared.contracts.message import MOST_VND
from tests.support.spec import cause_id
from tests.unit.hold.cases import AT, MINUTE, POSTPAID, TODAY, TOMORROW, account, given


def place_charge(amount: int = 500, wallet: Wallet = "credit", order: str = "o-1") -> PlaceCharge:
    return PlaceCharge(account="acme", order=order, wallet=wallet, amount=amount, effective_at=AT)


def charged(ask: PlaceCharge) -> Charged:
    return Charged(account="acme", order=ask.order, wallet=ask.wallet, amount=ask.amount, effective_at=AT)


def refused(ask: PlaceCharge, reason: Reason, missing: int = 0) -> ChargeRefused:
    return ChargeRefused(**dict(ask), missing=missing, reason=reason.value, explanation=reason.sentence)


def charge(sequence: int, balance: int, amount: int = 500, order: str = "o-1", cause: int = 1) -> Transaction:
    lines = (Entry("credit", -amount, balance), Entry("sales", amount))
    return Transaction("acme", sequence, "charge", cause_id(cause), AT, lines, order)


def test_place_charge_takes_the_order_out_of_the_credit_wallet() -> None:
    poc = PocWallet(TOMORROW, granted=70)
    given(account(credit=CreditWallet(1_000, 300), poc=poc, transactions=4)).when(place_charge()).then(
        charged(place_charge()),
        now=[
            account(credit=CreditWallet(500, 300), poc=poc, transactions=5),
            Charge("acme", "o-1", "credit", 500),
        ],
        adds=[charge(5, balance=500)],
    )


def test_place_charge_takes_the_order_out_of_the_poc_wallet() -> None:
    poc, ask = PocWallet(TOMORROW, 900, 100, 50, 20), place_charge(830, "poc")
    given(account(credit=CreditWallet(7), poc=poc)).when(ask).then(
        charged(ask),
        now=[
            account(credit=CreditWallet(7), poc=replace(poc, spent=930), transactions=1),
            Charge("acme", "o-1", "poc", 830),
        ],
        adds=[
            Transaction(
                *("acme", 1, "poc_charge", cause_id(1), AT),
                (Entry("poc", -830, 0), Entry("poc_used", 830)),
                "o-1",
            )
        ],
    )


def test_place_charge_takes_all_that_is_available_and_nothing_that_is_held() -> None:
    given(account(credit=CreditWallet(800, 300))).when(place_charge(), place_charge(1, order="o-2")).then(
        charged(place_charge()),
        refused(place_charge(1, order="o-2"), Reason.CREDIT_SHORT, missing=1),
        now=[
            account(credit=CreditWallet(300, 300), transactions=1),
            Charge("acme", "o-1", "credit", 500),
        ],
        adds=[charge(1, balance=300)],
    )


def test_place_charge_charges_postpaid_accounts_credit_too() -> None:
    postpaid = replace(POSTPAID, credit=CreditWallet(600))
    given(postpaid).when(place_charge()).then(
        charged(place_charge()),
        now=[
            replace(postpaid, credit=CreditWallet(100), transactions=1),
            Charge("acme", "o-1", "credit", 500),
        ],
        adds=[charge(1, balance=100)],
    )


@pytest.mark.parametrize("credit", [CreditWallet(), CreditWallet(5, 9)])
def test_place_charge_of_nothing_is_answered_and_moves_nothing_even_in_debt(credit: CreditWallet) -> None:
    ask = place_charge(0)
    given(account(credit=credit)).when(ask).then(
        charged(ask), now=[account(credit=credit), Charge("acme", "o-1", "credit", 0)]
    )


def test_place_charge_asked_again_is_answered_alike_and_moves_nothing() -> None:
    given(account(credit=CreditWallet(1_000))).when(place_charge(), place_charge()).then(
        charged(place_charge()),
        charged(place_charge()),
        now=[account(credit=CreditWallet(500), transactions=1), Charge("acme", "o-1", "credit", 500)],
        adds=[charge(1, balance=500)],
    )


def test_place_charge_asked_again_is_answered_alike_when_some_was_given_back_and_nothing_is_left() -> None:
    given(account(), Charge("acme", "o-1", "credit", 500, 200)).when(place_charge()).then(
        charged(place_charge())
    )


@pytest.mark.parametrize(
    "ask", [place_charge(499), place_charge(0), place_charge(500, "poc"), place_charge(-1)]
)
def test_place_charge_is_refused_when_the_order_was_charged_otherwise(ask: PlaceCharge) -> None:
    given(account(credit=CreditWallet(9_000)), Charge("acme", "o-1", "credit", 500)).when(ask).then(
        refused(ask, Reason.CHARGED_OTHERWISE)
    )


def test_place_charge_knows_another_accounts_order_from_its_own() -> None:
    given(account(credit=CreditWallet(500)), Charge("other", "o-1", "credit", 7)).when(place_charge()).then(
        charged(place_charge()),
        now=[account(transactions=1), Charge("acme", "o-1", "credit", 500)],
        adds=[charge(1, balance=0)],
    )


def test_place_charge_that_was_refused_is_tried_again_when_asked_again() -> None:
    case = given(account(credit=CreditWallet(499))).when(place_charge())
    case.known.put(account(credit=CreditWallet(500)))
    case.when(place_charge()).then(
        refused(place_charge(), Reason.CREDIT_SHORT, missing=1),
        charged(place_charge()),
        now=[account(transactions=1), Charge("acme", "o-1", "credit", 500)],
        adds=[charge(1, balance=0, cause=2)],
    )


def test_place_charge_is_refused_when_the_account_is_unknown() -> None:
    given().when(place_charge()).then(refused(place_charge(), Reason.ACCOUNT_UNKNOWN))


@pytest.mark.parametrize("wallet", ["credit", "poc"])
def test_place_charge_is_refused_when_the_amount_is_negative(wallet: Wallet) -> None:
    ask = place_charge(-1, wallet)
    given(account(credit=CreditWallet(500))).when(ask).then(refused(ask, Reason.AMOUNT_NEGATIVE))


def test_place_charge_is_refused_when_a_postpaid_account_is_to_pay_from_a_poc_wallet() -> None:
    ask = place_charge(5, "poc")
    given(POSTPAID).when(ask).then(refused(ask, Reason.ACCOUNT_POSTPAID))


def test_place_charge_is_refused_when_no_poc_wallet_was_granted() -> None:
    ask = place_charge(5, "poc")
    given(account(credit=CreditWallet(500))).when(ask).then(refused(ask, Reason.POC_NOT_GRANTED))


@pytest.mark.parametrize("amount", [0, 5, 900])
def test_place_charge_is_refused_from_the_minute_at_which_the_poc_wallet_ends(amount: int) -> None:
    ask = place_charge(amount, "poc")
    given(account(poc=PocWallet(TODAY, granted=70))).when(ask).then(refused(ask, Reason.POC_ENDED))


def test_place_charge_is_taken_in_the_poc_wallets_last_minute() -> None:
    ask, poc = place_charge(0, "poc"), PocWallet(TODAY + MINUTE, granted=70)
    given(account(poc=poc)).when(ask).then(
        charged(ask), now=[account(poc=poc), Charge("acme", "o-1", "poc", 0)]
    )


@pytest.mark.parametrize(
    ("credit", "missing"),
    [
        (CreditWallet(), 500),
        (CreditWallet(499), 1),
        (CreditWallet(900, 600), 200),
        (CreditWallet(900, 1_000), 600),
        (CreditWallet(0, MOST_VND), MOST_VND),
    ],
)
def test_place_charge_is_refused_with_what_is_missing_when_credit_is_short(
    credit: CreditWallet, missing: int
) -> None:
    given(account(credit=credit, poc=PocWallet(TOMORROW, 9_000))).when(place_charge()).then(
        refused(place_charge(), Reason.CREDIT_SHORT, missing)
    )


def test_place_charge_is_refused_with_what_is_missing_when_the_poc_wallet_is_short() -> None:
    ask = place_charge(500, "poc")
    given(account(credit=CreditWallet(9_000), poc=PocWallet(TOMORROW, 400, 100, 20))).when(ask).then(
        refused(ask, Reason.POC_SHORT, missing=180)
    )


def test_place_charge_leaves_an_account_of_the_most_and_its_ledger_within_bounds() -> None:
    ask = place_charge(MOST_VND)
    given(account(credit=CreditWallet(MOST_VND))).when(ask).then(
        charged(ask),
        now=[
            Account("acme", "prepaid", account().email, transactions=1),
            Charge("acme", "o-1", "credit", MOST_VND),
        ],
        adds=[charge(1, balance=0, amount=MOST_VND)],
    )
