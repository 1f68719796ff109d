"""GiveBack."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from services.hold.held import ProductHold
from services.hold.reasons import Reason
from services.hold.state import Account, Charge, CreditWallet, Entry, PocWallet, Transaction
from shared.contracts.charges import GiveBack, GiveBackRefused, GivenBack
from shared.contracts.hold import Poc
from shared.contracts.holding import PocWalletEnded
from shared.contracts.message import MOST_VND
from tests.support.spec import cause_id
from tests.unit.hold.cases import AT, POSTPAID, TODAY, TOMORROW, account, given

CHARGE = Charge("acme", "o-1", "credit", 900, 100)
POC = PocWallet(TOMORROW, 1_000, 600, 100)


def line_failed(amount: int = 500, **changes: Any) -> GiveBack:
    fields = {"account": "acme", "wallet": "credit", "amount": amount, "why": "line_failed"}
    return GiveBack.model_validate(
        {**fields, "order": "o-1", "resource": "srv-1", "effective_at": AT} | changes
    )


def unused(amount: int = 500, **changes: Any) -> GiveBack:
    return line_failed(amount, **{"why": "unused", "order": None} | changes)


def given_back(ask: GiveBack, *, expired: bool = False) -> GivenBack:
    return GivenBack(**dict(ask), expired=expired)


def refused(ask: GiveBack, reason: Reason) -> GiveBackRefused:
    return GiveBackRefused(**dict(ask), reason=reason.value, explanation=reason.sentence)


def refund(sequence: int, balance: int, amount: int = 500, reference: str | None = "o-1") -> Transaction:
    lines = (Entry("credit", amount, balance), Entry("sales", -amount))
    return Transaction("acme", sequence, "refund", cause_id(sequence), AT, lines, reference)


def poc_refund(
    sequence: int, balance: int, amount: int = 500, reference: str | None = "srv-1"
) -> Transaction:
    lines = (Entry("poc", amount, balance), Entry("poc_used", -amount))
    return Transaction("acme", sequence, "poc_refund", cause_id(1), AT, lines, reference)


def expiry(sequence: int, at: datetime) -> Transaction:
    lines = (Entry("poc", -500, 0), Entry("poc_expired", 500))
    return Transaction("acme", sequence, "poc_expiry", cause_id(1), at, lines)


@pytest.mark.parametrize("why", ["line_failed", "order_cancelled"])
def test_give_back_returns_credit_for_what_was_not_had_and_counts_it_on_the_charge(why: str) -> None:
    ask = line_failed(why=why)
    given(account(credit=CreditWallet(50, 40)), CHARGE).when(ask).then(
        given_back(ask),
        now=[account(credit=CreditWallet(550, 40), transactions=1), replace(CHARGE, given_back=600)],
        adds=[refund(1, balance=550)],
    )


def test_give_back_returns_the_whole_of_a_charge_and_not_a_dong_more() -> None:
    given(account(), CHARGE).when(line_failed(300), line_failed(500), line_failed(1)).then(
        given_back(line_failed(300)),
        given_back(line_failed(500)),
        refused(line_failed(1), Reason.MORE_THAN_CHARGED),
        now=[account(credit=CreditWallet(800), transactions=2), replace(CHARGE, given_back=900)],
        adds=[refund(1, balance=300, amount=300), refund(2, balance=800)],
    )


@pytest.mark.parametrize("order", [None, "o-1", "o-9"])
def test_give_back_of_what_is_unused_is_no_part_of_one_orders_charge(order: str | None) -> None:
    ask = unused(5_000, order=order)
    given(account(), CHARGE).when(ask).then(
        given_back(ask),
        now=[account(credit=CreditWallet(5_000), transactions=1)],
        adds=[refund(1, balance=5_000, amount=5_000, reference=order or "srv-1")],
    )


def test_give_back_is_booked_without_a_reference_where_none_is_named() -> None:
    ask = unused(resource=None)
    given(account()).when(ask).then(
        given_back(ask),
        now=[account(credit=CreditWallet(500), transactions=1)],
        adds=[refund(1, balance=500, reference=None)],
    )


def test_give_back_returns_credit_to_postpaid_accounts_too() -> None:
    given(POSTPAID).when(unused()).then(
        given_back(unused()),
        now=[replace(POSTPAID, credit=CreditWallet(500), transactions=1)],
        adds=[refund(1, balance=500, reference="srv-1")],
    )


def test_give_back_returns_poc_money_to_the_poc_wallet() -> None:
    ask = unused(wallet="poc")
    given(account(poc=POC)).when(ask).then(
        given_back(ask),
        now=[account(poc=replace(POC, refunded=600), transactions=1)],
        adds=[poc_refund(1, balance=1_000)],
    )


def test_give_back_of_an_order_paid_with_poc_money_counts_on_its_charge() -> None:
    ask, charge = line_failed(wallet="poc"), Charge("acme", "o-1", "poc", 500)
    given(account(poc=POC), charge).when(ask).then(
        given_back(ask),
        now=[account(poc=replace(POC, refunded=600), transactions=1), replace(charge, given_back=500)],
        adds=[poc_refund(1, balance=1_000, reference="o-1")],
    )


def test_give_back_into_a_poc_wallet_that_has_ended_is_booked_and_expires_at_once_with_what_was_left() -> (
    None
):
    ask, poc = unused(wallet="poc"), replace(POC, until=TODAY)
    after = replace(poc.told(TODAY), ended=True)
    given(account(poc=poc, transactions=3)).when(ask).then(
        PocWalletEnded(
            account="acme",
            expired=500,
            poc=Poc(granted=1_000, balance=0, until=TODAY, enabled=False),
            effective_at=TODAY,
        ),
        given_back(ask, expired=True),
        now=[account(poc=replace(after, refunded=600, expired=1_000), transactions=6)],
        adds=[expiry(4, TODAY), poc_refund(5, balance=500), expiry(6, AT)],
    )


def test_give_back_into_a_poc_wallet_that_has_been_told_to_have_ended_says_so_no_more() -> None:
    ask = unused(wallet="poc")
    poc = PocWallet(TOMORROW, 1_000, 1_000, 0, 0, TOMORROW, ended=True)
    given(account(poc=poc)).when(ask).then(
        given_back(ask, expired=True),
        now=[account(poc=replace(poc, refunded=500, expired=500), transactions=2)],
        adds=[poc_refund(1, balance=500), expiry(2, AT)],
    )


def test_give_back_of_credit_is_held_first_for_what_is_short_of_it() -> None:
    short = ProductHold("acme", "vcontainer", 300, 400, 50, debt_days=2)
    more = replace(short, held=550)
    credit = CreditWallet(50, 50)
    given(account(credit=credit, holds=(short,)), CHARGE).when(line_failed()).then(
        given_back(line_failed()),
        now=[
            account(credit=CreditWallet(550, 550), transactions=1, holds=(more,)),
            *(more, replace(CHARGE, given_back=600)),
        ],
        adds=[refund(1, balance=550)],
    )


def test_give_back_of_credit_leaves_a_poc_wallet_that_has_ended_alone() -> None:
    poc = replace(POC, until=TODAY)
    given(account(poc=poc)).when(unused()).then(
        given_back(unused()),
        now=[account(credit=CreditWallet(500), poc=poc, transactions=1)],
        adds=[refund(1, balance=500, reference="srv-1")],
    )


@pytest.mark.parametrize(
    ("ask", "to", "reason"),
    [
        (line_failed(0), account(), Reason.AMOUNT_NOT_POSITIVE),
        (unused(-1), account(), Reason.AMOUNT_NOT_POSITIVE),
        (line_failed(order=None), account(), Reason.ORDER_MISSING),
        (line_failed(order="o-2"), account(), Reason.CHARGE_UNKNOWN),
        (line_failed(wallet="poc"), account(poc=POC), Reason.WALLET_DIFFERS),
        (line_failed(801), account(), Reason.MORE_THAN_CHARGED),
        (unused(wallet="poc"), POSTPAID, Reason.ACCOUNT_POSTPAID),
        (unused(wallet="poc"), account(), Reason.POC_NOT_GRANTED),
        (unused(501, wallet="poc"), account(poc=POC), Reason.MORE_THAN_SPENT),
        (unused(), account(credit=CreditWallet(MOST_VND - 499)), Reason.BALANCE_TOO_LARGE),
        (line_failed(), account(credit=CreditWallet(MOST_VND - 499)), Reason.BALANCE_TOO_LARGE),
    ],
)
def test_give_back_is_refused_with_its_reason(ask: GiveBack, to: Account, reason: Reason) -> None:
    given(to, CHARGE).when(ask).then(refused(ask, reason))


def test_give_back_is_refused_when_the_account_is_unknown() -> None:
    given(CHARGE).when(line_failed()).then(refused(line_failed(), Reason.ACCOUNT_UNKNOWN))
