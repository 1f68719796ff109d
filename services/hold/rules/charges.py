"""Orders: paid out of one wallet, once each, and what is given back of what was paid and not had."""

from __future__ import annotations

from typing import Final

from services.hold.reasons import Reason
from services.hold.rules.answers import answered, refused
from services.hold.rules.balancing import balanced, changes
from services.hold.rules.booking import poc_expiry, transaction
from services.hold.rules.ending import time_passed
from services.hold.state import Account, Charge, Entry, PocWallet, Transaction, charge_key
from shared.contracts import charges as says
from shared.contracts.charges import GiveBack, PlaceCharge
from shared.contracts.message import MOST_VND
from shared.engine.decision import Cause, Decision, Known, changed, said

_SHORT: Final = (Reason.CREDIT_SHORT, Reason.POC_SHORT)

Moved = tuple[Account, tuple[Transaction, ...]]


def place_charge(ask: PlaceCharge, known: Known, cause: Cause) -> Decision:
    """The whole of an order's price out of one wallet, or nothing. What is held pays for nothing else."""
    account = known.get(Account, ask.account)
    if account is None:
        return refused(ask, Reason.ACCOUNT_UNKNOWN, cause, missing=0)
    if (before := known.get(Charge, charge_key(ask.account, ask.order))) is not None:
        if (before.wallet, before.amount) != (ask.wallet, ask.amount):
            return refused(ask, Reason.CHARGED_OTHERWISE, cause, missing=0)
        return said(answered(says.Charged, ask))
    if (reason := _why_not_charge(ask, account, cause)) is not None:
        short = (
            min(ask.amount - _spendable(ask, account) + _owed(ask, account), MOST_VND)
            if reason in _SHORT
            else 0
        )
        return refused(ask, reason, cause, missing=short)
    after, booked = _paid(ask, account, cause) if ask.amount else (account, ())
    charge = Charge(ask.account, ask.order, ask.wallet, ask.amount)
    return changed(after, charge, adds=booked, says=(answered(says.Charged, ask),))


def give_back(ask: GiveBack, known: Known, cause: Cause) -> Decision:
    """Back into the wallet it was paid from: credit is held first for what is short of it. A POC wallet that has ended takes
    it too, and it expires at once."""
    account = known.get(Account, ask.account)
    if account is None:
        return refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    charge = _charge_behind(ask, known)
    if (reason := _why_not_give(ask, charge, account)) is not None:
        return refused(ask, reason, cause)
    of_charge = () if charge is None else (charge.less(ask.amount),)
    if ask.wallet == "poc":
        passed = time_passed(account, cause.at, cause)
        after, booked = _refunded(ask, passed.account, cause)
        after, expiry = poc_expiry(after, cause.at, cause) if _poc(after).ended else (after, ())
        given = answered(says.GivenBack, ask, expired=bool(expiry))
        return changed(after, *of_charge, adds=(*passed.booked, *booked, *expiry), says=(*passed.says, given))
    after, booked = _refunded(ask, account, cause)
    given = answered(says.GivenBack, ask, expired=False)
    return changed(*changes(account, balanced(after)), *of_charge, adds=booked, says=(given,))


def _why_not_charge(ask: PlaceCharge, account: Account, cause: Cause) -> Reason | None:
    if ask.amount < 0:
        return Reason.AMOUNT_NEGATIVE
    if ask.wallet == "poc" and (reason := _why_not_poc(account, cause)) is not None:
        return reason
    # Nothing is owed for what costs nothing, whatever the wallet's debt.
    if 0 < ask.amount > _spendable(ask, account):
        return Reason.POC_SHORT if ask.wallet == "poc" else Reason.CREDIT_SHORT
    return None


def _why_not_poc(account: Account, cause: Cause) -> Reason | None:
    if account.mode == "postpaid":
        return Reason.ACCOUNT_POSTPAID
    if account.poc is None:
        return Reason.POC_NOT_GRANTED
    return Reason.POC_ENDED if account.poc.ended_by(cause.at) else None


def _spendable(ask: PlaceCharge, account: Account) -> int:
    return _poc(account).left if ask.wallet == "poc" else account.credit.available


def _owed(ask: PlaceCharge, account: Account) -> int:
    """What is topped up is held for the debt first: that much more would have to be there."""
    return account.debt if ask.wallet == "credit" else 0


def _paid(ask: PlaceCharge, account: Account, cause: Cause) -> Moved:
    if ask.wallet == "poc":
        poc = _poc(account).spending(ask.amount)
        after = account.moved_poc(poc)
        entries = (Entry("poc", -ask.amount, poc.left), Entry("poc_used", ask.amount))
        return after, (transaction("poc_charge", after, cause, entries, ask.order),)
    credit = account.credit.plus(-ask.amount)
    after = account.moved_credit(credit)
    entries = (Entry("credit", -ask.amount, credit.total), Entry("sales", ask.amount))
    return after, (transaction("charge", after, cause, entries, ask.order),)


def _refunded(ask: GiveBack, account: Account, cause: Cause) -> Moved:
    reference = ask.order or ask.resource
    if ask.wallet == "poc":
        poc = _poc(account).refunding(ask.amount)
        after = account.moved_poc(poc)
        entries = (Entry("poc", ask.amount, poc.left), Entry("poc_used", -ask.amount))
        return after, (transaction("poc_refund", after, cause, entries, reference),)
    credit = account.credit.plus(ask.amount)
    after = account.moved_credit(credit)
    entries = (Entry("credit", ask.amount, credit.total), Entry("sales", -ask.amount))
    return after, (transaction("refund", after, cause, entries, reference),)


def _charge_behind(ask: GiveBack, known: Known) -> Charge | None:
    """The charge it is a part of. The rest of a resource is none of an order's: many may have paid for it."""
    if ask.why == "unused" or ask.order is None:
        return None
    return known.get(Charge, charge_key(ask.account, ask.order))


def _why_not_give(ask: GiveBack, charge: Charge | None, account: Account) -> Reason | None:
    if ask.amount <= 0:
        return Reason.AMOUNT_NOT_POSITIVE
    if ask.why != "unused" and (reason := _why_not_of_charge(ask, charge)) is not None:
        return reason
    if ask.wallet == "poc":
        return _why_not_into_poc(ask, account)
    return Reason.BALANCE_TOO_LARGE if account.credit.total + ask.amount > MOST_VND else None


def _why_not_of_charge(ask: GiveBack, charge: Charge | None) -> Reason | None:
    if ask.order is None:
        return Reason.ORDER_MISSING
    if charge is None:
        return Reason.CHARGE_UNKNOWN
    if charge.wallet != ask.wallet:
        return Reason.WALLET_DIFFERS
    return Reason.MORE_THAN_CHARGED if ask.amount > charge.left else None


def _why_not_into_poc(ask: GiveBack, account: Account) -> Reason | None:
    if account.mode == "postpaid":
        return Reason.ACCOUNT_POSTPAID
    if account.poc is None:
        return Reason.POC_NOT_GRANTED
    return Reason.MORE_THAN_SPENT if account.poc.refunded + ask.amount > account.poc.spent else None


def _poc(account: Account) -> PocWallet:
    assert account.poc is not None, "a refusal comes first"
    return account.poc
