"""What hold answers an order's payment: it is paid and being done, or called off. Each answer counts once, however
often it comes; what comes for an order that was called off meanwhile is given back."""

from __future__ import annotations

from typing import Final

from services.checkout.rules.cancelling import called_off, lines_of
from services.checkout.rules.fulfilment import begun
from services.checkout.state import Held, Order
from shared.contracts.charges import (
    Charged,
    ChargeRefused,
    GiveBack,
    HoldPlaced,
    HoldRefused,
    ReleaseHold,
)
from shared.engine.decision import Cause, Decision, Known, changed

NOTHING: Final = Decision()


def charged(event: Charged, known: Known, cause: Cause) -> Decision:
    """Paid: it is being done. Called off meanwhile: the money goes back where it came from."""
    order = known.get(Order, event.order)
    if order is None or order.received or order.pay == "hold":
        return NOTHING
    if order.status == "cancelled":
        back = GiveBack(
            account=order.account,
            wallet=event.wallet,
            amount=order.total,
            why="order_cancelled",
            order=order.id,
            effective_at=cause.at,
        )
        return changed(order.having(received=order.total, given_back=order.total), says=(back,))
    if order.status != "awaiting_payment":
        return NOTHING
    return _begun(order.having(received=order.total), known, cause, order.version)


def charge_refused(event: ChargeRefused, known: Known, cause: Cause) -> Decision:
    """Not paid: called off, and everything is as before."""
    order = known.get(Order, event.order)
    if order is None or order.status != "awaiting_payment" or order.pay == "hold":
        return NOTHING
    return called_off(order, known, cause, (event.reason, event.explanation, event.missing))


def hold_placed(event: HoldPlaced, known: Known, cause: Cause) -> Decision:
    """Held for one product; when it is for all, the order is being done. Called off meanwhile: it is let go."""
    order = known.get(Order, event.order)
    if order is None or _hold(order, event.product) is None:
        return NOTHING
    held = order.having(
        holds=tuple(
            each._replace(placed=each.placed or each.product == event.product) for each in order.holds
        )
    )
    if order.status == "cancelled":
        return changed(held, says=(_release(event, cause),))
    if not all(hold.placed for hold in held.holds):
        return changed(held, says=())
    return _begun(held, known, cause, order.version)


def hold_refused(event: HoldRefused, known: Known, cause: Cause) -> Decision:
    """Not held for one product: called off, and what is held for the others is let go."""
    order = known.get(Order, event.order)
    if order is None or order.status != "awaiting_payment" or _hold(order, event.product) is None:
        return NOTHING
    return called_off(order, known, cause, (event.reason, event.explanation, event.missing))


def _begun(order: Order, known: Known, cause: Cause, version: int) -> Decision:
    after, says = begun(order, lines_of(order, known), cause.at)
    return changed(after.having(version=version + 1), says=says)


def _hold(order: Order, product: str) -> Held | None:
    """What the order still waits to be held for that product."""
    return next((hold for hold in order.holds if hold.product == product and not hold.placed), None)


def _release(event: HoldPlaced, cause: Cause) -> ReleaseHold:
    return ReleaseHold(
        account=event.account,
        order=event.order,
        product=event.product,
        amount=event.amount,
        effective_at=cause.at,
    )
