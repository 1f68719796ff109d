"""CancelOrder: an order that is not paid is abandoned, and everything is as before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.checkout.reasons import REFUSALS, Reason
from services.checkout.state import Coupon, Item, Order, OrderLine
from shared.contracts.charges import Charged, GiveBack
from shared.contracts.checkout import CancelOrder, Renew, Resize
from shared.contracts.message import Message
from shared.contracts.orders import OrderCancelled, OrderCancelRefused, OrderStatus
from shared.engine.decision import Entity
from tests.unit.checkout.instants import AT
from tests.unit.checkout.standing import ENDS, ORDER, PRICES, SERVER, given, month_of, ordered

CANCEL = CancelOrder(account="acme", order=ORDER)
RENEW = Renew(account="acme", resources=["srv-1"], months=1, coupon="SAVE", pay="credit")
SAVE = Coupon("SAVE", 1_000, uses=1)
LINE = month_of(ENDS, coupon=1_000)
PLACED = ordered("renew", (SERVER, LINE), coupon="SAVE")


(ORDERED,) = [entity for entity in PLACED.now if isinstance(entity, Order)]
(LINED,) = [entity for entity in PLACED.now if isinstance(entity, OrderLine)]
GONE = ORDERED.having(status="cancelled", failed=1)
ABANDONED: Message = OrderCancelled(
    order=ORDER,
    subject="srv-1",
    account="acme",
    action="renew",
    pay="credit",
    total=180_000,
    reason="abandoned",
    explanation="The customer abandoned the order.",
    missing=0,
    effective_at=AT,
)


def refused(reason: Reason, account: str = "acme") -> OrderCancelRefused:
    return OrderCancelRefused(
        order=ORDER, account=account, reason=reason.value, explanation=reason.sentence, effective_at=AT
    )


def test_an_abandoned_order_frees_its_resources_and_returns_its_coupon() -> None:
    given(SERVER, SAVE, *PRICES).when(RENEW, CANCEL).then(
        *PLACED.says, ABANDONED, now=[GONE, LINED.ended("failed", "abandoned"), SERVER, SAVE]
    )


def test_after_an_abandoned_order_another_can_be_placed_and_use_the_coupon() -> None:
    case = given(SERVER, SAVE, *PRICES).when(RENEW, CANCEL, RENEW)
    assert [message.type.split(".")[2] for message in case.decisions[-1].says] == [
        "OrderPlaced",
        "PlaceCharge",
    ]


def test_a_payment_that_arrives_for_an_abandoned_order_is_given_back_once() -> None:
    charged = Charged(account="acme", order=ORDER, wallet="credit", amount=180_000, effective_at=AT)
    back = GiveBack(
        account="acme", wallet="credit", amount=180_000, why="order_cancelled", order=ORDER, effective_at=AT
    )
    case = given(SERVER, SAVE, *PRICES).when(RENEW, CANCEL, charged, charged)
    assert [message for decision in case.decisions[2:] for message in decision.says] == [back]
    assert case.known.get(Item, "srv-1") == SERVER


def test_an_order_abandoned_twice_is_cancelled_once() -> None:
    case = given(SERVER, SAVE, *PRICES).when(RENEW, CANCEL, CANCEL)
    assert case.decisions[-1].says == (refused(Reason.ORDER_ENDED),)
    assert case.known.get(Coupon, "SAVE") == SAVE


def test_an_order_that_costs_nothing_is_paid_when_it_is_placed_and_cannot_be_abandoned() -> None:
    ask = Resize(account="acme", resource="srv-1", flavor="boot-20", pay="credit")
    case = given(SERVER, *PRICES).when(ask, CANCEL)
    assert case.decisions[-1].says == (refused(Reason.ORDER_PAID),)


def with_status(status: OrderStatus, account: str = "acme") -> Entity:
    return replace(ORDERED, status=status, account=account)


REFUSED: list[tuple[list[Entity], Reason]] = [
    ([], Reason.ORDER_UNKNOWN),
    ([with_status("completed", "other")], Reason.NOT_OWNER),
    ([with_status("provisioning")], Reason.ORDER_PAID),
    ([with_status("cancelled")], Reason.ORDER_ENDED),
]


@pytest.mark.parametrize(("known", "reason"), REFUSED)
def test_an_order_is_not_abandoned_for_the_first_reason_that_applies(
    known: list[Entity], reason: Reason
) -> None:
    given(*known).when(CANCEL).then(refused(reason))


@pytest.mark.parametrize("status", ["completed", "partly_completed", "cancelled"])
def test_an_order_that_has_ended_cannot_be_abandoned(status: OrderStatus) -> None:
    given(with_status(status)).when(CANCEL).then(refused(Reason.ORDER_ENDED))


def test_an_order_is_not_abandoned_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in REFUSED) == REFUSALS[CancelOrder]
