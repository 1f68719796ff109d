"""What `hold` decides: opening an account, topping up its credit wallet, granting and extending its POC wallet.

Each rule answers with exactly one event: what happened, or a refusal with the first reason that applies, in
the order in which `reasons.REFUSALS` lists them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.hold.reasons import Reason
from services.hold.state import (
    Account,
    CreditWallet,
    Deposit,
    Entry,
    PocWallet,
    Transaction,
    TransactionKind,
    deposit_key,
    is_reference,
)
from shared.contracts import hold as says
from shared.contracts.hold import ExtendPoc, GrantPoc, OpenAccount, TopUp
from shared.contracts.message import MOST_VND, Command, Event, Message
from shared.engine.decision import Cause, Decision, Known, Rule, changed, said

# One address, as mail servers everywhere take it: ASCII, a domain with a dot, nothing a header could be made of.
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+'/=?^`{|}~!#$&*-]+@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,}")
_MOST_EMAIL_CHARACTERS: Final = 254


REFUSED_WITH: Final[Mapping[type[Command], type[Event]]] = {
    OpenAccount: says.AccountRefused,
    TopUp: says.TopUpRefused,
    GrantPoc: says.PocGrantRefused,
    ExtendPoc: says.PocExtensionRefused,
}


def open_account(ask: OpenAccount, known: Known, cause: Cause) -> Decision:
    """An account with empty wallets. Asked again, even with the same data, it is refused: it is open already."""
    if (reason := _why_not_open(ask, known)) is not None:
        return _refused(ask, reason, cause)
    opened = says.AccountOpened(account=ask.account, mode=ask.mode, email=ask.email, effective_at=cause.at)
    return changed(Account(ask.account, ask.mode, ask.email), says=(opened,))


def top_up(ask: TopUp, known: Known, cause: Cause) -> Decision:
    """Real money into the credit wallet, each payment once."""
    account = _account_to_top_up(ask, known)
    if isinstance(account, Reason):
        return _refused(ask, account, cause)
    credit = account.credit.plus(ask.amount)
    after = account.moved_credit(credit)
    entries = (Entry("credit", ask.amount, credit.total), Entry("bank", -ask.amount))
    topped_up = says.ToppedUp(
        account=ask.account,
        amount=ask.amount,
        reference=ask.reference,
        credit=_credit_said(credit),
        effective_at=cause.at,
    )
    return changed(
        after,
        Deposit(ask.account, ask.reference),
        adds=(_transaction("deposit", after, cause, entries, ask.reference),),
        says=(topped_up,),
    )


def grant_poc(ask: GrantPoc, known: Known, cause: Cause) -> Decision:
    """Money for POC resources. What a wallet had left when it ended expires first: a grant does not revive it."""
    account = _account_to_grant(ask, known, cause)
    if isinstance(account, Reason):
        return _refused(ask, account, cause)
    until = _to_minute(ask.until)
    account, expiry = _with_ended_poc_expired(account, cause)
    poc = (account.poc or PocWallet(until)).plus(ask.amount, until)
    after = account.moved_poc(poc)
    entries = (Entry("poc", ask.amount, poc.left), Entry("poc_granted", -ask.amount))
    granted = says.PocGranted(
        account=ask.account, amount=ask.amount, poc=_poc_said(poc), effective_at=cause.at
    )
    return changed(after, adds=(*expiry, _transaction("poc_grant", after, cause, entries)), says=(granted,))


def extend_poc(ask: ExtendPoc, known: Known, cause: Cause) -> Decision:
    """A later end for a POC wallet that has not ended yet."""
    found = _wallet_to_extend(ask, known, cause)
    if isinstance(found, Reason):
        return _refused(ask, found, cause)
    account, before = found
    poc = before.extended(_to_minute(ask.until))
    extended = says.PocExtended(
        account=ask.account, before=before.until, poc=_poc_said(poc), effective_at=cause.at
    )
    return changed(account.with_poc(poc), says=(extended,))


RULES: Final[Mapping[type[Message], Rule]] = {
    OpenAccount: open_account,
    TopUp: top_up,
    GrantPoc: grant_poc,
    ExtendPoc: extend_poc,
}


def snapshot(account: Account) -> says.Account:
    """The account as everyone may know it."""
    return says.Account(
        account=account.id,
        mode=account.mode,
        email=account.email,
        credit=_credit_said(account.credit),
        poc=None if account.poc is None else _poc_said(account.poc),
    )


def _why_not_open(ask: OpenAccount, known: Known) -> Reason | None:
    if known.get(Account, ask.account) is not None:
        return Reason.ACCOUNT_EXISTS
    if len(ask.email) > _MOST_EMAIL_CHARACTERS or not _EMAIL.fullmatch(ask.email):
        return Reason.EMAIL_INVALID
    return None


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


def _with_ended_poc_expired(account: Account, cause: Cause) -> tuple[Account, tuple[Transaction, ...]]:
    poc = account.poc
    if poc is None or poc.left == 0 or not poc.ended_by(cause.at):
        return account, ()
    after = account.moved_poc(poc.emptied())
    entries = (Entry("poc", -poc.left, 0), Entry("poc_expired", poc.left))
    return after, (_transaction("poc_expiry", after, cause, entries),)


def _transaction(
    kind: TransactionKind,
    after: Account,
    cause: Cause,
    entries: tuple[Entry, ...],
    reference: str | None = None,
) -> Transaction:
    return Transaction(after.id, after.transactions, kind, cause.id, cause.at, entries, reference)


def _refused(ask: Command, reason: Reason, cause: Cause) -> Decision:
    """A refusal repeats what was asked, and says why not."""
    why = {"reason": reason.value, "explanation": reason.sentence, "effective_at": cause.at}
    return said(REFUSED_WITH[type(ask)].model_validate(dict(ask) | why))


def _credit_said(credit: CreditWallet) -> says.Credit:
    return says.Credit(total=credit.total, held=credit.held, available=credit.available)


def _poc_said(poc: PocWallet) -> says.Poc:
    return says.Poc(granted=poc.granted, balance=poc.left, until=poc.until)


def _to_minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
