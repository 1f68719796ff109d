"""Credit set aside for metered products: held when an order asks for it, let go when less of it is needed."""

from __future__ import annotations

from services.hold.reasons import Reason
from services.hold.rules.answers import answered, refused
from services.hold.state import Account, OrderHold, ProductHold, order_hold_key
from shared.contracts import charges as says
from shared.contracts.charges import PlaceHold, ReleaseHold
from shared.contracts.hold import MOST_HOLDS
from shared.contracts.message import MOST_VND
from shared.engine.decision import Cause, Decision, Entity, Known, changed, said


def place_hold(ask: PlaceHold, known: Known, cause: Cause) -> Decision:
    """So much more of the available credit held for the product, or nothing. No money moves."""
    account = known.get(Account, ask.account)
    if account is None:
        return refused(ask, Reason.ACCOUNT_UNKNOWN, cause, missing=0)
    if (before := known.get(OrderHold, order_hold_key(ask.account, ask.order, ask.product))) is not None:
        if before.amount != ask.amount:
            return refused(ask, Reason.HELD_OTHERWISE, cause, missing=0)
        return said(answered(says.HoldPlaced, ask))
    if (reason := _why_not_hold(ask, account)) is not None:
        short = min(ask.amount - account.credit.available, MOST_VND) if reason is Reason.CREDIT_SHORT else 0
        return refused(ask, reason, cause, missing=short)
    hold = (account.hold_for(ask.product) or ProductHold(ask.account, ask.product)).more(ask.amount)
    order_hold = OrderHold(ask.account, ask.order, ask.product, ask.amount)
    return changed(account.holding(hold), hold, order_hold, says=(answered(says.HoldPlaced, ask),))


def release_hold(ask: ReleaseHold, known: Known, cause: Cause) -> Decision:
    """So much less held for the product: of what that order held, where one is named. No money moves."""
    found = _to_release(ask, known)
    if isinstance(found, Reason):
        return refused(ask, found, cause)
    account, hold, order_hold = found
    hold = hold.less(ask.amount)
    changes: tuple[Entity, ...] = (account.holding(hold), hold)
    if order_hold is not None:
        changes = (*changes, order_hold.less(ask.amount))
    return changed(*changes, says=(answered(says.HoldReleased, ask),))


def _why_not_hold(ask: PlaceHold, account: Account) -> Reason | None:
    if ask.amount < 0:
        return Reason.AMOUNT_NEGATIVE
    if len(account.holds) >= MOST_HOLDS and account.hold_for(ask.product) is None:
        return Reason.HOLDS_TOO_MANY
    # Nothing is held for what costs nothing, whatever the wallet's debt.
    if 0 < ask.amount > account.credit.available:
        return Reason.CREDIT_SHORT
    return None


def _to_release(ask: ReleaseHold, known: Known) -> tuple[Account, ProductHold, OrderHold | None] | Reason:
    account = known.get(Account, ask.account)
    if account is None:
        return Reason.ACCOUNT_UNKNOWN
    if ask.amount <= 0:
        return Reason.AMOUNT_NOT_POSITIVE
    hold = account.hold_for(ask.product)
    order_hold = None
    if ask.order is not None:
        order_hold = known.get(OrderHold, order_hold_key(ask.account, ask.order, ask.product))
    if hold is None or (ask.order is not None and order_hold is None):
        return Reason.HOLD_UNKNOWN
    if ask.amount > (hold.estimate if order_hold is None else min(order_hold.left, hold.estimate)):
        return Reason.MORE_THAN_HELD
    return account, hold, order_hold
