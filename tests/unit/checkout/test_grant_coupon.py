"""GrantCoupon."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.checkout.reasons import REFUSALS, Reason
from services.checkout.rules.coupons import grant_coupon
from services.checkout.state import Coupon
from shared.contracts.checkout import GrantCoupon
from shared.contracts.orders import CouponGranted, CouponRefused
from shared.engine.decision import Entity
from tests.support.spec import Spec
from tests.unit.checkout.instants import AT, DAY, TODAY, TOMORROW, YESTERDAY

given = Spec("checkout", {GrantCoupon: grant_coupon}, AT).given


def grant(**said: Any) -> GrantCoupon:
    return GrantCoupon.model_validate({"code": "SAVE", "amount": 150_000} | said)


def refused(reason: Reason) -> CouponRefused:
    return CouponRefused(code="SAVE", reason=reason.value, explanation=reason.sentence, effective_at=AT)


def test_a_coupon_is_for_every_product_for_ever_and_for_any_number_of_orders_where_nothing_else_is_said() -> (
    None
):
    given().when(grant()).then(
        CouponGranted(code="SAVE", amount=150_000, products=[], effective_at=AT),
        now=[Coupon("SAVE", 150_000)],
    )


def test_a_coupon_has_products_each_once_an_end_to_the_minute_and_so_many_uses() -> None:
    ask = grant(products=["vdb", "vserver", "vdb"], until=TOMORROW + timedelta(seconds=59), uses=3)
    given().when(ask).then(
        CouponGranted(
            code="SAVE", amount=150_000, products=["vdb", "vserver"], until=TOMORROW, uses=3, effective_at=AT
        ),
        now=[Coupon("SAVE", 150_000, ("vdb", "vserver"), TOMORROW, 3)],
    )


def test_a_coupon_asked_for_again_is_refused_and_keeps_its_uses() -> None:
    given(Coupon("SAVE", 150_000, uses=1, used=1)).when(grant(uses=1)).then(refused(Reason.COUPON_EXISTS))


@pytest.mark.parametrize("amount", [0, -1])
def test_a_coupon_of_nothing_is_refused(amount: int) -> None:
    given().when(grant(amount=amount)).then(refused(Reason.AMOUNT_NOT_POSITIVE))


@pytest.mark.parametrize("until", [YESTERDAY, TODAY, AT])
def test_a_coupon_that_has_ended_by_the_minute_is_refused(until: datetime) -> None:
    given().when(grant(until=until)).then(refused(Reason.UNTIL_NOT_FUTURE))


# Wrong in every way that can be wrong together from this reason on.
WRONG_FROM_HERE_ON: list[tuple[list[Entity], dict[str, Any], Reason]] = [
    ([Coupon("SAVE", 1)], {"amount": 0, "until": YESTERDAY}, Reason.COUPON_EXISTS),
    ([], {"amount": 0, "until": YESTERDAY}, Reason.AMOUNT_NOT_POSITIVE),
    ([], {"until": TODAY - 3_000 * DAY}, Reason.UNTIL_NOT_FUTURE),
]


@pytest.mark.parametrize(("known", "wrong", "reason"), WRONG_FROM_HERE_ON)
def test_a_coupon_is_refused_for_the_first_reason_that_applies(
    known: list[Entity], wrong: dict[str, Any], reason: Reason
) -> None:
    given(*known).when(grant(**wrong)).then(refused(reason))


def test_a_coupon_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in WRONG_FROM_HERE_ON) == REFUSALS[GrantCoupon]
