"""Orders of which some is paid from outside: credit set aside meanwhile, and the charge, when the money is there.

What is set aside is held: it is a part of the credit wallet that pays for nothing else, also not for a debt.
"""

from __future__ import annotations

from services.hold.reasons import Reason
from services.hold.reserve import Reserve, reserve_key
from services.hold.rules.answers import answered, refused
from services.hold.rules.balancing import balanced, changes
from services.hold.rules.booking import transaction
from services.hold.state import (
    Account,
    Charge,
    Deposit,
    Entry,
    Transaction,
    charge_key,
    deposit_key,
    is_reference,
)
from shared.contracts import reserving as says
from shared.contracts.charges import Charged, ChargeRefused
from shared.contracts.message import MOST_VND
from shared.contracts.reserving import FreeReserve, PlacePayment, ReserveCredit
from shared.engine.decision import Cause, Decision, Known, changed, said


def reserve_credit(ask: ReserveCredit, known: Known, cause: Cause) -> Decision:
    """As much of the available credit as there is, and once for an order. No money moves."""
    account = known.get(Account, ask.account)
    if account is None:
        return refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    if ask.amount < 0:
        return refused(ask, Reason.AMOUNT_NEGATIVE, cause)
    before = known.get(Reserve, reserve_key(ask.account, ask.order))
    if before is not None:
        return said(answered(says.CreditReserved, ask, amount=before.asked, reserved=before.amount))
    amount = max(0, min(ask.amount, account.credit.available))
    reserve = Reserve(ask.account, ask.order, ask.amount, amount, amount)
    reserved = answered(says.CreditReserved, ask, reserved=amount)
    if amount == 0:
        return changed(reserve, says=(reserved,))
    return changed(_holding(account, amount), reserve, says=(reserved,))


def free_reserve(ask: FreeReserve, known: Known, cause: Cause) -> Decision:
    """All of it that is left; what is short of credit is held for first."""
    account = known.get(Account, ask.account)
    if account is None:
        return refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    reserve = known.get(Reserve, reserve_key(ask.account, ask.order))
    if reserve is None or reserve.left == 0:
        return said(answered(says.ReserveFreed, ask, freed=0))
    after = balanced(_holding(account, -reserve.left))
    freed = answered(says.ReserveFreed, ask, freed=reserve.left)
    return changed(*changes(account, after), reserve.emptied(), says=(freed,))


def place_payment(ask: PlacePayment, known: Known, cause: Cause) -> Decision:
    """What was received and what was set aside pay the order, in one decision: in between nobody can take either."""
    account = known.get(Account, ask.account)
    if account is None:
        return _refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    charge = known.get(Charge, charge_key(ask.account, ask.order))
    if charge is not None and (charge.wallet, charge.amount) == ("credit", ask.amount):
        return said(answered(Charged, ask.as_charge()))
    reserve = known.get(Reserve, reserve_key(ask.account, ask.order))
    left = reserve.left if reserve is not None else 0
    if charge is not None:
        return _refused(ask, Reason.CHARGED_OTHERWISE, cause)
    if (reason := _why_not(ask, account, left, known)) is not None:
        return _refused(ask, reason, cause, ask.amount - ask.received - left)
    paid, booked = _paid(ask, _holding(account, -left), cause)
    # What was received beyond the price is credit, and held first for what is short of it.
    after = balanced(paid)
    spent = () if reserve is None else (reserve.emptied(),)
    deposit = (Deposit(ask.account, ask.reference),) if ask.received else ()
    new = Charge(ask.account, ask.order, "credit", ask.amount)
    says_ = (answered(Charged, ask.as_charge()),)
    return changed(*changes(account, after), new, *spent, *deposit, adds=booked, says=says_)


def _why_not(ask: PlacePayment, account: Account, left: int, known: Known) -> Reason | None:
    if ask.amount <= 0 or ask.received < 0:
        return Reason.AMOUNT_NOT_POSITIVE
    if not is_reference(ask.reference):
        return Reason.REFERENCE_INVALID
    if known.get(Deposit, deposit_key(ask.account, ask.reference)) is not None:
        return Reason.REFERENCE_USED
    if account.credit.total + ask.received > MOST_VND:
        return Reason.BALANCE_TOO_LARGE
    return Reason.CREDIT_SHORT if ask.received + left < ask.amount else None


def _paid(ask: PlacePayment, account: Account, cause: Cause) -> tuple[Account, tuple[Transaction, ...]]:
    booked: tuple[Transaction, ...] = ()
    if ask.received:
        credit = account.credit.plus(ask.received)
        account = account.moved_credit(credit)
        entries = (Entry("credit", ask.received, credit.total), Entry("bank", -ask.received))
        booked = (transaction("deposit", account, cause, entries, ask.reference),)
    credit = account.credit.plus(-ask.amount)
    account = account.moved_credit(credit)
    entries = (Entry("credit", -ask.amount, credit.total), Entry("sales", ask.amount))
    return account, (*booked, transaction("charge", account, cause, entries, ask.order))


def _holding(account: Account, amount: int) -> Account:
    """With so much more of the credit held, for no product."""
    return Account(
        *(account.id, account.mode, account.email, account.credit.holding(amount), account.poc),
        *(account.transactions, account.holds),
    )


def _refused(ask: PlacePayment, reason: Reason, cause: Cause, missing: int = 0) -> Decision:
    short = missing if reason is Reason.CREDIT_SHORT else 0
    why = {"reason": reason.value, "explanation": reason.sentence, "effective_at": cause.at}
    return said(ChargeRefused.model_validate(dict(ask.as_charge()) | why | {"missing": short}))
