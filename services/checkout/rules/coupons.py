"""Coupons: an amount over one order, made once under its code.

What a coupon is for and how long is checked when an order uses it; here only that it can ever lower one.
"""

from __future__ import annotations

from services.checkout.reasons import Reason
from services.checkout.state import Coupon
from shared.contracts.checkout import GrantCoupon
from shared.contracts.orders import CouponGranted, CouponRefused
from shared.engine.decision import Cause, Decision, Known, changed, said
from shared.period import to_minute


def grant_coupon(ask: GrantCoupon, known: Known, cause: Cause) -> Decision:
    """A coupon of that code. Asked again, even for the same, it is refused: orders may have used it since."""
    if (reason := _why_not(ask, known, cause)) is not None:
        return _refused(ask, reason, cause)
    coupon = Coupon(
        ask.code,
        ask.amount,
        products=tuple(dict.fromkeys(ask.products)),
        until=None if ask.until is None else to_minute(ask.until),
        uses=ask.uses,
    )
    return changed(coupon, says=(_granted(coupon, cause),))


def _why_not(ask: GrantCoupon, known: Known, cause: Cause) -> Reason | None:
    if known.get(Coupon, ask.code) is not None:
        return Reason.COUPON_EXISTS
    if ask.amount <= 0:
        return Reason.AMOUNT_NOT_POSITIVE
    if ask.until is not None and to_minute(ask.until) <= cause.at:
        return Reason.UNTIL_NOT_FUTURE
    return None


def _granted(coupon: Coupon, cause: Cause) -> CouponGranted:
    return CouponGranted(
        code=coupon.code,
        amount=coupon.amount,
        products=list(coupon.products),
        until=coupon.until,
        uses=coupon.uses,
        effective_at=cause.at,
    )


def _refused(ask: GrantCoupon, reason: Reason, cause: Cause) -> Decision:
    return said(
        CouponRefused(code=ask.code, reason=reason.value, explanation=reason.sentence, effective_at=cause.at)
    )
