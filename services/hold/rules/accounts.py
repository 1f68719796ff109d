"""Opening an account."""

from __future__ import annotations

import re
from typing import Final

from services.hold.reasons import Reason
from services.hold.rules.answers import refused
from services.hold.state import Account
from shared.contracts.hold import AccountOpened, OpenAccount
from shared.engine.decision import Cause, Decision, Known, changed

# One address, as mail servers everywhere take it: ASCII, a domain with a dot, nothing a header could be made of.
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+'/=?^`{|}~!#$&*-]+@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,}")
_MOST_EMAIL_CHARACTERS: Final = 254


def open_account(ask: OpenAccount, known: Known, cause: Cause) -> Decision:
    """An account with empty wallets. Asked again, even with the same data, it is refused: it is open already."""
    if (reason := _why_not_open(ask, known)) is not None:
        return refused(ask, reason, cause)
    opened = AccountOpened(account=ask.account, mode=ask.mode, email=ask.email, effective_at=cause.at)
    return changed(Account(ask.account, ask.mode, ask.email), says=(opened,))


def _why_not_open(ask: OpenAccount, known: Known) -> Reason | None:
    if known.get(Account, ask.account) is not None:
        return Reason.ACCOUNT_EXISTS
    if len(ask.email) > _MOST_EMAIL_CHARACTERS or not _EMAIL.fullmatch(ask.email):
        return Reason.EMAIL_INVALID
    return None
