"""What lifecycle tells of metered resources: each change of one is counted to the minute, and what is held follows at once."""

from __future__ import annotations

from datetime import datetime

from services.hold.held import Meter, Meters, OrderHold, ProductHold, meter_key, order_hold_key, product_key
from services.hold.rules.balancing import balanced, changes, hold_of, meters_of, recounted
from services.hold.state import Account
from shared.contracts.lifecycle import OfResource, UsageReported
from shared.contracts.message import MOST_VND
from shared.engine.decision import Cause, Decision, Entity, Known
from shared.metering import Rate, rate_of

NOTHING = Decision()


def is_held_for(told: OfResource) -> bool:
    """Whether it is paid by holding credit. What is paid for otherwise, which is most, need not come as far as its rule."""
    return told.billing == "hold"


def configured(told: OfResource, known: Known, cause: Cause) -> Decision:
    """It is used in this configuration from here on. What the order had in reserve for it is held for it itself."""
    account = known.get(Account, told.account)
    if account is None or told.billing != "hold" or told.metered is None:
        return NOTHING
    before = known.get(Meter, meter_key(told.account, told.resource)) or Meter(
        told.account, told.resource, told.product, told.kind, cause.at.replace(second=0, microsecond=0)
    )
    after = before.configured(rate_of(told.metered), cause.at)
    taken = _taken(told, known)
    hold = hold_of(account, told.product).needed_from(cause.at)
    if taken is not None:
        order_hold, amount = taken
        hold = hold.reserving(-amount)
    return _changed(account, hold, before, after, known, cause.at, *(() if taken is None else (order_hold,)))


def sized(told: UsageReported, known: Known, cause: Cause) -> Decision:
    """It has been so large since the instant that was told, at the price it has."""
    meter = known.get(Meter, meter_key(told.account, told.resource))
    if meter is None or meter.rate is None or meter.rate.quantity == told.quantity:
        return NOTHING
    return _goes_on(meter, meter.rate._replace(quantity=told.quantity), min(told.at, cause.at), known, cause)


def ended(told: OfResource, known: Known, cause: Cause) -> Decision:
    """It is not used any more: its estimate is let go at once, its use is held for until it is settled."""
    meter = known.get(Meter, meter_key(told.account, told.resource))
    if meter is None or meter.rate is None:
        return NOTHING
    return _goes_on(meter, None, cause.at, known, cause)


def _goes_on(meter: Meter, rate: Rate | None, since: datetime, known: Known, cause: Cause) -> Decision:
    account = known.get(Account, meter.account)
    assert account is not None, "what is metered has an account"
    hold = hold_of(account, meter.product)
    return _changed(account, hold, meter, meter.configured(rate, since), known, cause.at)


def _changed(
    account: Account,
    hold: ProductHold,
    before: Meter,
    after: Meter,
    known: Known,
    at: datetime,
    *more: Entity,
) -> Decision:
    """The account with that meter so, its product counted anew, and as much held as is needed and there."""
    index = (
        known.get(Meters, product_key(account.id, after.product)) or Meters(account.id, after.product)
    ).having(after)
    if _is_counted(hold, at):
        until = hold.counted_until or at
        actual = hold.actual - before.used(until) + after.used(until)
        metered = hold.estimate - hold.reserved - before.estimate + after.estimate
        counted = account.holding(hold.counting(actual, metered, until))
    else:
        others = [
            meter for meter in meters_of(account.id, after.product, known) if meter.resource != after.resource
        ]
        counted = recounted(account, hold, [*others, after], at)
    return Decision((*changes(account, balanced(counted)), after, index, *more))


def _is_counted(hold: ProductHold, at: datetime) -> bool:
    """Whether all the others are counted up to this minute already: an order's resources come at one instant."""
    is_exact = max(hold.actual, hold.estimate) < MOST_VND
    return (
        is_exact
        and hold.counted_until is not None
        and hold.counted_until >= at.replace(second=0, microsecond=0)
    )


def _taken(told: OfResource, known: Known) -> tuple[OrderHold, int] | None:
    """What the order has in reserve, less what this resource takes out of it; and how much that is."""
    if told.order is None or told.metered is None:
        return None
    order_hold = known.get(OrderHold, order_hold_key(told.account, told.order, told.product))
    if order_hold is None or not (amount := min(told.metered.estimate, order_hold.left)):
        return None
    return order_hold.taking(amount), amount
