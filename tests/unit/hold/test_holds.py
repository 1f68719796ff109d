"""PlaceHold and ReleaseHold."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from services.hold.held import OrderHold, ProductHold
from services.hold.reasons import Reason
from services.hold.state import Account, CreditWallet
from shared.contracts.charges import (
    HoldPlaced,
    HoldRefused,
    HoldReleased,
    PlaceHold,
    ReleaseHold,
    ReleaseRefused,
)
from shared.contracts.hold import MOST_HOLDS
from shared.contracts.message import MOST_VND
from tests.unit.hold.cases import AT, POSTPAID, account, given

HELD = ProductHold("acme", "vcontainer", 0, 300, 300, reserved=300)


def reserve(amount: int, product: str = "vcontainer", since: datetime = AT) -> ProductHold:
    """Held for orders alone, needed since that instant."""
    return ProductHold("acme", product, 0, amount, amount, reserved=amount, closed_until=since)


def place_hold(amount: int = 500, product: str = "vcontainer", order: str = "o-1") -> PlaceHold:
    return PlaceHold(account="acme", order=order, product=product, amount=amount, effective_at=AT)


def placed(ask: PlaceHold) -> HoldPlaced:
    return HoldPlaced(**dict(ask))


def not_placed(ask: PlaceHold, reason: Reason, missing: int = 0) -> HoldRefused:
    return HoldRefused(**dict(ask), missing=missing, reason=reason.value, explanation=reason.sentence)


ORDER = OrderHold("acme", "o-1", "vcontainer", 300)


def release_hold(amount: int = 200, order: str = "o-1", product: str = "vcontainer") -> ReleaseHold:
    return ReleaseHold(account="acme", order=order, product=product, amount=amount, effective_at=AT)


def released(ask: ReleaseHold) -> HoldReleased:
    return HoldReleased(**dict(ask))


def not_released(ask: ReleaseHold, reason: Reason) -> ReleaseRefused:
    return ReleaseRefused(**dict(ask), reason=reason.value, explanation=reason.sentence)


def holding(*holds: ProductHold, total: int = 1_000, transactions: int = 4) -> Account:
    """acme, with that held of its credit."""
    credit = CreditWallet(total, sum(hold.held for hold in holds))
    return account(credit=credit, transactions=transactions, holds=holds)


def test_place_hold_sets_credit_aside_and_moves_none() -> None:
    hold = reserve(500)
    given(holding()).when(place_hold()).then(
        placed(place_hold()),
        now=[holding(hold), hold, OrderHold("acme", "o-1", "vcontainer", 500)],
    )


def test_place_hold_adds_to_what_is_held_for_the_product_and_keeps_products_in_order() -> None:
    other = ProductHold("acme", "snapshot", 3, 4, 7)
    last = ProductHold("acme", "vcr", 0, 1, 1)
    more = replace(HELD, estimate=600, held=600, reserved=600)
    new = reserve(2, "backup")
    given(holding(other, HELD, last)).when(place_hold(300), place_hold(2, "backup")).then(
        placed(place_hold(300)),
        placed(place_hold(2, "backup")),
        now=[
            holding(new, other, more, last),
            *(more, new),
            OrderHold("acme", "o-1", "vcontainer", 300),
            OrderHold("acme", "o-1", "backup", 2),
        ],
    )


def test_place_hold_holds_credit_of_postpaid_accounts_too() -> None:
    hold = reserve(500)
    postpaid = replace(POSTPAID, credit=CreditWallet(500))
    given(postpaid).when(place_hold()).then(
        placed(place_hold()),
        now=[
            replace(postpaid, credit=CreditWallet(500, 500), holds=(hold,)),
            *(hold, OrderHold("acme", "o-1", "vcontainer", 500)),
        ],
    )


def test_place_hold_asked_again_is_answered_alike_and_holds_nothing_more() -> None:
    hold = reserve(500)
    given(holding()).when(place_hold(), place_hold()).then(
        placed(place_hold()),
        placed(place_hold()),
        now=[holding(hold), hold, OrderHold("acme", "o-1", "vcontainer", 500)],
    )


@pytest.mark.parametrize("amount", [0, 499, -1])
def test_place_hold_is_refused_when_the_order_held_otherwise(amount: int) -> None:
    ask = place_hold(amount)
    given(holding(), OrderHold("acme", "o-1", "vcontainer", 500)).when(ask).then(
        not_placed(ask, Reason.HELD_OTHERWISE)
    )


@pytest.mark.parametrize("credit", [CreditWallet(), CreditWallet(5, 9)])
def test_place_hold_of_nothing_is_answered_and_holds_nothing_even_in_debt(credit: CreditWallet) -> None:
    hold = reserve(0)
    given(account(credit=credit)).when(place_hold(0)).then(
        placed(place_hold(0)),
        now=[account(credit=credit, holds=(hold,)), hold, OrderHold("acme", "o-1", "vcontainer", 0)],
    )


def test_place_hold_is_refused_when_the_account_is_unknown() -> None:
    given().when(place_hold()).then(not_placed(place_hold(), Reason.ACCOUNT_UNKNOWN))


def test_place_hold_is_refused_when_the_amount_is_negative() -> None:
    given(holding()).when(place_hold(-1)).then(not_placed(place_hold(-1), Reason.AMOUNT_NEGATIVE))


@pytest.mark.parametrize(
    ("credit", "missing"),
    [(CreditWallet(499), 1), (CreditWallet(900, 600), 200), (CreditWallet(0, MOST_VND), MOST_VND)],
)
def test_place_hold_is_refused_with_what_is_missing_when_credit_is_short(
    credit: CreditWallet, missing: int
) -> None:
    given(account(credit=credit)).when(place_hold()).then(
        not_placed(place_hold(), Reason.CREDIT_SHORT, missing)
    )


def test_place_hold_is_refused_for_one_product_too_many_and_not_for_one_that_is_there() -> None:
    many = tuple(ProductHold("acme", f"p{number:03}") for number in range(MOST_HOLDS))
    more = reserve(5, many[-1].product)
    given(holding(*many)).when(place_hold(5, "q"), place_hold(5, more.product)).then(
        not_placed(place_hold(5, "q"), Reason.HOLDS_TOO_MANY),
        placed(place_hold(5, more.product)),
        now=[holding(*many[:-1], more), more, OrderHold("acme", "o-1", more.product, 5)],
    )


def test_place_hold_is_refused_in_debt_with_the_debt_among_what_is_missing() -> None:
    owing = ProductHold("acme", "vcontainer", 70, 300, 250)
    given(holding(owing, total=250)).when(place_hold()).then(
        not_placed(place_hold(), Reason.CREDIT_SHORT, 500 + 120)
    )


def test_release_hold_makes_credit_available_again() -> None:
    less = replace(HELD, estimate=100, held=100, reserved=100)
    given(holding(HELD), ORDER).when(release_hold()).then(
        released(release_hold()), now=[holding(less), less, replace(ORDER, released=200)]
    )


def test_release_hold_lets_all_go_and_the_product_stays_listed_with_nothing_held() -> None:
    nothing = ProductHold("acme", "vcontainer")
    given(holding(HELD), ORDER).when(release_hold(300)).then(
        released(release_hold(300)), now=[holding(nothing), nothing, replace(ORDER, released=300)]
    )


def test_release_hold_keeps_the_use_so_far_held() -> None:
    used = ProductHold("acme", "vcontainer", 70, 300, 370, reserved=300)
    rest = ProductHold("acme", "vcontainer", 70, 0, 70)
    given(holding(used), ORDER).when(release_hold(300)).then(
        released(release_hold(300)), now=[holding(rest), rest, replace(ORDER, released=300)]
    )


def test_release_hold_lets_go_of_the_debt_first() -> None:
    owing = ProductHold("acme", "vcontainer", 70, 300, 250, reserved=300)
    fewer = replace(owing, estimate=200, reserved=200)
    none = replace(owing, estimate=100, reserved=100, held=170)
    assert (owing.debt, fewer.debt, none.debt) == (120, 20, 0)
    given(holding(owing, total=250), ORDER).when(release_hold(100)).then(
        released(release_hold(100)), now=[holding(fewer, total=250), fewer, replace(ORDER, released=100)]
    )
    given(holding(fewer, total=250), ORDER).when(release_hold(100)).then(
        released(release_hold(100)), now=[holding(none, total=250), none, replace(ORDER, released=100)]
    )


def test_release_hold_gives_what_becomes_free_to_a_product_that_is_short_of_it() -> None:
    owing = ProductHold("acme", "snapshot", 0, 150, 50)
    less = replace(HELD, estimate=100, held=100, reserved=100)
    fed = replace(owing, held=150)
    given(holding(owing, HELD, total=350), ORDER).when(release_hold()).then(
        released(release_hold()),
        now=[holding(fed, less, total=350), fed, less, replace(ORDER, released=200)],
    )


def test_release_hold_lets_go_of_no_more_than_the_order_held_and_no_resource_has_taken() -> None:
    order_hold = OrderHold("acme", "o-1", "vcontainer", 300, 50, 100)
    less = replace(HELD, estimate=150, held=150, reserved=150)
    given(holding(HELD), order_hold).when(release_hold(150), release_hold(1)).then(
        released(release_hold(150)),
        not_released(release_hold(1), Reason.MORE_THAN_HELD),
        now=[holding(less), less, replace(order_hold, released=200)],
    )


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (release_hold(0), Reason.AMOUNT_NOT_POSITIVE),
        (release_hold(-1), Reason.AMOUNT_NOT_POSITIVE),
        (release_hold(product="snapshot"), Reason.HOLD_UNKNOWN),
        (release_hold(order="o-2"), Reason.HOLD_UNKNOWN),
        (release_hold(301), Reason.MORE_THAN_HELD),
    ],
)
def test_release_hold_is_refused_with_its_reason(ask: ReleaseHold, reason: Reason) -> None:
    given(holding(HELD), ORDER).when(ask).then(not_released(ask, reason))


def test_release_hold_is_refused_when_the_account_is_unknown() -> None:
    given(ORDER).when(release_hold()).then(not_released(release_hold(), Reason.ACCOUNT_UNKNOWN))
