"""Orders of which some is paid from outside: credit is set aside meanwhile, and the charge takes both or nothing."""

from __future__ import annotations

import pytest

from services.hold.held import ProductHold
from services.hold.reserve import Reserve
from services.hold.state import Charge, CreditWallet, Deposit, Entry, Transaction
from shared.contracts.charges import Charged, ChargeRefused, PlaceCharge
from shared.contracts.message import MOST_VND
from shared.contracts.reserving import (
    CreditReserved,
    FreeRefused,
    FreeReserve,
    PlacePayment,
    ReserveCredit,
    ReserveFreed,
    ReserveRefused,
)
from tests.support.spec import cause_id
from tests.unit.hold.cases import AT, account, given

RESERVE = ReserveCredit(account="acme", order="o-1", amount=700, effective_at=AT)
RESERVED = CreditReserved(account="acme", order="o-1", amount=700, reserved=200, effective_at=AT)
FREE = FreeReserve(account="acme", order="o-1", effective_at=AT)
PAY = PlacePayment(
    account="acme", order="o-1", amount=700, received=500, reference="momo:o-1", effective_at=AT
)
CHARGED = Charged(account="acme", order="o-1", wallet="credit", amount=700, effective_at=AT)
KEPT = Reserve("acme", "o-1", 700, 200, 200)
SPENT = Reserve("acme", "o-1", 700, 200, 0)


def refused(reason: str, explanation: str, missing: int = 0, **changes: object) -> ChargeRefused:
    why = {"reason": reason, "explanation": explanation, "missing": missing}
    return ChargeRefused.model_validate(dict(PAY.as_charge()) | changes | why)


def test_what_is_available_is_set_aside_and_held() -> None:
    given(account(credit=CreditWallet(300, 100))).when(RESERVE).then(
        RESERVED, now=[account(credit=CreditWallet(300, 300)), KEPT]
    )


def test_no_more_is_set_aside_than_is_asked() -> None:
    given(account(credit=CreditWallet(1000))).when(RESERVE).then(
        RESERVED.model_copy(update={"reserved": 700}),
        now=[account(credit=CreditWallet(1000, 700)), Reserve("acme", "o-1", 700, 700, 700)],
    )


def test_setting_nothing_aside_tells_that_the_account_is_there() -> None:
    nothing = {"amount": 0}
    given(account(credit=CreditWallet(1000))).when(RESERVE.model_copy(update=nothing)).then(
        RESERVED.model_copy(update=nothing | {"reserved": 0}), now=[Reserve("acme", "o-1", 0, 0, 0)]
    )


@pytest.mark.parametrize("before", [KEPT, SPENT])
def test_setting_aside_again_is_answered_alike_and_holds_nothing_more(before: Reserve) -> None:
    given(account(credit=CreditWallet(900, 200)), before).when(RESERVE).then(RESERVED)


def test_setting_aside_is_refused_for_no_account_and_for_less_than_nothing() -> None:
    why = {"reason": "account_unknown", "explanation": "There is no such account."}
    given().when(RESERVE).then(ReserveRefused.model_validate(dict(RESERVE) | why))
    ask = RESERVE.model_copy(update={"amount": -1})
    why = {"reason": "amount_negative", "explanation": "The amount must not be below 0 VND."}
    given(account()).when(ask).then(ReserveRefused.model_validate(dict(ask) | why))


def test_what_is_let_go_is_available_again() -> None:
    given(account(credit=CreditWallet(300, 200)), KEPT).when(FREE).then(
        ReserveFreed(account="acme", order="o-1", freed=200, effective_at=AT),
        now=[account(credit=CreditWallet(300)), SPENT],
    )


def test_what_is_let_go_is_held_first_for_what_is_short_of_it() -> None:
    short = ProductHold("acme", "vcontainer", actual=0, estimate=150)
    given(account(credit=CreditWallet(300, 300), holds=(short.holding(100),)), KEPT).when(FREE).then(
        ReserveFreed(account="acme", order="o-1", freed=200, effective_at=AT),
        now=[
            account(credit=CreditWallet(300, 150), holds=(short.holding(150),)),
            short.holding(150),
            SPENT,
        ],
    )


@pytest.mark.parametrize("before", [(), (SPENT,)])
def test_letting_go_of_nothing_changes_nothing(before: tuple[Reserve, ...]) -> None:
    freed = ReserveFreed(account="acme", order="o-1", freed=0, effective_at=AT)
    given(account(), *before).when(FREE).then(freed)


