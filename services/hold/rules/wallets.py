"""Money into the wallets: topping up credit, granting and extending the POC wallet."""

from __future__ import annotations

from datetime import datetime

from services.hold.reasons import Reason
from services.hold.rules.answers import credit_said, poc_said, refused
from services.hold.rules.balancing import balanced, changes
from services.hold.rules.booking import transaction
from services.hold.rules.ending import time_passed
from services.hold.state import Account, Deposit, Entry, PocWallet, deposit_key, is_reference
from shared.contracts import hold as says
from shared.contracts.hold import ExtendPoc, GrantPoc, TopUp
from shared.contracts.message import MOST_VND
from shared.engine.decision import Cause, Decision, Known, changed


def top_up(ask: TopUp, known: Known, cause: Cause) -> Decision:
    """Real money into the credit wallet, each payment once. What is short of credit is held for first."""
    account = _account_to_top_up(ask, known)
    if isinstance(account, Reason):
        return refused(ask, account, cause)
    credit = account.credit.plus(ask.amount)
    moved = account.moved_credit(credit)
    entries = (Entry("credit", ask.amount, credit.total), Entry("bank", -ask.amount))
    after = balanced(moved)
    topped_up = says.ToppedUp(
        account=ask.account,
        amount=ask.amount,
        reference=ask.reference,
        credit=credit_said(after.credit),
        effective_at=cause.at,
    )
    return changed(
        *changes(account, after),
        Deposit(ask.account, ask.reference),
        adds=(transaction("deposit", after, cause, entries, ask.reference),),
        says=(topped_up,),
    )


def grant_poc(ask: GrantPoc, known: Known, cause: Cause) -> Decision:
    """Money for POC resources. What a wallet had left when it ended expires first: a grant does not revive it."""
    account = _account_to_grant(ask, known, cause)
    if isinstance(account, Reason):
        return refused(ask, account, cause)
    until = _to_minute(ask.until)
    passed = time_passed(account, cause.at, cause)
    account = passed.account
    poc = (account.poc or PocWallet(until)).plus(ask.amount, until, cause.at)
    after = account.moved_poc(poc)
    entries = (Entry("poc", ask.amount, poc.left), Entry("poc_granted", -ask.amount))
    granted = says.PocGranted(
        account=ask.account, amount=ask.amount, poc=poc_said(poc), effective_at=cause.at
    )
    booked = (*passed.booked, transaction("poc_grant", after, cause, entries))
    return changed(after, adds=booked, says=(*passed.says, granted))


def extend_poc(ask: ExtendPoc, known: Known, cause: Cause) -> Decision:
    """A later end for a POC wallet that has not ended yet."""
    found = _wallet_to_extend(ask, known, cause)
    if isinstance(found, Reason):
        return refused(ask, found, cause)
    account, before = found
    passed = time_passed(account, cause.at, cause)
    poc = before.extended(_to_minute(ask.until), cause.at)
    extended = says.PocExtended(
        account=ask.account, before=before.until, poc=poc_said(poc), effective_at=cause.at
    )
    return changed(account.with_poc(poc), says=(*passed.says, extended))


def _account_to_top_up(ask: TopUp, known: Known) -> Account | Reason:
    account = known.get(Account, ask.account)
    if account is None:
        return Reason.ACCOUNT_UNKNOWN
    if ask.amount <= 0:
        return Reason.AMOUNT_NOT_POSITIVE
    if (reason := _why_not_counted(ask, known)) is not None:
        return reason
    if account.credit.total + ask.amount > MOST_VND:
        return Reason.BALANCE_TOO_LARGE
    return account


def _why_not_counted(ask: TopUp, known: Known) -> Reason | None:
    if not ask.reference.strip():
        return Reason.REFERENCE_MISSING
    if not is_reference(ask.reference):
        return Reason.REFERENCE_INVALID
    if known.get(Deposit, deposit_key(ask.account, ask.reference)) is not None:
        return Reason.REFERENCE_USED
    return None


def _account_to_grant(ask: GrantPoc, known: Known, cause: Cause) -> Account | Reason:
    account = known.get(Account, ask.account)
    if account is None:
        return Reason.ACCOUNT_UNKNOWN
    if account.mode == "postpaid":
        return Reason.ACCOUNT_POSTPAID
    if ask.amount <= 0:
        return Reason.AMOUNT_NOT_POSITIVE
    if (reason := _why_not_until(_to_minute(ask.until), account.poc, cause)) is not None:
        return reason
    if account.poc is not None and account.poc.granted + ask.amount > MOST_VND:
        return Reason.BALANCE_TOO_LARGE
    return account


def _why_not_until(until: datetime, poc: PocWallet | None, cause: Cause) -> Reason | None:
    if until <= cause.at:
        return Reason.UNTIL_NOT_FUTURE
    if poc is not None and until < poc.until:
        return Reason.UNTIL_BEFORE_CURRENT
    return None


def _wallet_to_extend(ask: ExtendPoc, known: Known, cause: Cause) -> tuple[Account, PocWallet] | Reason:
    account = known.get(Account, ask.account)
    if account is None:
        return Reason.ACCOUNT_UNKNOWN
    if account.mode == "postpaid":
        return Reason.ACCOUNT_POSTPAID
    if account.poc is None:
        return Reason.POC_NOT_GRANTED
    if account.poc.ended_by(cause.at):
        return Reason.POC_ENDED
    if _to_minute(ask.until) <= account.poc.until:
        return Reason.UNTIL_NOT_LATER
    return account, account.poc


def _to_minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
