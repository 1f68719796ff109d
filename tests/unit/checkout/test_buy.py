"""Buy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from services.checkout.reasons import REFUSALS, Reason
from services.checkout.state import Account, Cluster, Coupon, Held, Item, Order, OrderLine
from shared.contracts.charges import PlaceCharge, PlaceHold
from shared.contracts.checkout import Buy
from shared.contracts.orders import OrderPaid, OrderPlaced
from shared.contracts.parts import Line, Metered, Part
from shared.contracts.resources import CreateResource
from shared.engine.decision import Entity
from tests.unit.checkout.instants import AT, DAY, MINUTE, MONTH, TODAY
from tests.unit.checkout.standing import ORDER, PRICES, given, line, month_of, price, refused

NEW: Final = Item("srv-9", "acme", "server", "s-1x1", 1, "k1", status="creating")
POC: Final = Account("acme", "prepaid", TODAY + 10 * DAY)


def item(**said: Any) -> dict[str, Any]:
    return {"resource": "srv-9", "kind": "server", "flavor": "s-1x1", "cluster": "k1", "months": 1} | said


def ask(*items: dict[str, Any], **said: Any) -> Buy:
    return Buy.model_validate({"account": "acme", "pay": "credit", "items": list(items) or [item()]} | said)


def bought(
    pay: str, *wanted: tuple[Item, Line | Metered], auto_renew: bool = False, **more: Any
) -> dict[str, Any]:
    """What follows: the order, placed and its payment asked for."""
    lines = []
    for number, (each, priced) in enumerate(wanted, start=1):
        one, metered = (priced, None) if isinstance(priced, Line) else (None, priced)
        lines.append(OrderLine(
            ORDER, number, each.resource, each.kind, each.flavor, each.quantity, one, metered, each.cluster, auto_renew
        ))  # fmt: skip
    estimate = sum(each.metered.estimate for each in lines if each.metered)
    total = estimate or sum(each.amount for each in lines)
    subject = wanted[0][0].cluster or wanted[0][0].resource
    order = Order(
        ORDER, subject, "acme", "buy", pay, "awaiting_payment", total, len(lines), AT, **more  # type: ignore[arg-type]
    )  # fmt: skip
    placed = OrderPlaced(
        order=ORDER, subject=subject, account="acme", action="buy", pay=pay, total=total, lines=len(lines),
        coupon=more.get("coupon"), effective_at=AT,
    )  # fmt: skip
    claimed = [each.claimed(ORDER, number) for number, (each, _) in enumerate(wanted, start=1)]
    return {"placed": placed, "total": total, "now": [order, *lines, *claimed]}


def charge(wallet: Any, amount: int) -> PlaceCharge:
    return PlaceCharge(account="acme", order=ORDER, wallet=wallet, amount=amount, effective_at=AT)


def test_buy_prices_each_and_charges_all_of_them_at_once() -> None:
    alone = replace(NEW, resource="srv-8", cluster=None)
    wanted = (NEW, month_of(TODAY, item=NEW)), (alone, month_of(TODAY, item=alone))
    follows = bought("credit", *wanted, auto_renew=True)
    asked = ask(item(auto_renew=True), item(resource="srv-8", cluster=None, auto_renew=True))
    given(*PRICES).when(asked).then(follows["placed"], charge("credit", 362_000), now=follows["now"])


def test_buy_until_an_instant_counts_whole_minutes() -> None:
    until = TODAY + 90 * MINUTE
    part = Part(flavor="s-1x1", vnd=181_000, amount=377)  # 181,000 x 90 / 43,200 = 377.08
    follows = bought("credit", (NEW, line(TODAY, until, part, item=NEW)))
    asked = ask(item(months=None, until=until + timedelta(seconds=59)))
    given(*PRICES).when(asked).then(follows["placed"], charge("credit", 377), now=follows["now"])


def test_buy_with_a_coupon_lowers_what_it_is_for_only() -> None:
    project = Item("prj-1", "acme", "project", "p", 1, status="creating")
    coupon = Coupon("SAVE", 500_000, ("vserver",))
    wanted = (
        (NEW, month_of(TODAY, item=NEW, coupon=181_000)),
        (project, month_of(TODAY, item=project, flavor="p")),
    )
    follows = bought("credit", *wanted, coupon="SAVE")
    asked = ask(item(), item(resource="prj-1", kind="project", flavor="p", cluster=None), coupon="SAVE")
    given(*PRICES, price("project", "p", 181_000), coupon).when(asked).then(
        follows["placed"], charge("credit", 181_000), now=[*follows["now"], coupon.reserved()]
    )


def test_buy_by_the_poc_wallet_lasts_as_long_as_the_wallet_and_knows_no_discount() -> None:
    poc = replace(NEW, flavor="on-sale", billing="poc")
    part = Part(flavor="on-sale", vnd=100_000, amount=33_333)
    follows = bought("poc", (poc, line(TODAY, TODAY + 10 * DAY, part, item=poc)))
    for period in ({"months": None}, {"months": 2}, {"months": None, "until": TODAY + 11 * DAY}):
        asked = ask(item(flavor="on-sale", auto_renew=True, **period), pay="poc")
        given(*PRICES, POC).when(asked).then(
            follows["placed"], charge("poc", 33_333),
            now=[each if not isinstance(each, OrderLine) else replace(each, months=period.get("months") or 1)
                 for each in follows["now"]],
        )  # fmt: skip


def test_buy_by_the_poc_wallet_ends_earlier_where_that_is_asked() -> None:
    poc = replace(NEW, billing="poc")
    part = Part(flavor="s-1x1", vnd=181_000, amount=6_033)  # one day of thirty
    follows = bought("poc", (poc, line(TODAY, TODAY + DAY, part, item=poc)))
    asked = ask(item(months=None, until=TODAY + DAY), pay="poc")
    given(*PRICES, POC).when(asked).then(follows["placed"], charge("poc", 6_033), now=follows["now"])


def test_buy_by_the_poc_wallet_what_is_metered_by_its_size_for_a_month_of_hours() -> None:
    snapshot = Item("snp-1", "acme", "snapshot", "snapshot", 3, billing="poc", status="creating")
    part = Part(flavor="snapshot", vnd=3_600, amount=3_600)  # 5 x 720 hours a month; 3 GB for 10 days of 30
    follows = bought("poc", (snapshot, line(TODAY, TODAY + 10 * DAY, part, item=snapshot)))
    asked = ask(
        item(resource="snp-1", kind="snapshot", flavor="snapshot", quantity=3, cluster=None, months=None),
        pay="poc",
    )
    given(*PRICES, POC).when(asked).then(follows["placed"], charge("poc", 3_600), now=follows["now"])


def test_buy_metered_asks_to_hold_three_days_for_each_product() -> None:
    snapshot = Item("snp-1", "acme", "snapshot", "snapshot", 10, billing="hold", status="creating")
    node = Item("n-1", "acme", "k8s_node", "n-2x4", 1, "k1", "hold", "creating")
    of_snapshot = Metered(
        resource="snp-1",
        kind="snapshot",
        flavor="snapshot",
        quantity=10,
        vnd=5,
        per="gb_hour",
        estimate=3_600,
    )
    of_node = Metered(
        resource="n-1", kind="k8s_node", flavor="n-2x4", quantity=1, vnd=300_000, per="30d", estimate=30_000
    )
    holds = Held("snapshot", 3_600), Held("vcontainer", 30_000)
    follows = bought("hold", (snapshot, of_snapshot), (node, of_node), holds=holds)
    asked = ask(
        item(resource="snp-1", kind="snapshot", flavor="snapshot", quantity=10, cluster=None, months=None),
        item(resource="n-1", kind="k8s_node", flavor="n-2x4", months=None),
        pay="hold",
    )
    given(*PRICES).when(asked).then(
        follows["placed"],
        *(
            PlaceHold(account="acme", order=ORDER, product=hold.product, amount=hold.amount, effective_at=AT)
            for hold in holds
        ),
        now=follows["now"],
    )


@pytest.mark.parametrize("pay", ["credit", "hold"])
def test_buy_of_what_costs_nothing_is_paid_at_once(pay: Any) -> None:
    kind = "server" if pay == "credit" else "k8s_node"
    billing: Any = "prepaid" if pay == "credit" else "hold"
    new = replace(NEW, kind=kind, flavor="free", billing=billing)
    part = Part(flavor="free", vnd=0, amount=0)
    metered = Metered(
        resource="srv-9", kind="k8s_node", flavor="free", quantity=1, vnd=0, per="30d", estimate=0
    )
    priced = line(TODAY, TODAY + MONTH, part, item=new) if pay == "credit" else metered
    follows = bought(pay, (new, priced))
    order, *others = follows["now"]
    paid = OrderPaid(
        order=ORDER, subject="k1", account="acme", action="buy", pay=pay, total=0, effective_at=AT
    )
    create = CreateResource(
        account="acme", order=ORDER, resource="srv-9", cluster="k1", kind=kind, flavor="free", quantity=1,
        billing=billing, line=priced if isinstance(priced, Line) else None,
        metered=metered if pay == "hold" else None, effective_at=AT,
    )  # fmt: skip
    asked = ask(item(kind=kind, flavor="free"), pay=pay)
    given(price(kind, "free", 0)).when(asked).then(
        follows["placed"], paid, create, now=[replace(order, status="provisioning"), *others]
    )


def test_buy_takes_the_name_of_what_was_bought_and_never_came_to_be() -> None:
    follows = bought("credit", (NEW, month_of(TODAY, item=NEW)))
    given(*PRICES, replace(NEW, status="released")).when(ask()).then(
        follows["placed"], charge("credit", 181_000), now=follows["now"]
    )


def test_buy_takes_the_name_of_what_is_gone_for_good_and_goes_on_from_its_version() -> None:
    again = replace(NEW, version=4)
    follows = bought("credit", (again, month_of(TODAY, item=NEW)))
    gone = replace(again, flavor="s-2x4", billing="poc", status="released")
    given(*PRICES, gone).when(ask()).then(follows["placed"], charge("credit", 181_000), now=follows["now"])


@pytest.mark.parametrize(
    "there",
    [
        replace(NEW, version=4, status="trash"),
        replace(NEW, version=4, status="released", account="other"),
        replace(NEW, version=4, status="released", cluster="k2"),
        replace(NEW, version=4, status="released", open_order="o-1", open_line=1),
    ],
)
def test_buy_is_refused_for_a_name_that_is_not_free_to_who_asks(there: Item) -> None:
    given(*PRICES, there).when(ask()).then(refused(ask(), "buy", Reason.RESOURCE_EXISTS))


def test_buy_twice_places_one_order() -> None:
    follows = bought("credit", (NEW, month_of(TODAY, item=NEW)))
    given(*PRICES).when(ask(), ask()).then(
        follows["placed"],
        charge("credit", 181_000),
        refused(ask(), "buy", Reason.RESOURCE_EXISTS),
        now=follows["now"],
    )


OTHERS: Final = Cluster("k1", "other", poc=True, version=1)
BALANCER: Final = item(kind="load_balancer", until=TODAY)
ENDED: Final = replace(POC, poc_until=TODAY)
NODE_ITEM: Final = item(kind="k8s_node", until=TODAY)
BY_MONTH: Final = replace(POC, mode="postpaid")
WRONG: Final[list[tuple[tuple[Entity, ...], Buy, Reason]]] = [
    ((OTHERS, NEW), ask(BALANCER, BALANCER, pay="none"), Reason.RESOURCE_TWICE),
    ((OTHERS, NEW, BY_MONTH), ask(BALANCER, pay="poc", coupon="X"), Reason.ACCOUNT_POSTPAID),
    ((OTHERS, NEW), ask(BALANCER, pay="none", coupon="X"), Reason.PAY_NOT_AVAILABLE),
    ((OTHERS, NEW), ask(item(until=TODAY), NODE_ITEM | {"resource": "n"}, coupon="X"), Reason.PAY_BY_HOLD),
    ((OTHERS, NEW), ask(BALANCER, pay="hold", coupon="X"), Reason.PAY_BY_CREDIT),
    ((OTHERS, NEW), ask(BALANCER, pay="poc", coupon="X"), Reason.POC_NOT_FOR_THIS),
    ((OTHERS, NEW), ask(item(until=TODAY), pay="poc"), Reason.NOT_OWNER),
    ((NEW,), ask(item(until=TODAY), pay="poc"), Reason.RESOURCE_EXISTS),
    ((replace(POC, poc_until=None),), ask(item(until=TODAY), pay="poc"), Reason.POC_NOT_GRANTED),
    ((ENDED,), ask(item(until=TODAY), pay="poc"), Reason.POC_ENDED),
    ((), ask(item(months=None, flavor="none"), coupon="X"), Reason.PERIOD_MISSING),
    ((), ask(item(until=TODAY, flavor="none"), coupon="X"), Reason.PERIOD_TWICE),
    ((), ask(item(months=None, until=TODAY + timedelta(seconds=59)), coupon="X"), Reason.UNTIL_NOT_LATER),
    ((), ask(item(months=None, until=datetime.max.replace(tzinfo=UTC)), coupon="X"), Reason.UNTIL_TOO_FAR),
    ((), ask(item(flavor="none"), coupon="X"), Reason.PRICE_UNKNOWN),
    ((), ask(item(flavor="dear", quantity=100_000), coupon="X"), Reason.AMOUNT_TOO_LARGE),
    ((), ask(coupon="X"), Reason.COUPON_UNKNOWN),
    ((Coupon("X", 1, ("vdb",), AT, 1, 1),), ask(coupon="X"), Reason.COUPON_ENDED),
    ((Coupon("X", 1, ("vdb",), None, 1, 1),), ask(coupon="X"), Reason.COUPON_USED_UP),
    ((Coupon("X", 1, ("vdb",)),), ask(coupon="X"), Reason.COUPON_NOT_FOR_THIS),
    ((), ask(item(quantity=300), pay="gateway"), Reason.GATEWAY_UNKNOWN),
    ((), ask(item(quantity=300), pay="on_behalf", gateway="momo"), Reason.PAYER_MISSING),
    ((), ask(item(quantity=300), pay="gateway", gateway="momo"), Reason.AMOUNT_NOT_PAYABLE),
]


@pytest.mark.parametrize(("known", "asked", "reason"), WRONG, ids=[str(reason) for *_, reason in WRONG])
def test_buy_is_refused_for_the_first_reason_that_applies(
    known: tuple[Entity, ...], asked: Buy, reason: Reason
) -> None:
    given(*known, *PRICES).when(asked).then(refused(asked, "buy", reason))


def test_buy_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in WRONG) == REFUSALS[Buy]


REFUSED_TOO: Final[list[tuple[tuple[Entity, ...], Buy, Reason]]] = [
    ((), ask(pay="poc"), Reason.POC_NOT_GRANTED),
    ((POC,), ask(item(months=None, until=TODAY), pay="poc"), Reason.UNTIL_NOT_LATER),
    ((POC,), ask(item(kind="snapshot"), pay="poc"), Reason.POC_NOT_FOR_THIS),
    ((), ask(item(kind="k8s_node", flavor="none"), pay="hold"), Reason.PRICE_UNKNOWN),
    ((), ask(item(kind="k8s_node", flavor="n-2x4+by-gb"), pay="hold"), Reason.PRICE_UNKNOWN),
    ((), ask(item(kind="k8s_node", flavor="dear", quantity=100_000), pay="hold"), Reason.AMOUNT_TOO_LARGE),
    ((), ask(item(flavor="dear+dear")), Reason.AMOUNT_TOO_LARGE),
    ((POC, Coupon("SAVE", 1)), ask(pay="poc", coupon="SAVE"), Reason.COUPON_NOT_FOR_THIS),
]


@pytest.mark.parametrize(("known", "asked", "reason"), REFUSED_TOO)
def test_buy_is_refused_too(known: tuple[Entity, ...], asked: Buy, reason: Reason) -> None:
    dear = price("k8s_node", "dear", 9 * 10**15), price("k8s_node", "by-gb", 1, per="gb_hour")
    given(*known, *PRICES, *dear).when(asked).then(refused(asked, "buy", reason))