def test_letting_go_is_refused_for_no_account() -> None:
    why = {"reason": "account_unknown", "explanation": "There is no such account."}
    given().when(FREE).then(FreeRefused.model_validate(dict(FREE) | why))


def test_a_payment_and_what_is_set_aside_pay_an_order_whole() -> None:
    deposit = (Entry("credit", 500, 700), Entry("bank", -500))
    charge = (Entry("credit", -700, 0), Entry("sales", 700))
    given(account(credit=CreditWallet(200, 200)), KEPT).when(PAY).then(
        CHARGED,
        now=[
            account(credit=CreditWallet(0), transactions=2),
            Charge("acme", "o-1", "credit", 700),
            SPENT,
            Deposit("acme", "momo:o-1"),
        ],
        adds=[
            Transaction("acme", 1, "deposit", cause_id(1), AT, deposit, "momo:o-1"),
            Transaction("acme", 2, "charge", cause_id(1), AT, charge, "o-1"),
        ],
    )


def test_what_is_set_aside_alone_can_pay_an_order() -> None:
    enough = Reserve("acme", "o-1", 700, 700, 700)
    ask = PAY.model_copy(update={"received": 0})
    charge = (Entry("credit", -700, 300), Entry("sales", 700))
    given(account(credit=CreditWallet(1000, 700)), enough).when(ask).then(
        CHARGED,
        now=[
            account(credit=CreditWallet(300), transactions=1),
            Charge("acme", "o-1", "credit", 700),
            enough.emptied(),
        ],
        adds=[Transaction("acme", 1, "charge", cause_id(1), AT, charge, "o-1")],
    )


def test_a_payment_of_all_needs_nothing_set_aside_and_leaves_a_debt_as_it_is() -> None:
    short = ProductHold("acme", "vcontainer", actual=0, estimate=150)
    ask = PAY.model_copy(update={"received": 700})
    given(account(holds=(short,))).when(ask).then(
        CHARGED,
        now=[
            account(credit=CreditWallet(0), transactions=2, holds=(short,)),
            Charge("acme", "o-1", "credit", 700),
            Deposit("acme", "momo:o-1"),
        ],
        adds=[
            Transaction(
                "acme",
                1,
                "deposit",
                cause_id(1),
                AT,
                (Entry("credit", 700, 700), Entry("bank", -700)),
                "momo:o-1",
            ),
            Transaction(
                "acme", 2, "charge", cause_id(1), AT, (Entry("credit", -700, 0), Entry("sales", 700)), "o-1"
            ),
        ],
    )


def test_a_payment_placed_again_is_answered_alike_and_moves_nothing() -> None:
    given(account(), Charge("acme", "o-1", "credit", 700)).when(PAY).then(CHARGED)


def test_a_payment_is_refused_for_no_account_or_another_charge() -> None:
    given().when(PAY).then(refused("account_unknown", "There is no such account."))
    other = "The order was charged already, another amount or another wallet."
    given(account(), Charge("acme", "o-1", "credit", 800)).when(PAY).then(refused("charged_otherwise", other))


@pytest.mark.parametrize("changes", [{"amount": 0}, {"received": -1}])
def test_a_payment_of_nothing_is_refused(changes: dict[str, int]) -> None:
    ask = PAY.model_copy(update=changes)
    amount = PlaceCharge.model_validate(dict(ask.as_charge())).amount
    given(account()).when(ask).then(
        refused("amount_not_positive", "The amount must be more than 0 VND.", amount=amount)
    )


def test_a_payment_is_refused_when_its_reference_is_none_or_was_counted() -> None:
    ask = PAY.model_copy(update={"reference": " "})
    none = "A reference is at most 100 printable characters, with no space around them."
    given(account()).when(ask).then(refused("reference_invalid", none))
    used = "The payment with this reference was counted already."
    given(account(), Deposit("acme", "momo:o-1")).when(PAY).then(refused("reference_used", used))


def test_a_payment_is_refused_when_the_wallet_would_hold_too_much() -> None:
    full = f"A wallet holds at most {MOST_VND} VND."
    given(account(credit=CreditWallet(MOST_VND))).when(PAY).then(refused("balance_too_large", full))


def test_a_payment_is_refused_when_it_and_what_is_set_aside_are_too_little() -> None:
    """Credit that is available, and was not set aside, pays for nothing here."""
    short = "Less credit is available than that."
    given(account(credit=CreditWallet(1000))).when(PAY).then(refused("credit_short", short, 200))
