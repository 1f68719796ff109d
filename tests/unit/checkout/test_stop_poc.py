"""StopPoc."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any, Final

import pytest

from services.checkout.pricing import Thing, metered_for
from services.checkout.reasons import REFUSALS, Reason
from services.checkout.state import Cluster, Coupon, Held, Item, Members, Order, OrderLine
from shared.contracts.charges import HoldPlaced, PlaceCharge, PlaceHold
from shared.contracts.checkout import StopPoc
from shared.contracts.orders import Failure, OrderPaid, OrderPlaced, PocStopped
from shared.contracts.parts import Line, Metered, Part
from shared.contracts.resources import ClearCluster, ConvertResource, ExpireResource
from shared.engine.decision import Entity, Known
from tests.unit.checkout.instants import AT, MONTH, TODAY
from tests.unit.checkout.standing import NODE, ON_POC, ORDER, PRICES, given, line, month_of, refused

K1: Final = Cluster("k1", "acme", poc=True, version=4)
SRV_1: Final = ON_POC
SRV_2: Final = replace(ON_POC, resource="srv-2", flavor="s-1x1+boot-20")
BALANCER: Final = replace(ON_POC, resource="lb-1", kind="load_balancer", billing="prepaid")
PAID: Final = replace(ON_POC, resource="srv-3", billing="prepaid")
EXPIRED: Final = replace(ON_POC, resource="srv-4", status="expired")
PROJECT: Final = replace(ON_POC, resource="prj-1", kind="project", flavor="p", cluster=None)
POC_NODE: Final = replace(NODE, billing="poc")
COUPON: Final = Coupon("SAVE", 30_000, ("vserver",), None, 5, 2)
ALL: Final = (K1, SRV_1, SRV_2, BALANCER, PAID, EXPIRED, COUPON)


def ask(**said: Any) -> StopPoc:
    whole: dict[str, Any] = {"account": "acme", "pay": "credit", "months": 1}
    return StopPoc.model_validate(whole | ({} if "resources" in said else {"cluster": "k1"}) | said)


def members(*known: Entity) -> tuple[Entity, ...]:
    """These, and what is found for a command that names the cluster."""
    return (
        *known,
        Members("k1", tuple(each.resource for each in known if isinstance(each, Item) and each.cluster)),
    )


def with_boot(**said: Any) -> Line:
    parts = (
        Part(flavor="s-1x1", vnd=181_000, amount=181_000),
        Part(flavor="boot-20", vnd=20_000, amount=20_000),
    )
    return line(TODAY, TODAY + MONTH, *parts, item=SRV_2, **said)


def order(total: int, lines: int, **more: Any) -> Order:
    subject, cluster = more.pop("subject", "k1"), more.pop("cluster", "k1")
    pay, status = more.pop("pay", "credit"), more.pop("status", "awaiting_payment")
    return Order(ORDER, subject, "acme", "stop_poc", pay, status, total, lines, AT, cluster, **more)


def placed(total: int, lines: int, **more: Any) -> OrderPlaced:
    whole = {"subject": "k1", "pay": "credit"} | more
    return OrderPlaced(
        order=ORDER, account="acme", action="stop_poc", total=total, lines=lines, effective_at=AT, **whole
    )


def order_line(number: int, item: Item, priced: Line | Metered | None = None, **more: Any) -> OrderLine:
    one = priced if isinstance(priced, Line) else None
    metered = priced if isinstance(priced, Metered) else None
    return OrderLine(
        ORDER,
        number,
        item.resource,
        item.kind,
        item.flavor,
        item.quantity,
        one,
        metered,
        item.cluster,
        **more,
    )


def charge(amount: int) -> PlaceCharge:
    return PlaceCharge(account="acme", order=ORDER, wallet="credit", amount=amount, effective_at=AT)


def test_stop_poc_takes_every_server_and_volume_of_the_cluster_that_is_still_poc() -> None:
    total = 181_000 + 201_000
    given(*members(*ALL), *PRICES).when(ask(auto_renew=True, months=1)).then(
        placed(total, 2), charge(total),
        now=[
            order(total, 2), SRV_1.claimed(ORDER, 1), SRV_2.claimed(ORDER, 2),
            order_line(1, SRV_1, month_of(TODAY), auto_renew=True),
            order_line(2, SRV_2, with_boot(), auto_renew=True),
        ],
    )  # fmt: skip


def test_stop_poc_takes_the_chosen_that_are_still_poc_and_leaves_the_others() -> None:
    given(*members(*ALL), *PRICES).when(ask(cluster="k1", resources=["srv-1", "srv-3", "srv-1", "lb-1"])).then(
        placed(181_000, 1), charge(181_000),
        now=[order(181_000, 1, left=1), SRV_1.claimed(ORDER, 1), order_line(1, SRV_1, month_of(TODAY))],
    )  # fmt: skip


def test_stop_poc_takes_what_stands_alone_by_its_name() -> None:
    given(PROJECT, replace(PRICES[0], kind="project", flavor="p")).when(ask(resources=["prj-1"])).then(
        placed(181_000, 1, subject="prj-1"), charge(181_000),
        now=[
            order(181_000, 1, subject="prj-1", cluster=None), PROJECT.claimed(ORDER, 1),
            order_line(1, PROJECT, month_of(TODAY, flavor="p", item=PROJECT)),
        ],
    )  # fmt: skip


def test_stop_poc_splits_the_coupon_over_the_lines_and_reserves_it() -> None:
    total = 382_000 - 30_000
    # 30,000 x 181 / 382 = 14,214.66 and 15,785.34: the larger remainder takes the VND that is left.
    given(*members(*ALL), *PRICES).when(ask(coupon="SAVE")).then(
        placed(total, 2, coupon="SAVE"), charge(total),
        now=[
            order(total, 2, coupon="SAVE"), SRV_1.claimed(ORDER, 1), SRV_2.claimed(ORDER, 2), COUPON.reserved(),
            order_line(1, SRV_1, month_of(TODAY, coupon=14_215)), order_line(2, SRV_2, with_boot(coupon=15_785)),
        ],
    )  # fmt: skip


def metered(item: Item) -> Metered:
    known = Known()
    for price in PRICES:
        known.put(price)
    found = metered_for(Thing(item.resource, item.kind, item.flavor, item.quantity), known, AT)
    assert isinstance(found, Metered)
    return found


def test_stop_poc_of_a_metered_cluster_asks_to_hold_three_days_of_it() -> None:
    # 300,000 x 2 x 3 days of 30.
    hold = PlaceHold(account="acme", order=ORDER, product="vcontainer", amount=60_000, effective_at=AT)
    given(*members(K1, POC_NODE, PAID), *PRICES).when(ask(pay="hold")).then(
        placed(60_000, 1, pay="hold"), hold,
        now=[
            order(60_000, 1, pay="hold", holds=(Held("vcontainer", 60_000),)), POC_NODE.claimed(ORDER, 1),
            order_line(1, POC_NODE, metered(POC_NODE)),
        ],
    )  # fmt: skip


SNAPSHOT: Final = replace(
    ON_POC, resource="snap-1", kind="snapshot", flavor="snapshot", quantity=40, cluster=None
)


def test_stop_poc_of_what_is_metered_and_stands_alone_asks_to_hold_three_days_of_it() -> None:
    # 5 VND x 40 GB x 72 hours.
    hold = PlaceHold(account="acme", order=ORDER, product="snapshot", amount=14_400, effective_at=AT)
    asked, priced = ask(resources=["snap-1"], pay="hold"), metered(SNAPSHOT)
    paid = order(14_400, 1, subject="snap-1", cluster=None, pay="hold", holds=(Held("snapshot", 14_400),))
    case = given(SNAPSHOT, *PRICES).when(asked)
    case.then(
        placed(14_400, 1, subject="snap-1", pay="hold"), hold,
        now=[paid, SNAPSHOT.claimed(ORDER, 1), order_line(1, SNAPSHOT, priced)],
    )  # fmt: skip
    said = case.when(HoldPlaced.model_validate(dict(hold))).decisions[-1].says
    assert said[1:] == (
        ConvertResource(
            account="acme", order=ORDER, resource="snap-1", metered=priced, months=1, effective_at=AT
        ),
    )


def test_stop_poc_pays_each_by_its_kind_and_tells_what_is_left() -> None:
    given(*members(K1, POC_NODE, SRV_1), *PRICES).when(ask()).then(
        placed(181_000, 1), charge(181_000),
        now=[order(181_000, 1, left=1), SRV_1.claimed(ORDER, 1), order_line(1, SRV_1, month_of(TODAY))],
    )  # fmt: skip


def test_stop_poc_without_paying_has_them_expire_at_once_whatever_they_are() -> None:
    asked = [
        ExpireResource(account="acme", order=ORDER, resource=resource, effective_at=AT)
        for resource in ("node-1", "srv-1")
    ]
    paid = OrderPaid(
        order=ORDER, subject="k1", account="acme", action="stop_poc", pay="none", total=0, effective_at=AT
    )
    given(*members(K1, SRV_1, POC_NODE)).when(ask(pay="none")).then(
        placed(0, 2, pay="none"), paid, *asked,
        now=[
            order(0, 2, pay="none", status="provisioning"), POC_NODE.claimed(ORDER, 1), SRV_1.claimed(ORDER, 2),
            order_line(1, POC_NODE), order_line(2, SRV_1),
        ],
    )  # fmt: skip


@pytest.mark.parametrize("pay", ["credit", "none", "gateway", "poc"])
@pytest.mark.parametrize("more", [{}, {"cluster": "k1", "resources": ["srv-3"]}])
def test_stop_poc_of_a_cluster_with_nothing_left_clears_its_flag_and_costs_nothing(
    pay: Any, more: dict[str, Any]
) -> None:
    stopped = PocStopped(
        subject="k1", account="acme", cluster="k1", pay=pay, status="completed", total=0, given_back=0, converted=0,
        failed=[], left=0, effective_at=AT,
    )  # fmt: skip
    clear = ClearCluster(account="acme", cluster="k1", effective_at=AT)
    given(*members(K1, PAID, BALANCER, EXPIRED)).when(ask(pay=pay, **more)).then(stopped, clear)


def test_stop_poc_twice_places_one_order() -> None:
    case = given(*members(K1, SRV_1), *PRICES).when(ask())
    first = [message for decision in case.decisions for message in decision.says]
    case.when(ask(), ask(resources=["srv-1"])).then(
        *first,
        refused(ask(), "stop_poc", Reason.RESOURCE_BUSY),
        refused(ask(resources=["srv-1"]), "stop_poc", Reason.RESOURCE_BUSY),
        now=[order(181_000, 1), SRV_1.claimed(ORDER, 1), order_line(1, SRV_1, month_of(TODAY))],
    )


def busy(item: Item) -> Failure:
    why = Reason.RESOURCE_BUSY
    return Failure(resource=item.resource, reason=why.value, explanation=why.sentence)


@pytest.mark.parametrize("chosen", [{}, {"cluster": "k1", "resources": ["srv-2", "srv-1"]}])
def test_stop_poc_leaves_out_what_another_order_has_in_hand_and_the_others_stand(
    chosen: dict[str, Any],
) -> None:
    in_hand = SRV_2.claimed("another", 7)
    given(*members(K1, SRV_1, in_hand), *PRICES).when(ask(**chosen)).then(
        placed(181_000, 1), charge(181_000),
        now=[
            order(181_000, 1, left=1, failures=(busy(SRV_2),)), SRV_1.claimed(ORDER, 1),
            order_line(1, SRV_1, month_of(TODAY)),
        ],
    )  # fmt: skip


def test_stop_poc_of_chosen_resources_of_no_cluster_counts_those_in_hand_as_left() -> None:
    in_hand = replace(PROJECT, resource="prj-2").claimed("another", 1)
    given(PROJECT, in_hand, replace(PRICES[0], kind="project", flavor="p")).when(
        ask(resources=["prj-2", "prj-1"])
    ).then(
        placed(181_000, 1, subject="prj-2"), charge(181_000),
        now=[
            order(181_000, 1, subject="prj-2", cluster=None, left=1, failures=(busy(in_hand),)),
            PROJECT.claimed(ORDER, 1), order_line(1, PROJECT, month_of(TODAY, flavor="p", item=PROJECT)),
        ],
    )  # fmt: skip


def test_stop_poc_of_a_metered_cluster_waits_for_what_another_order_has_in_hand() -> None:
    known = members(K1, POC_NODE, replace(POC_NODE, resource="node-2").claimed("another", 1))
    given(*known, *PRICES).when(ask(pay="hold")).then(
        refused(ask(pay="hold"), "stop_poc", Reason.RESOURCE_BUSY)
    )


def test_stop_poc_prices_at_the_instant_of_the_act_and_finds_no_price_before_it_stands() -> None:
    early = replace(PRICES[0], versions=(PRICES[0].versions[0]._replace(starts=AT + MONTH),))
    given(*members(K1, SRV_1), early).when(ask()).then(refused(ask(), "stop_poc", Reason.PRICE_UNKNOWN))


BUSY: Final = SRV_1.claimed("another", 1)
DEAR: Final = replace(SRV_1, flavor="dear", quantity=100_000)
# More than a gateway takes.
MANY: Final = replace(SRV_1, quantity=300)
FOREIGN: Final = replace(K1, account="other")
WRONG: Final[list[tuple[tuple[Entity, ...], StopPoc, Reason]]] = [
    ((), StopPoc(account="acme", pay="poc"), Reason.NOTHING_NAMED),
    ((), ask(cluster="k1", resources=["nobody"]), Reason.CLUSTER_UNKNOWN),
    ((FOREIGN,), ask(cluster="k1", resources=["nobody"]), Reason.RESOURCE_UNKNOWN),
    ((FOREIGN, replace(SRV_1, cluster="k2")), ask(cluster="k1", resources=["srv-1"]), Reason.NOT_OWNER),
    ((replace(K1, poc=False), PROJECT), ask(cluster="k1", resources=["prj-1"]), Reason.NOT_IN_CLUSTER),
    ((replace(K1, poc=False), PAID), ask(cluster="k1", resources=["srv-3"], pay="poc"), Reason.NOT_POC),
    ((K1, BUSY, PAID), ask(cluster="k1", resources=["srv-3"], pay="poc"), Reason.ALREADY_STOPPED),
    ((K1, BUSY), ask(pay="poc", coupon="X"), Reason.PAY_NOT_POC),
    ((K1, POC_NODE.claimed("o", 1)), ask(coupon="X"), Reason.PAY_BY_HOLD),
    ((K1, BUSY), ask(cluster="k1", resources=["srv-1"], pay="hold"), Reason.PAY_BY_CREDIT),
    ((K1, POC_NODE.claimed("o", 1)), ask(resources=["node-1"], pay="hold"), Reason.CLUSTER_WHOLE_ONLY),
    ((K1, BUSY), ask(coupon="X"), Reason.RESOURCE_BUSY),
    (
        (K1, *(replace(SRV_1, resource=f"s{number}", flavor="none") for number in range(2_001))),
        ask(coupon="X"), Reason.TOO_MANY_RESOURCES,
    ),
    ((K1, replace(SRV_1, flavor="s-1x1+none")), ask(coupon="X"), Reason.PRICE_UNKNOWN),
    ((K1, DEAR), ask(coupon="X"), Reason.AMOUNT_TOO_LARGE),
    ((K1, SRV_1), ask(coupon="X"), Reason.COUPON_UNKNOWN),
    ((K1, SRV_1, Coupon("X", 1, ("vdb",), AT, 1, 1)), ask(coupon="X"), Reason.COUPON_ENDED),
    ((K1, SRV_1, Coupon("X", 1, ("vdb",), None, 1, 1)), ask(coupon="X"), Reason.COUPON_USED_UP),
    ((K1, SRV_1, Coupon("X", 1, ("vdb",))), ask(coupon="X"), Reason.COUPON_NOT_FOR_THIS),
    ((K1, MANY), ask(pay="gateway"), Reason.GATEWAY_UNKNOWN),
    ((K1, MANY), ask(pay="on_behalf", gateway="momo", payer_email="boss"), Reason.PAYER_MISSING),
    ((K1, MANY), ask(pay="gateway", gateway="momo"), Reason.AMOUNT_NOT_PAYABLE),
]  # fmt: skip


@pytest.mark.parametrize(("known", "asked", "reason"), WRONG, ids=[str(reason) for *_, reason in WRONG])
def test_stop_poc_is_refused_for_the_first_reason_that_applies(
    known: tuple[Entity, ...], asked: StopPoc, reason: Reason
) -> None:
    given(*members(*known), *PRICES).when(asked).then(refused(asked, "stop_poc", reason))


def test_stop_poc_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in WRONG) == REFUSALS[StopPoc]


def test_stop_poc_chosen_of_somebody_else_is_refused() -> None:
    asked = ask(resources=["srv-1"])
    given(replace(SRV_1, account="other")).when(asked).then(refused(asked, "stop_poc", Reason.NOT_OWNER))


def test_stop_poc_of_what_was_bought_and_never_came_to_be_is_unknown() -> None:
    asked = ask(resources=["srv-1"])
    given(replace(SRV_1, version=0, status="released")).when(asked).then(
        refused(asked, "stop_poc", Reason.RESOURCE_UNKNOWN)
    )


def test_stop_poc_of_a_cluster_whose_conversion_would_be_no_message_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = import_module("services.checkout.rules.stop_poc")
    monkeypatch.setattr(rule, "MOST_MESSAGE_BYTES", 4 * 1024 + len(metered(POC_NODE).model_dump_json()))
    known, asked = members(K1, POC_NODE), ask(pay="hold")
    given(*known, *PRICES).when(asked).then(refused(asked, "stop_poc", Reason.TOO_MANY_RESOURCES))


@pytest.mark.parametrize(("pay", "kinds"), [("hold", POC_NODE), ("none", SRV_1)])
def test_a_coupon_is_for_what_is_bought_with_real_money_only(pay: Any, kinds: Item) -> None:
    asked = ask(pay=pay, coupon="SAVE")
    given(*members(K1, kinds), COUPON, *PRICES).when(asked).then(
        refused(asked, "stop_poc", Reason.COUPON_NOT_FOR_THIS)
    )


def test_metered_things_without_a_price_stop_the_order() -> None:
    asked = ask(pay="hold")
    given(*members(K1, POC_NODE)).when(asked).then(refused(asked, "stop_poc", Reason.PRICE_UNKNOWN))


def test_an_order_whose_lines_together_are_too_large_is_refused() -> None:
    many = [replace(SRV_1, resource=f"s{number}", flavor="dear") for number in range(2)]
    given(*members(K1, *many), *PRICES).when(ask()).then(refused(ask(), "stop_poc", Reason.AMOUNT_TOO_LARGE))
