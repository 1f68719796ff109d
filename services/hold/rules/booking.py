"""How a movement of money becomes a transaction of the ledger; and what a POC wallet that has ended leaves there."""

from __future__ import annotations

from datetime import datetime

from services.hold.state import Account, Entry, Transaction, TransactionKind
from shared.engine.decision import Cause


def transaction(
    kind: TransactionKind,
    after: Account,
    cause: Cause,
    entries: tuple[Entry, ...],
    reference: str | None = None,
    at: datetime | None = None,
) -> Transaction:
    """The account's last transaction, which left it as it is `after`; at the instant of its cause, where no other is said."""
    return Transaction(after.id, after.transactions, kind, cause.id, at or cause.at, entries, reference)


def poc_expiry(account: Account, at: datetime, cause: Cause) -> tuple[Account, tuple[Transaction, ...]]:
    """The account with all that is left in its POC wallet expired at that instant, and what that books."""
    poc = account.poc
    if poc is None or poc.left == 0:
        return account, ()
    after = account.moved_poc(poc.emptied())
    entries = (Entry("poc", -poc.left, 0), Entry("poc_expired", poc.left))
    return after, (transaction("poc_expiry", after, cause, entries, at=at),)
