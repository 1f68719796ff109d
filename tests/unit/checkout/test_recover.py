"""Recover: out of the trash, priced like a new purchase, from now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.checkout.pricing import Thing, metered_for
from services.checkout.reasons import REFUSALS, Reason
from services.checkout.state import Item
from shared.contracts.checkout import Pay, Recover
from shared.contracts.parts import Metered, Part
from shared.engine.decision import Entity
from tests.unit.checkout.instants import DAY, MONTH, TODAY
from tests.unit.checkout.standing import (
    NODE,
    ON_POC,
    PRICES,
    SERVER,
    TRASHED,
    given,
    known,
    line,
    month_of,
    ordered,
    refused,
)

EXPIRED = replace(TRASHED, billing="poc", status="expired")


def recover(**said: Any) -> Recover:
    return Recover.model_validate(
        {"account": "acme", "resource": "srv-1", "months": 1, "pay": "credit"} | said
    )


@pytest.mark.parametrize("item", [TRASHED, EXPIRED, replace(TRASHED, billing="poc")])
def test_what_is_in_the_trash_is_bought_anew_from_now_on_with_real_money(item: Item) -> None:
    says, now = ordered("recover", (item, month_of(TODAY)))
    given(item, *PRICES).when(recover()).then(*says, now=now)


def test_a_recovery_costs_what_stands_now_for_as_many_months_as_asked() -> None:
    item = replace(TRASHED, flavor="on-sale")
    sale = Part(flavor="on-sale", vnd=100_000, amount=200_000, discount_percent=10, discount=20_000)
    says, now = ordered("recover", (item, line(TODAY, TODAY + 2 * MONTH, sale)))
    given(item, *PRICES).when(recover(months=2)).then(*says, now=now)


@pytest.mark.parametrize(
    "item",
    [
        SERVER,
        ON_POC,
        replace(TRASHED, status="released"),
        replace(TRASHED, trash_until=TODAY),
        replace(TRASHED, trash_until=None),
        replace(NODE, resource="srv-1", status="trash", trash_until=TODAY + MONTH),
    ],
)
def test_what_is_not_in_the_trash_or_no_longer_cannot_be_recovered(item: Item) -> None:
    given(item, *PRICES).when(recover()).then(refused(recover(), "recover", Reason.NOT_RECOVERABLE))


STOPPED = replace(NODE, status="suspended", trash_until=TODAY + 15 * DAY)


def test_what_was_stopped_for_debt_is_held_for_anew_at_the_price_of_now() -> None:
    metered = metered_for(Thing("node-1", "k8s_node", "n-2x4", 2), known(*PRICES), TODAY)
    assert isinstance(metered, Metered)
    assert metered.estimate == 60_000
    says, now = ordered("recover", (STOPPED, metered), pay="hold")
    given(STOPPED, *PRICES).when(recover(resource="node-1", pay="hold")).then(*says, now=now)


@pytest.mark.parametrize("item", [replace(STOPPED, trash_until=TODAY), replace(NODE, status="active")])
def test_what_runs_or_is_over_is_not_started_again(item: Item) -> None:
    ask = recover(resource="node-1", pay="hold")
    given(item, *PRICES).when(ask).then(refused(ask, "recover", Reason.NOT_RECOVERABLE))


@pytest.mark.parametrize("pay", ["poc", "hold"])
@pytest.mark.parametrize("item", [TRASHED, EXPIRED])
def test_a_recovery_is_paid_with_real_money_only(item: Item, pay: Pay) -> None:
    ask = recover(pay=pay)
    given(item, *PRICES).when(ask).then(refused(ask, "recover", Reason.PAY_BY_CREDIT))


BUSY = replace(SERVER, account="other", open_order="o-1")
# More than a gateway takes.
MANY = replace(TRASHED, quantity=300)
# Wrong in every way that can be wrong together from this reason on.
WRONG_FROM_HERE_ON: list[tuple[list[Entity], Recover, Reason]] = [
    ([], recover(pay="none"), Reason.RESOURCE_UNKNOWN),
    ([BUSY], recover(pay="none"), Reason.NOT_OWNER),
    ([replace(BUSY, account="acme")], recover(pay="none"), Reason.PAY_NOT_AVAILABLE),
    ([replace(BUSY, account="acme")], recover(pay="poc"), Reason.RESOURCE_BUSY),
    ([SERVER], recover(pay="poc"), Reason.NOT_RECOVERABLE),
    ([STOPPED], recover(resource="node-1", pay="poc"), Reason.PAY_BY_HOLD),
    ([TRASHED], recover(pay="poc"), Reason.PAY_BY_CREDIT),
    ([TRASHED], recover(), Reason.PRICE_UNKNOWN),
    ([replace(TRASHED, flavor="dear", quantity=9), *PRICES], recover(), Reason.AMOUNT_TOO_LARGE),
    ([MANY, *PRICES], recover(pay="gateway"), Reason.GATEWAY_UNKNOWN),
    ([MANY, *PRICES], recover(pay="on_behalf", gateway="momo"), Reason.PAYER_MISSING),
    ([MANY, *PRICES], recover(pay="gateway", gateway="momo"), Reason.AMOUNT_NOT_PAYABLE),
]


@pytest.mark.parametrize(("known", "ask", "reason"), WRONG_FROM_HERE_ON, ids=lambda each: str(each)[:30])
def test_a_recovery_is_refused_for_the_first_reason_that_applies(
    known: list[Entity], ask: Recover, reason: Reason
) -> None:
    given(*known).when(ask).then(refused(ask, "recover", reason))


def test_a_recovery_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in WRONG_FROM_HERE_ON) == REFUSALS[Recover]
