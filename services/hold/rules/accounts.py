"""Opening an account."""

from __future__ import annotations

from services.hold.reasons import Reason
from services.hold.rules.answers import refused
from services.hold.state import Account
from shared.contracts.hold import AccountOpened, OpenAccount
from shared.emails import is_email
from shared.engine.decision import Cause, Decision, Known, changed


def open_account(ask: OpenAccount, known: Known, cause: Cause) -> Decision:
    """An account with empty wallets. Asked again, even with the same data, it is refused: it is open already."""
    if (reason := _why_not_open(ask, known)) is not None:
        return refused(ask, reason, cause)
    opened = AccountOpened(account=ask.account, mode=ask.mode, email=ask.email, effective_at=cause.at)
    return changed(Account(ask.account, ask.mode, ask.email), says=(opened,))


def _why_not_open(ask: OpenAccount, known: Known) -> Reason | None:
    if known.get(Account, ask.account) is not None:
        return Reason.ACCOUNT_EXISTS
    if not is_email(ask.email):
        return Reason.EMAIL_INVALID
    return None
