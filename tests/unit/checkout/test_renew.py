"""Renew: one more period, from the present end on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.checkout.reasons import REFUSALS, Reason
from services.checkout.state import Account, Coupon, Item, OrderLine
from shared.contracts.checkout import Pay, Renew, StopPoc
from shared.contracts.lifecycle import ResourceExpired
from shared.contracts.parts import Part
from shared.contracts.resources import Status
from shared.engine.decision import Entity
from tests.unit.checkout.instants import AT, DAY, MINUTE, MONTH, TODAY
from tests.unit.checkout.standing import (
    ENDS,
    NODE,
    ON_POC,
    ORDER,
    PRICES,
    SERVER,
    TRASHED,
    given,
    line,
    month_of,
    ordered,
    refused,
)

SECOND = replace(SERVER, resource="srv-2", quantity=3, until=ENDS + DAY)
EXPIRED = replace(ON_POC, status="expired", until=TODAY - DAY, terms=(), trash_until=TODAY + 6 * DAY)
POC_WALLET = Account("acme", "prepaid", ENDS + 15 * DAY)


def renew(*resources: str, **said: Any) -> Renew:
    whole = {"account": "acme", "resources": list(resources or ("srv-1",)), "pay": "credit"}
    return Renew.model_validate(whole | ({} if "until" in said or "months" in said else {"months": 1}) | said)


def test_a_renewal_starts_at_the_present_end_whatever_the_time_of_the_act() -> None:
    says, now = ordered("renew", (SERVER, month_of(ENDS)))
    given(SERVER, *PRICES).when(renew()).then(*says, now=now)


@pytest.mark.parametrize("status", ["grace", "suspended"])
def test_a_renewal_in_grace_or_suspension_starts_at_the_old_end(status: Status) -> None:
    late = replace(SERVER, status=status, until=TODAY - 20 * DAY)
    says, now = ordered("renew", (late, month_of(TODAY - 20 * DAY)))
    given(late, *PRICES).when(renew()).then(*says, now=now)


def test_a_renewal_takes_any_later_end_to_the_minute() -> None:
    part = Part(flavor="s-1x1", vnd=181_000, amount=4)  # 4.19
    says, now = ordered("renew", (SERVER, line(ENDS, ENDS + MINUTE, part)))
    given(SERVER, *PRICES).when(renew(until=ENDS + timedelta(seconds=119))).then(*says, now=now)


def test_several_resources_are_renewed_by_one_order_each_from_its_own_end() -> None:
    says, now = ordered("renew", (SERVER, month_of(ENDS)), (SECOND, month_of(ENDS + DAY, item=SECOND)))
    given(SERVER, SECOND, *PRICES).when(renew("srv-1", "srv-2")).then(*says, now=now)


def test_a_renewal_costs_what_stands_now_with_the_item_discount_of_each_part() -> None:
    item = replace(SERVER, flavor="on-sale+boot-20")
    sale = Part(flavor="on-sale", vnd=100_000, amount=100_000, discount_percent=10, discount=10_000)
    boot = Part(flavor="boot-20", vnd=20_000, amount=20_000)
    priced = line(ENDS, ENDS + MONTH, sale, boot)
    assert priced.amount == 110_000
    says, now = ordered("renew", (item, priced))
    given(item, *PRICES).when(renew()).then(*says, now=now)


def test_a_coupon_lowers_the_lines_of_a_renewal_by_their_worth_and_is_reserved() -> None:
    says, now = ordered(
        "renew",
        (SERVER, month_of(ENDS, coupon=25_000)),
        (SECOND, month_of(ENDS + DAY, item=SECOND, coupon=75_000)),
        coupon="SAVE",
    )
    coupon = Coupon("SAVE", 100_000, uses=1)
    given(SERVER, SECOND, coupon, *PRICES).when(renew("srv-1", "srv-2", coupon="SAVE")).then(
        *says, now=[*now, coupon.reserved()]
    )


def test_a_poc_resource_is_renewed_from_the_poc_wallet_without_discount() -> None:
    item = replace(ON_POC, flavor="on-sale")
    says, now = ordered("renew", (item, _poc_line(item, ENDS + 15 * DAY, 50_000)), pay="poc")
    given(item, POC_WALLET, *PRICES).when(renew(pay="poc", until=ENDS + 15 * DAY)).then(*says, now=now)


@pytest.mark.parametrize("asked", [{"months": 1}, {"until": ENDS + MONTH}])
def test_a_poc_renewal_ends_with_the_poc_wallet_at_the_latest(asked: dict[str, Any]) -> None:
    item = replace(ON_POC, flavor="on-sale")
    says, now = ordered("renew", (item, _poc_line(item, ENDS + 15 * DAY, 50_000)), pay="poc")
    given(item, POC_WALLET, *PRICES).when(renew(pay="poc", **asked)).then(*says, now=now)


def _poc_line(item: Item, until: datetime, amount: int) -> Any:
    return line(ENDS, until, Part(flavor="on-sale", vnd=100_000, amount=amount), item=item)


def test_a_metered_kind_is_renewed_by_period_while_it_is_poc() -> None:
    node = replace(NODE, billing="poc", until=ENDS)
    says, now = ordered("renew", (node, month_of(ENDS, vnd=300_000, flavor="n-2x4", item=node)), pay="poc")
    wallet = replace(POC_WALLET, poc_until=ENDS + 2 * MONTH)
    given(node, wallet, *PRICES).when(renew("node-1", pay="poc")).then(*says, now=now)


def test_what_expired_when_its_poc_was_stopped_is_renewed_with_real_money_from_its_end() -> None:
    says, now = ordered("renew", (EXPIRED, month_of(TODAY - DAY)))
    given(EXPIRED, *PRICES).when(renew()).then(*says, now=now)


def test_what_expires_by_an_order_is_renewed_from_that_instant_though_its_state_is_told_later() -> None:
    stop = StopPoc(account="acme", resources=["srv-1"], pay="none")
    expired = ResourceExpired.model_validate(
        ResourceExpired.example
        | {
            "flavor": "s-1x1",
            "order": ORDER,
            "trash_until": TODAY + 7 * DAY,
            "effective_at": AT,
            "version": 4,
        }
    )
    case = given(ON_POC, *PRICES).when(stop, expired, renew())
    lines = [each.line for each in case.decisions[-1].changes if isinstance(each, OrderLine)]
    assert lines == [month_of(TODAY)]


def test_a_poc_resource_that_ends_with_its_wallet_cannot_be_renewed_from_it() -> None:
    wallet = replace(POC_WALLET, poc_until=ENDS)
    ask = renew(pay="poc")
    given(ON_POC, wallet, *PRICES).when(ask).then(refused(ask, "renew", Reason.UNTIL_NOT_LATER))


@pytest.mark.parametrize(
    "item",
    [
        replace(SERVER, status="creating"),
        replace(SERVER, until=None),
        replace(SERVER, status="released"),
        TRASHED,
        NODE,
        replace(NODE, status="grace", until=ENDS),
        replace(EXPIRED, trash_until=TODAY),
        replace(EXPIRED, trash_until=None),
        replace(EXPIRED, kind="k8s_node"),
    ],
)
def test_what_has_no_period_to_go_on_from_cannot_be_renewed(item: Item) -> None:
    ask = renew(item.resource)
    given(item, *PRICES).when(ask).then(refused(ask, "renew", Reason.NOT_RENEWABLE))


def test_what_was_bought_and_never_came_to_be_is_unknown() -> None:
    item = replace(SERVER, version=0, status="released")
    given(item, *PRICES).when(renew()).then(refused(renew(), "renew", Reason.RESOURCE_UNKNOWN))


def test_a_renewal_is_not_paid_by_nothing() -> None:
    ask = renew(pay="none")
    given(SERVER, *PRICES).when(ask).then(refused(ask, "renew", Reason.PAY_NOT_AVAILABLE))


@pytest.mark.parametrize(
    ("item", "pay", "reason"),
    [
        (ON_POC, "credit", Reason.PAY_BY_POC),
        (ON_POC, "hold", Reason.PAY_BY_POC),
        (SERVER, "poc", Reason.PAY_BY_CREDIT),
        (SERVER, "hold", Reason.PAY_BY_CREDIT),
        (EXPIRED, "poc", Reason.PAY_BY_CREDIT),
    ],
)
def test_the_poc_wallet_pays_poc_resources_and_they_are_paid_from_it_only(
    item: Item, pay: Pay, reason: Reason
) -> None:
    ask = renew(pay=pay)
    given(item, POC_WALLET, *PRICES).when(ask).then(refused(ask, "renew", reason))


def test_of_two_resources_one_that_cannot_be_renewed_refuses_both() -> None:
    ask = renew("srv-1", "srv-2")
    trashed = replace(SECOND, status="trash")
    given(SERVER, trashed, *PRICES).when(ask).then(refused(ask, "renew", Reason.NOT_RENEWABLE))


BUSY = replace(SERVER, account="other", open_order="o-1", status="trash")
FAR = datetime(9999, 12, 31, tzinfo=UTC)
BOTH: dict[str, Any] = {"months": 1, "until": ENDS, "coupon": "SAVE"}
DEAR = replace(SERVER, flavor="dear", quantity=2)
# More than a gateway takes.
MANY = replace(SERVER, quantity=300)
# Wrong in every way that can be wrong together from this reason on.
WRONG_FROM_HERE_ON: list[tuple[list[Entity], Renew, Reason]] = [
    ([BUSY], renew("srv-1", "srv-1", "srv-9", pay="none", **BOTH), Reason.RESOURCE_TWICE),
    ([BUSY], renew("srv-1", "srv-9", pay="none", **BOTH), Reason.RESOURCE_UNKNOWN),
    ([BUSY], renew(pay="none", **BOTH), Reason.NOT_OWNER),
    ([replace(BUSY, account="acme")], renew(pay="none", **BOTH), Reason.PAY_NOT_AVAILABLE),
    ([replace(BUSY, account="acme")], renew(pay="poc", **BOTH), Reason.RESOURCE_BUSY),
    ([TRASHED], renew(pay="poc", **BOTH), Reason.NOT_RENEWABLE),
    ([ON_POC], renew(**BOTH), Reason.PAY_BY_POC),
    ([SERVER], renew(pay="poc", **BOTH), Reason.PAY_BY_CREDIT),
    ([ON_POC], renew(pay="poc", **BOTH), Reason.POC_NOT_GRANTED),
    ([ON_POC, replace(POC_WALLET, poc_until=TODAY)], renew(pay="poc", **BOTH), Reason.POC_ENDED),
    ([SERVER], renew(months=None, coupon="SAVE"), Reason.PERIOD_MISSING),
    ([SERVER], renew(**BOTH), Reason.PERIOD_TWICE),
    ([SERVER], renew(until=ENDS + timedelta(seconds=59), coupon="SAVE"), Reason.UNTIL_NOT_LATER),
    ([SERVER], renew(until=FAR, coupon="SAVE"), Reason.UNTIL_TOO_FAR),
    ([replace(SERVER, flavor="s-1x1+unpriced")], renew(coupon="SAVE"), Reason.PRICE_UNKNOWN),
    ([DEAR, *PRICES], renew(coupon="SAVE"), Reason.AMOUNT_TOO_LARGE),
    ([SERVER, *PRICES], renew(coupon="SAVE"), Reason.COUPON_UNKNOWN),
    ([SERVER, Coupon("SAVE", 1, ("vdb",), TODAY, 1, 1), *PRICES], renew(coupon="SAVE"), Reason.COUPON_ENDED),
    ([SERVER, Coupon("SAVE", 1, ("vdb",), None, 1, 1), *PRICES], renew(coupon="SAVE"), Reason.COUPON_USED_UP),
    ([SERVER, Coupon("SAVE", 1, ("vdb",)), *PRICES], renew(coupon="SAVE"), Reason.COUPON_NOT_FOR_THIS),
    ([MANY, *PRICES], renew(pay="gateway"), Reason.GATEWAY_UNKNOWN),
    ([MANY, *PRICES], renew(pay="on_behalf", gateway="momo"), Reason.PAYER_MISSING),
    ([MANY, *PRICES], renew(pay="gateway", gateway="momo"), Reason.AMOUNT_NOT_PAYABLE),
]


@pytest.mark.parametrize(("known", "ask", "reason"), WRONG_FROM_HERE_ON, ids=lambda each: str(each)[:30])
def test_a_renewal_is_refused_for_the_first_reason_that_applies(
    known: list[Entity], ask: Renew, reason: Reason
) -> None:
    given(*known).when(ask).then(refused(ask, "renew", reason))


def test_a_renewal_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in WRONG_FROM_HERE_ON) == REFUSALS[Renew]
