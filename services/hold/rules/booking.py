"""How a movement of money becomes a transaction of the ledger; and what a POC wallet that has ended leaves there."""

from __future__ import annotations

from services.hold.state import Account, Entry, Transaction, TransactionKind
from shared.engine.decision import Cause


def transaction(
    kind: TransactionKind,
    after: Account,
    cause: Cause,
    entries: tuple[Entry, ...],
    reference: str | None = None,
) -> Transaction:
    """The account's last transaction, which left it as it is `after`."""
    return Transaction(after.id, after.transactions, kind, cause.id, cause.at, entries, reference)


def with_ended_poc_expired(account: Account, cause: Cause) -> tuple[Account, tuple[Transaction, ...]]:
    """The account with all that was left in a POC wallet that has ended expired, and what that books."""
    poc = account.poc
    if poc is None or poc.left == 0 or not poc.ended_by(cause.at):
        return account, ()
    after = account.moved_poc(poc.emptied())
    entries = (Entry("poc", -poc.left, 0), Entry("poc_expired", poc.left))
    return after, (transaction("poc_expiry", after, cause, entries),)
