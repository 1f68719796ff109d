"""Credit set aside for orders of metered products: in reserve until the resources they bring are held for themselves."""

from __future__ import annotations

from services.hold.held import OrderHold, order_hold_key
from services.hold.reasons import Reason
from services.hold.rules.answers import answered, refused
from services.hold.rules.balancing import balanced, changes, hold_of
from services.hold.state import Account
from shared.contracts import charges as says
from shared.contracts.charges import PlaceHold, ReleaseHold
from shared.contracts.hold import MOST_HOLDS
from shared.contracts.message import MOST_VND
from shared.engine.decision import Cause, Decision, Known, changed, said


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
        is_short = reason is Reason.CREDIT_SHORT
        # What is topped up is held for the debt first: that much more would have to be there.
        missing = min(ask.amount - account.credit.available + account.debt, MOST_VND) if is_short else 0
        return refused(ask, reason, cause, missing=missing)
    after = balanced(
        account.holding(hold_of(account, ask.product).needed_from(cause.at).reserving(ask.amount))
    )
    order_hold = OrderHold(ask.account, ask.order, ask.product, ask.amount)
    return changed(*changes(account, after), order_hold, says=(answered(says.HoldPlaced, ask),))


def release_hold(ask: ReleaseHold, known: Known, cause: Cause) -> Decision:
    """So much less held for the product, of what that order has in reserve. No money moves."""
    found = _to_release(ask, known)
    if isinstance(found, Reason):
        return refused(ask, found, cause)
    account, order_hold = found
    after = balanced(account.holding(hold_of(account, ask.product).reserving(-ask.amount)))
    return changed(
        *changes(account, after), order_hold.less(ask.amount), says=(answered(says.HoldReleased, ask),)
    )


def _why_not_hold(ask: PlaceHold, account: Account) -> Reason | None:
    if ask.amount < 0:
        return Reason.AMOUNT_NEGATIVE
    if len(account.holds) >= MOST_HOLDS and account.hold_for(ask.product) is None:
        return Reason.HOLDS_TOO_MANY
    # Nothing is held for what costs nothing, whatever the wallet's debt.
    if 0 < ask.amount > account.credit.available:
        return Reason.CREDIT_SHORT
    return None


def _to_release(ask: ReleaseHold, known: Known) -> tuple[Account, OrderHold] | Reason:
    account = known.get(Account, ask.account)
    if account is None:
        return Reason.ACCOUNT_UNKNOWN
    if ask.amount <= 0:
        return Reason.AMOUNT_NOT_POSITIVE
    order_hold = known.get(OrderHold, order_hold_key(ask.account, ask.order, ask.product))
    if order_hold is None:
        return Reason.HOLD_UNKNOWN
    return Reason.MORE_THAN_HELD if ask.amount > order_hold.left else (account, order_hold)
