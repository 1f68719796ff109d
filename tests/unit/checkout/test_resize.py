"""Resize: the same end, today's price, less the unused value of what it replaces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.checkout.reasons import REFUSALS, Reason
from services.checkout.state import Item
from shared.contracts.checkout import Pay, Resize
from shared.contracts.message import MOST_VND
from shared.contracts.parts import Metered, Part, Term
from shared.contracts.resources import ResizeResource
from shared.engine.decision import Entity
from tests.unit.checkout.instants import AT, DAY, MONTH, TODAY
from tests.unit.checkout.standing import (
    BOUGHT,
    ENDS,
    NODE,
    ON_POC,
    ORDER,
    PRICES,
    SERVER,
    TERM,
    TRASHED,
    given,
    line,
    ordered,
    price,
    refused,
)

# Ten days of thirty are left of 181,000.
LEFT = 60_333
LARGER = Part(flavor="s-2x4", vnd=362_000, amount=120_667)


def resize(flavor: str = "s-2x4", **said: Any) -> Resize:
    return Resize.model_validate(
        {"account": "acme", "resource": "srv-1", "flavor": flavor, "pay": "credit"} | said
    )


def test_a_larger_size_costs_its_price_for_the_rest_less_the_unused_value() -> None:
    priced = line(TODAY, ENDS, LARGER, carried=LEFT)
    assert priced.amount == 60_334
    says, now = ordered("resize", (SERVER, priced))
    given(SERVER, *PRICES).when(resize()).then(*says, now=now)


def test_a_size_that_costs_less_than_the_old_one_is_worth_is_not_paid_and_done_at_once() -> None:
    item = replace(SERVER, flavor="s-2x4", terms=(TERM.model_copy(update={"paid": 362_000}),))
    smaller = Part(flavor="s-1x1", vnd=181_000, amount=60_333)
    priced = line(TODAY, ENDS, smaller, carried=120_667)
    assert priced.amount == -60_334
    ask = ResizeResource(account="acme", order=ORDER, resource="srv-1", line=priced, effective_at=AT)
    says, now = ordered("resize", (item, priced), asks=[ask])
    given(item, *PRICES).when(resize("s-1x1")).then(*says, now=now)


def test_what_was_bought_with_a_coupon_carries_over_what_was_paid_and_no_more() -> None:
    item = replace(SERVER, terms=(TERM.model_copy(update={"paid": 81_000}),))
    says, now = ordered("resize", (item, line(TODAY, ENDS, LARGER, carried=27_000)))
    given(item, *PRICES).when(resize()).then(*says, now=now)


def test_every_period_bought_ahead_is_carried_over_and_the_end_stays() -> None:
    ahead = Term(starts=ENDS, until=ENDS + MONTH, paid=181_000)
    item = replace(SERVER, until=ENDS + MONTH, terms=(TERM, ahead))
    part = Part(flavor="s-2x4", vnd=362_000, amount=482_667)
    says, now = ordered("resize", (item, line(TODAY, ENDS + MONTH, part, carried=LEFT + 181_000)))
    given(item, *PRICES).when(resize()).then(*says, now=now)


def test_more_of_the_same_flavor_is_a_resize_and_a_quantity_left_out_stays() -> None:
    two = Part(flavor="s-1x1", vnd=181_000, amount=120_667)
    says, now = ordered("resize", (SERVER, line(TODAY, ENDS, two, carried=LEFT, quantity=2)))
    given(SERVER, *PRICES).when(resize("s-1x1", quantity=2)).then(*says, now=now)
    pair = replace(SERVER, quantity=2)
    larger = Part(flavor="s-2x4", vnd=362_000, amount=241_333)
    says, now = ordered("resize", (pair, line(TODAY, ENDS, larger, carried=LEFT, item=pair)))
    given(pair, *PRICES).when(resize()).then(*says, now=now)


def test_a_part_that_is_added_or_taken_away_is_a_resize_of_the_whole() -> None:
    parts = (
        Part(flavor="s-1x1", vnd=181_000, amount=60_333),
        Part(flavor="boot-20", vnd=20_000, amount=6_667),
    )
    says, now = ordered("resize", (SERVER, line(TODAY, ENDS, *parts, carried=LEFT)))
    given(SERVER, *PRICES).when(resize("s-1x1+boot-20")).then(*says, now=now)


def test_the_item_discount_of_the_new_size_is_that_of_now() -> None:
    sale = Part(flavor="on-sale", vnd=100_000, amount=33_333, discount_percent=10, discount=3_333)
    priced = line(TODAY, ENDS, sale, carried=10_000)
    assert priced.amount == 20_000
    item = replace(SERVER, terms=(TERM.model_copy(update={"paid": 30_000}),))
    says, now = ordered("resize", (item, priced))
    given(item, *PRICES).when(resize("on-sale")).then(*says, now=now)


def test_a_poc_resource_is_resized_against_the_poc_wallet_without_discount() -> None:
    sale = Part(flavor="on-sale", vnd=100_000, amount=33_333)
    item = replace(ON_POC, terms=(TERM.model_copy(update={"paid": 30_000}),))
    says, now = ordered("resize", (item, line(TODAY, ENDS, sale, carried=10_000)), pay="poc")
    given(item, *PRICES).when(resize("on-sale", pay="poc")).then(*says, now=now)


def of_node(flavor: str, quantity: int, vnd: int, carried: int = 0) -> Metered:
    return Metered(
        resource="node-1",
        kind="k8s_node",
        flavor=flavor,
        quantity=quantity,
        vnd=vnd,
        per="30d",
        estimate=vnd * quantity // 10,
        carried=carried,
    )


RUNS = replace(NODE, metered=of_node("n-2x4", 2, 300_000))
SNAPSHOT = Metered(
    resource="snap-1", kind="snapshot", flavor="snapshot", quantity=40, vnd=5, per="gb_hour", estimate=14_400
)


def test_for_a_metered_resource_is_held_what_three_days_of_the_new_size_cost_more() -> None:
    metered = of_node("n-4x8", 2, 600_000, carried=60_000)
    assert metered.to_hold == 60_000
    says, now = ordered("resize", (RUNS, metered), pay="hold")
    given(RUNS, *PRICES).when(resize("n-4x8", resource="node-1", pay="hold")).then(*says, now=now)


@pytest.mark.parametrize("now_vnd", [300_000, 600_000])
def test_a_metered_resource_that_costs_no_more_than_before_is_resized_with_nothing_held(now_vnd: int) -> None:
    # Of the price it has now there may be one as dear as two were before.
    item = replace(RUNS, metered=of_node("n-2x4", 2, 300_000))
    metered = of_node("n-2x4", 1, now_vnd, carried=60_000)
    ask = ResizeResource(account="acme", order=ORDER, resource="node-1", metered=metered, effective_at=AT)
    says, now = ordered("resize", (item, metered), pay="hold", asks=[ask])
    given(item, price("k8s_node", "n-2x4", now_vnd)).when(
        resize("n-2x4", resource="node-1", quantity=1, pay="hold")
    ).then(*says, now=now)


def test_what_is_metered_by_its_size_is_held_for_in_the_size_last_reported() -> None:
    reported = SNAPSHOT.model_copy(update={"quantity": 100})
    item = replace(
        NODE, resource="snap-1", kind="snapshot", flavor="snapshot", quantity=100, metered=reported
    )
    metered = SNAPSHOT.model_copy(update={"quantity": 110, "estimate": 39_600, "carried": 36_000})
    says, now = ordered("resize", (item, metered), pay="hold")
    given(item, *PRICES).when(resize("snapshot", resource="snap-1", quantity=110, pay="hold")).then(
        *says, now=now
    )


def test_what_is_held_before_is_carried_no_further_than_can_be_told() -> None:
    vast = SNAPSHOT.model_copy(update={"quantity": 10**6, "vnd": MOST_VND})
    item = replace(NODE, resource="snap-1", kind="snapshot", flavor="snapshot", quantity=10**6, metered=vast)
    metered = SNAPSHOT.model_copy(update={"carried": MOST_VND})
    ask = ResizeResource(account="acme", order=ORDER, resource="snap-1", metered=metered, effective_at=AT)
    says, now = ordered("resize", (item, metered), pay="hold", asks=[ask])
    given(item, *PRICES).when(resize("snapshot", resource="snap-1", quantity=40, pay="hold")).then(
        *says, now=now
    )


@pytest.mark.parametrize(
    "item",
    [
        replace(SERVER, status="creating"),
        replace(SERVER, status="grace", until=BOUGHT),
        replace(SERVER, status="suspended", until=BOUGHT),
        replace(ON_POC, status="expired", until=TODAY),
        replace(SERVER, until=TODAY),
        replace(SERVER, until=None),
        replace(NODE, resource="srv-1", status="released"),
        TRASHED,
    ],
)
def test_what_does_not_run_or_has_no_minute_left_cannot_be_resized(item: Item) -> None:
    given(item, *PRICES).when(resize()).then(refused(resize(), "resize", Reason.NOT_RESIZABLE))


@pytest.mark.parametrize(
    ("item", "pay", "reason"),
    [
        (SERVER, "poc", Reason.PAY_BY_CREDIT),
        (SERVER, "hold", Reason.PAY_BY_CREDIT),
        (ON_POC, "credit", Reason.PAY_BY_POC),
        (ON_POC, "hold", Reason.PAY_BY_POC),
        (NODE, "credit", Reason.PAY_BY_HOLD),
        (NODE, "poc", Reason.PAY_BY_HOLD),
    ],
)
def test_a_resize_is_paid_as_the_resource_is_billed(item: Item, pay: Pay, reason: Reason) -> None:
    ask = resize(resource=item.resource, pay=pay)
    given(item, *PRICES).when(ask).then(refused(ask, "resize", reason))


def test_a_metered_resource_without_a_price_for_the_new_size_stays() -> None:
    ask = resize("unpriced", resource="node-1", pay="hold")
    given(NODE, *PRICES).when(ask).then(refused(ask, "resize", Reason.PRICE_UNKNOWN))


BUSY = replace(TRASHED, account="other", open_order="o-1")
DEAR = resize("dear", quantity=100_000)
# Wrong in every way that can be wrong together from this reason on.
WRONG_FROM_HERE_ON: list[tuple[list[Entity], Resize, Reason]] = [
    ([], resize("unpriced", pay="none"), Reason.RESOURCE_UNKNOWN),
    ([BUSY], resize("s-1x1", pay="none"), Reason.NOT_OWNER),
    ([replace(BUSY, account="acme")], resize("s-1x1", pay="none"), Reason.PAY_NOT_AVAILABLE),
    ([replace(BUSY, account="acme")], resize("s-1x1", pay="poc"), Reason.RESOURCE_BUSY),
    ([TRASHED], resize("s-1x1", pay="poc"), Reason.NOT_RESIZABLE),
    ([ON_POC], resize("s-1x1"), Reason.PAY_BY_POC),
    ([replace(NODE, resource="srv-1", flavor="a")], resize("a", quantity=2), Reason.PAY_BY_HOLD),
    ([SERVER], resize("s-1x1", pay="poc"), Reason.PAY_BY_CREDIT),
    ([SERVER], resize("s-1x1"), Reason.SAME_SIZE),
    ([SERVER], resize("s-1x1+unpriced"), Reason.PRICE_UNKNOWN),
    ([replace(SERVER, until=ENDS + 300 * DAY), *PRICES], DEAR, Reason.AMOUNT_TOO_LARGE),
    ([SERVER, *PRICES], resize(quantity=900, pay="gateway"), Reason.GATEWAY_UNKNOWN),
    ([SERVER, *PRICES], resize(quantity=900, pay="on_behalf", gateway="momo"), Reason.PAYER_MISSING),
    ([SERVER, *PRICES], resize(quantity=900, pay="gateway", gateway="momo"), Reason.AMOUNT_NOT_PAYABLE),
]


@pytest.mark.parametrize(("known", "ask", "reason"), WRONG_FROM_HERE_ON, ids=lambda each: str(each)[:30])
def test_a_resize_is_refused_for_the_first_reason_that_applies(
    known: list[Entity], ask: Resize, reason: Reason
) -> None:
    given(*known).when(ask).then(refused(ask, "resize", reason))


def test_a_resize_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in WRONG_FROM_HERE_ON) == REFUSALS[Resize]
