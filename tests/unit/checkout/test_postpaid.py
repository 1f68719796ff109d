"""Accounts that pay by the month: what they buy, resize or recover is metered, whatever it is, and nothing is paid now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from services.checkout.pricing import Thing, metered_for
from services.checkout.reasons import Reason
from services.checkout.state import Account, Coupon, Item
from shared.contracts.checkout import Buy, Recover, Renew, Resize, StopPoc
from shared.contracts.parts import Kind, Metered, PartPrice
from shared.contracts.resources import CreateResource, RecoverResource, ResizeResource
from tests.unit.checkout.instants import AT, DAY, TODAY
from tests.unit.checkout.standing import NODE, ORDER, PRICES, SERVER, given, known, ordered, refused

BY_MONTH: Final = Account("acme", "postpaid")
ITS: Final[dict[str, Any]] = {"account": "acme", "order": ORDER, "effective_at": AT}
STANDS: Final = replace(SERVER, billing="postpaid", until=None, terms=())


def metered(flavor: str = "s-1x1", kind: Kind = "server", quantity: int = 1) -> Metered:
    found = metered_for(Thing("srv-1", kind, flavor, quantity), known(*PRICES), AT, held=False)
    assert isinstance(found, Metered)
    return found


def buy(**said: Any) -> Buy:
    item = {"resource": "srv-1", "kind": "server", "flavor": "s-1x1", "cluster": "k1"}
    return Buy.model_validate({"account": "acme", "items": [item], "pay": "credit"} | said)


@pytest.mark.parametrize("pay", ["credit", "hold", "gateway", "top_up", "none"])
def test_what_is_bought_is_metered_from_its_creation_and_nothing_is_charged(pay: str) -> None:
    new = replace(Item("srv-1", "acme", "server", "s-1x1", 1, "k1"), billing="postpaid", status="creating")
    create = CreateResource(
        **ITS, resource="srv-1", cluster="k1", kind="server", flavor="s-1x1", quantity=1, billing="postpaid",
        metered=metered(),
    )  # fmt: skip
    ask = buy(pay=pay)
    assert metered().estimate == 0
    says, now = ordered("buy", (new, metered()), pay="postpaid", asks=[create])
    case = given(BY_MONTH, *PRICES).when(ask)
    assert [type(each) for each in case.decisions[0].says] == [type(each) for each in says]
    assert case.decisions[0].says[-1] == create
    assert now


def test_each_part_and_its_discount_is_told_so_that_it_is_rounded_by_itself() -> None:
    found = metered("on-sale+boot-20")
    assert found.vnd == 120_000
    assert found.parts == [
        PartPrice(flavor="on-sale", vnd=100_000, discount_percent=10),
        PartPrice(flavor="boot-20", vnd=20_000),
    ]
    assert metered().parts == []


def test_what_is_held_for_is_estimated_part_by_part_less_its_discount() -> None:
    prices = known(replace(PRICES[5], versions=(PRICES[5].versions[0]._replace(discount=10),)))
    found = metered_for(Thing("node-1", "k8s_node", "n-2x4", 2), prices, AT)
    assert isinstance(found, Metered)
    assert found.estimate == 54_000


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (buy(pay="poc"), Reason.ACCOUNT_POSTPAID),
        (buy(coupon="SAVE"), Reason.COUPON_NOT_FOR_THIS),
    ],
)
def test_it_has_neither_poc_nor_coupons(ask: Buy, reason: Reason) -> None:
    answer = refused(ask, "buy", reason).model_copy(update={"subject": ask.key})
    given(BY_MONTH, Coupon("SAVE", 1), *PRICES).when(ask).then(answer)


def test_there_is_nothing_to_renew_and_no_poc_to_stop() -> None:
    renew = Renew(account="acme", resources=["srv-1"], months=1, pay="credit")
    given(BY_MONTH, STANDS, *PRICES).when(renew).then(refused(renew, "renew", Reason.NOT_RENEWABLE))
    stop = StopPoc(account="acme", resources=["srv-1"], pay="credit")
    given(BY_MONTH, STANDS, *PRICES).when(stop).then(refused(stop, "stop_poc", Reason.ALREADY_STOPPED))


def test_a_resize_is_metered_at_its_new_size_from_now_on() -> None:
    ask = Resize(account="acme", resource="srv-1", flavor="s-2x4", pay="credit")
    case = given(BY_MONTH, STANDS, *PRICES).when(ask)
    assert case.decisions[0].says[-1] == ResizeResource(**ITS, resource="srv-1", metered=metered("s-2x4"))


def test_what_is_in_the_trash_comes_back_metered() -> None:
    trashed = replace(STANDS, status="trash", trash_until=TODAY + DAY)
    ask = Recover(account="acme", resource="srv-1", pay="credit")
    case = given(BY_MONTH, trashed, *PRICES).when(ask)
    assert case.decisions[0].says[-1] == RecoverResource(**ITS, resource="srv-1", metered=metered())


def test_an_account_that_pays_at_once_is_not_let_off() -> None:
    ask = Buy.model_validate(dict(buy()) | {"items": [buy().items[0].model_copy(update={"months": 1})]})
    case = given(Account("acme", "prepaid"), *PRICES).when(ask)
    assert case.decisions[0].says[-1].type == "billing.hold.PlaceCharge.v1"
    assert NODE.is_metered
