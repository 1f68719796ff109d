"""What things cost: a line from the prices that stand, its item discount, and its share of a coupon. Pure.

Whatever is too large to be told exactly is refused, not priced.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from services.checkout.reasons import Reason
from services.checkout.state import Coupon, Price, PriceVersion, price_key
from shared import catalogue, metering, money
from shared.contracts.message import MOST_VND
from shared.contracts.parts import Kind, Line, Metered, Part, PartPrice, Per
from shared.engine.decision import Known
from shared.metering import Rate
from shared.period import MONTH, minutes_between, months_after, to_minute

# Nothing is bought, and no price published, further ahead: ten years and some days.
MOST_MONTHS_AHEAD: Final = 122
_MONTH_HOURS: Final = MONTH // 60


class Thing(NamedTuple):
    """What is priced."""

    resource: str
    kind: Kind
    flavor: str
    quantity: int


class Period(NamedTuple):
    """From when until when, to the minute."""

    starts: datetime
    until: datetime


def period_from(
    starts: datetime, months: int | None, until: datetime | None, at: datetime
) -> Period | Reason:
    """From `starts` for so many months or until an instant, not both; never ending more than ten years after `at`."""
    if months is None and until is None:
        return Reason.PERIOD_MISSING
    if months is not None and until is not None:
        return Reason.PERIOD_TWICE
    starts = to_minute(starts)
    furthest = months_after(at, MOST_MONTHS_AHEAD)
    if until is None:
        # Compared before it is added up: there is a last instant, and no rule may meet it.
        if starts > furthest:
            return Reason.UNTIL_TOO_FAR
        until = months_after(starts, months or 0)
    until = to_minute(until)
    if until <= starts:
        return Reason.UNTIL_NOT_LATER
    return Reason.UNTIL_TOO_FAR if until > furthest else Period(starts, until)


def line_for(
    thing: Thing, period: Period, known: Known, at: datetime, *, carried: int = 0, discounted: bool = True
) -> Line | Reason:
    """The thing for that period at the prices that stand at `at`, each part rounded by itself; less what is carried
    over from what it replaces. Nothing is `discounted` for the POC wallet."""
    minutes = minutes_between(period.starts, period.until)
    parts = []
    for flavor in thing.flavor.split("+"):
        price = _price(thing.kind, flavor, known, at)
        if isinstance(price, Reason):
            return price
        vnd = price.vnd if price.per == "30d" else price.vnd * _MONTH_HOURS
        amount = money.prorated(vnd, thing.quantity, minutes)
        if max(vnd, amount) > MOST_VND:
            return Reason.AMOUNT_TOO_LARGE
        percent = price.discount if discounted else 0
        off = money.share(amount, percent, 100)
        parts.append(Part(flavor=flavor, vnd=vnd, amount=amount, discount_percent=percent, discount=off))
    gross, discount = sum(part.amount for part in parts), sum(part.discount for part in parts)
    if gross > MOST_VND:
        return Reason.AMOUNT_TOO_LARGE
    return Line(
        **thing._asdict(),
        starts=period.starts,
        until=period.until,
        minutes=minutes,
        parts=parts,
        gross=gross,
        discount=discount,
        carried=carried,
        amount=gross - discount - carried,
    )


def metered_for(thing: Thing, known: Known, at: datetime, *, held: bool = True) -> Metered | Reason:
    """The thing at the price that stands at `at`, paid by its use, and what three days of it cost where that is `held`."""
    parts = []
    for flavor in thing.flavor.split("+"):
        price = _price(thing.kind, flavor, known, at)
        if isinstance(price, Reason):
            return price
        parts.append(PartPrice(flavor=flavor, vnd=price.vnd, discount_percent=price.discount))
    unit, per = sum(part.vnd for part in parts), _per(thing.kind)
    # One part at its full price says nothing more than the price.
    told = parts if len(parts) > 1 or parts[0].discount_percent else []
    estimate = metering.estimate(
        Rate(unit, thing.quantity, per, tuple(told)), catalogue.of(thing.kind).held_days
    )
    if max(unit, estimate) > MOST_VND:
        return Reason.AMOUNT_TOO_LARGE
    return Metered(**thing._asdict(), vnd=unit, per=per, estimate=estimate if held else 0, parts=told)


def estimate_of(metered: Metered) -> int:
    """What the next days of it cost at its own price, in the size it has now: so much is held for it."""
    days = catalogue.of(metered.kind).held_days
    return min(metering.estimate(metering.rate_of(metered), days), MOST_VND)


def _per(kind: Kind) -> Per:
    return "gb_hour" if _is_by_size(kind) else "30d"


def _price(kind: Kind, flavor: str, known: Known, at: datetime) -> PriceVersion | Reason:
    """What one part costs; of what is measured by its size, per GB and hour, and of nothing else."""
    price = known.get(Price, price_key(kind, flavor))
    version = price.at(at) if price else None
    if version is None or (version.per == "gb_hour") != _is_by_size(kind):
        return Reason.PRICE_UNKNOWN
    return version


def _is_by_size(kind: Kind) -> bool:
    return catalogue.of(kind).metered_by == "gb_hour"


def is_for(coupon: Coupon, kind: Kind) -> bool:
    """Whether the coupon lowers what a thing of that kind costs."""
    flags = catalogue.of(kind)
    return flags.coupon and (not coupon.products or flags.product in coupon.products)


def why_not_coupon(code: str, kinds: Sequence[Kind], known: Known, at: datetime) -> Reason | None:
    """Why that coupon lowers nothing of these, if so."""
    coupon = known.get(Coupon, code)
    if coupon is None:
        return Reason.COUPON_UNKNOWN
    if coupon.until is not None and coupon.until <= at:
        return Reason.COUPON_ENDED
    if coupon.uses is not None and coupon.used >= coupon.uses:
        return Reason.COUPON_USED_UP
    if not any(is_for(coupon, kind) for kind in kinds):
        return Reason.COUPON_NOT_FOR_THIS
    return None


def lowered(lines: Sequence[Line], coupon: Coupon) -> list[Line]:
    """The lines less their shares of the coupon: by value after the item discount, exact, and no more than that."""
    worth = [max(line.amount, 0) if is_for(coupon, line.kind) else 0 for line in lines]
    shares = money.split(min(coupon.amount, sum(worth)), worth)
    return [
        line.model_copy(update={"coupon": share, "amount": line.amount - share}) if share else line
        for line, share in zip(lines, shares, strict=True)
    ]
