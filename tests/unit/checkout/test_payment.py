"""What hold answers: Charged, ChargeRefused, HoldPlaced, HoldRefused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from services.checkout.state import Coupon, Held, Item, Order, OrderLine
from shared.contracts.charges import (
    Charged,
    ChargeRefused,
    GiveBack,
    HoldPlaced,
    HoldRefused,
    ReleaseHold,
)
from shared.contracts.message import Message
from shared.contracts.orders import OrderCancelled, OrderPaid
from shared.contracts.parts import Metered
from shared.contracts.resources import (
    ConvertCluster,
    ConvertResource,
    CreateResource,
    RecoverResource,
    RenewResource,
    ResizeResource,
)
from shared.engine.decision import Entity
from tests.unit.checkout.instants import AT, TODAY
from tests.unit.checkout.standing import NODE, ON_POC, SERVER, given, month_of

ABOUT: Final[dict[str, Any]] = {"account": "acme", "order": "o-1", "effective_at": AT}
LINE: Final = month_of(TODAY)
ITEM: Final = ON_POC.claimed("o-1", 1)
OF_NODE: Final = Metered(
    resource="node-1", kind="k8s_node", flavor="n-2x4", quantity=2, vnd=300_000, per="30d", estimate=60_000
)


def order(action: Any = "stop_poc", pay: Any = "credit", **more: Any) -> Order:
    whole = {"cluster": "k1"} | more
    return Order("o-1", "k1", "acme", action, pay, "awaiting_payment", 181_000, 1, AT, **whole)


def order_line(item: Item = ON_POC, **more: Any) -> OrderLine:
    whole = {"line": LINE, "cluster": "k1", "auto_renew": True, "months": 3} | more
    return OrderLine("o-1", 1, item.resource, item.kind, item.flavor, item.quantity, **whole)


def charged(wallet: Any = "credit", amount: int = 181_000) -> Charged:
    return Charged(wallet=wallet, amount=amount, **ABOUT)


def charge_refused(wallet: Any = "credit") -> ChargeRefused:
    return ChargeRefused(
        wallet=wallet, amount=181_000, missing=81_000, reason="credit_short", explanation="Short.", **ABOUT
    )


def paid(of: Order) -> OrderPaid:
    return OrderPaid(subject=of.subject, action=of.action, pay=of.pay, total=of.total, **ABOUT)


def cancelled(of: Order) -> OrderCancelled:
    return OrderCancelled(
        subject=of.subject, action=of.action, pay=of.pay, total=of.total, reason="credit_short", explanation="Short.",
        missing=81_000, **ABOUT,
    )  # fmt: skip


SRV: Final[dict[str, Any]] = {"resource": "srv-1", "line": LINE}
FLAVORED: Final[dict[str, Any]] = {"kind": "server", "flavor": "s-1x1", "quantity": 1, "cluster": "k1"}
RENEWS: Final[dict[str, Any]] = {"auto_renew": True, "months": 3}
ASKED: Final[list[tuple[Any, Any, Message]]] = [
    ("stop_poc", "credit", ConvertResource(**SRV, **RENEWS, **ABOUT)),
    ("buy", "credit", CreateResource(**SRV, **FLAVORED, **RENEWS, billing="prepaid", **ABOUT)),
    ("buy", "poc", CreateResource(**SRV, **FLAVORED, **RENEWS, billing="poc", **ABOUT)),
    ("renew", "credit", RenewResource(**SRV, **ABOUT)),
    ("renew", "poc", RenewResource(**SRV, **ABOUT)),
    ("resize", "credit", ResizeResource(**SRV, **ABOUT)),
    ("recover", "credit", RecoverResource(**SRV, **ABOUT)),
]


@pytest.mark.parametrize(("action", "pay", "asked"), ASKED)
def test_an_order_that_is_paid_late_is_done_as_of_its_own_instant(
    action: Any, pay: Any, asked: Message
) -> None:
    before, later = order(action, pay), AT + timedelta(days=3)
    answer = charged("poc" if pay == "poc" else "credit")
    given(before, order_line(), ITEM).when(answer, at=later).then(
        paid(before).model_copy(update={"effective_at": later}),
        asked,
        now=[before.having(status="provisioning", received=181_000)],
    )


@pytest.mark.parametrize(("action", "pay", "asked"), ASKED)
def test_an_order_that_is_charged_is_done_and_charged_once(action: Any, pay: Any, asked: Message) -> None:
    before = order(action, pay)
    answer = charged("poc" if pay == "poc" else "credit")
    given(before, order_line(), ITEM).when(answer, answer).then(
        paid(before), asked, now=[before.having(status="provisioning", received=181_000)]
    )


HOLDS: Final = (Held("vcontainer", 60_000), Held("snapshot", 5))


def held(product: str = "vcontainer", amount: int = 60_000) -> HoldPlaced:
    return HoldPlaced(product=product, amount=amount, **ABOUT)


def test_a_metered_cluster_is_converted_by_one_command() -> None:
    before = order(pay="hold", holds=HOLDS[:1])
    asked = ConvertCluster(cluster="k1", metered=[OF_NODE], **ABOUT)
    given(before, order_line(NODE, line=None, metered=OF_NODE)).when(held(), held()).then(
        paid(before), asked,
        now=[before.having(status="provisioning", holds=(Held("vcontainer", 60_000, placed=True),))],
    )  # fmt: skip


def test_an_order_is_done_when_all_its_products_are_held() -> None:
    before = order("buy", "hold", holds=HOLDS)
    line = order_line(NODE, line=None, metered=OF_NODE)
    case = given(before, line).when(held())
    half = before.having(holds=(HOLDS[0]._replace(placed=True), HOLDS[1]))
    case.then(now=[half])
    create = CreateResource(
        resource="node-1", kind="k8s_node", flavor="n-2x4", quantity=2, cluster="k1", billing="hold", metered=OF_NODE,
        **RENEWS, **ABOUT,
    )  # fmt: skip
    whole = half.having(status="provisioning", holds=tuple(hold._replace(placed=True) for hold in HOLDS))
    case.when(held("snapshot", 5)).then(paid(before), create, now=[whole])


COUPON: Final = Coupon("SAVE", 1, used=3)


def test_an_order_that_cannot_be_charged_leaves_everything_as_it_was() -> None:
    before = order(coupon="SAVE")
    given(before, order_line(), ITEM, COUPON).when(charge_refused(), charge_refused()).then(
        cancelled(before),
        now=[
            before.having(status="cancelled", failed=1), order_line().ended("failed", "credit_short"),
            ON_POC, COUPON.returned(),
        ],
    )  # fmt: skip


def test_what_was_bought_and_not_paid_never_came_to_be() -> None:
    before = order("buy")
    new = replace(SERVER, version=0, status="creating")
    given(before, order_line(), new.claimed("o-1", 1)).when(charge_refused()).then(
        cancelled(before),
        now=[
            before.having(status="cancelled", failed=1), order_line().ended("failed", "credit_short"),
            replace(new, status="released"),
        ],
    )  # fmt: skip


def test_an_order_of_which_one_product_cannot_be_held_lets_go_of_the_others() -> None:
    placed = (HOLDS[0]._replace(placed=True), HOLDS[1])
    before = order("buy", "hold", holds=placed)
    line = order_line(NODE, line=None, metered=OF_NODE)
    answer = HoldRefused(
        product="snapshot", amount=5, missing=81_000, reason="credit_short", explanation="Short.", **ABOUT
    )
    release = ReleaseHold(product="vcontainer", amount=60_000, **ABOUT)
    given(before, line, NODE.claimed("o-1", 1)).when(answer, answer).then(
        cancelled(before), release,
        now=[before.having(status="cancelled", failed=1), line.ended("failed", "credit_short"), NODE],
    )  # fmt: skip


@pytest.mark.parametrize(("pay", "wallet"), [("credit", "credit"), ("poc", "poc")])
def test_money_for_an_order_called_off_meanwhile_is_given_back_once(pay: Any, wallet: Any) -> None:
    ended = replace(order(pay=pay), status="cancelled", failed=1)
    back = GiveBack(wallet=wallet, amount=181_000, why="order_cancelled", **ABOUT)
    given(ended).when(charged(wallet), charged(wallet)).then(
        back, now=[ended.having(received=181_000, given_back=181_000)]
    )


def test_what_is_held_for_an_order_called_off_meanwhile_is_let_go_once() -> None:
    ended = replace(order(pay="hold", holds=HOLDS[:1]), status="cancelled", failed=1)
    release = ReleaseHold(product="vcontainer", amount=60_000, **ABOUT)
    given(ended).when(held(), held()).then(
        release, now=[ended.having(holds=(HOLDS[0]._replace(placed=True),))]
    )


PROVISIONING: Final = replace(order(), status="provisioning")
NOTHING: Final[list[tuple[Sequence[Entity], Message]]] = [
    ([], charged()),
    ([], charge_refused()),
    ([], held()),
    ([], HoldRefused(product="x", amount=5, missing=0, reason="r", explanation="E.", **ABOUT)),
    ([PROVISIONING], charged()),
    ([PROVISIONING], charge_refused()),
    ([order(pay="hold", holds=HOLDS)], charged()),
    ([order(pay="hold", holds=HOLDS)], charge_refused()),
    ([order(pay="hold", holds=HOLDS)], held("vdb")),
    ([order()], held()),
    (
        [order()],
        HoldRefused(product="vcontainer", amount=5, missing=0, reason="r", explanation="E.", **ABOUT),
    ),
]


@pytest.mark.parametrize(("known", "answer"), NOTHING)
def test_an_answer_nobody_waits_for_changes_nothing(known: Sequence[Entity], answer: Message) -> None:
    given(*known).when(answer).then()


def test_an_order_whose_lines_are_not_all_known_is_the_engines_fault() -> None:
    with pytest.raises(AssertionError, match="0 of 1 lines of order o-1 are known"):
        given(order()).when(charged())
