"""`hold`'s rows <-> its entities, and nothing else: one statement per table and batch, rows locked in key order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services.hold.state import Account, CreditWallet, Deposit, PocWallet, Transaction, is_reference
from shared.contracts.hold import TopUp
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))

_LEDGER_COLUMNS: Final = (
    *("account_id", "sequence", "line", "kind", "book", "amount_vnd", "balance_after_vnd"),
    *("effective_at", "cause_id", "reference"),
)

Row = Mapping[str, Any]


class HoldStore:
    """Accounts, and the ledger. Which deposits there were is read from the ledger: they have no table."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """The accounts asked about, locked; and of the payments asked about, those that were counted."""
        await self.lock(conn, Account, list({ask.key for ask in asks}), known)
        if payments := list(_payments(asks)):
            accounts, references = zip(*payments, strict=True)
            for row in await conn.fetch(_SQL["find_deposits"], accounts, references):
                known.put(Deposit(row["account_id"], row["reference"]))

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The accounts with these ids."""
        for row in await conn.fetch(_SQL["lock_accounts"], keys):
            known.put(_account(row), row["event_sequence"])

    async def save(self, conn: Connection, known: Known) -> None:
        """The accounts as they are now, and the ledger's new transactions, whole."""
        new = known.made(Account)
        for query, made in (("add_accounts", True), ("save_accounts", False)):
            if rows := [_account_row(*one) for one in known.changed(Account) if (one[0].key in new) is made]:
                await conn.execute(_SQL[query], rows)
        if transactions := known.added(Transaction):
            lines = (line for transaction in transactions for line in _lines(transaction))
            await conn.copy_records_to_table(
                "ledger_entry", schema_name="hold", columns=_LEDGER_COLUMNS, records=lines
            )


def _payments(asks: Sequence[Ask]) -> Iterator[tuple[str, str]]:
    for ask in asks:
        message = ask.message
        # What can be no reference is not looked for: a NUL in it would fail the whole batch's query.
        if isinstance(message, TopUp) and is_reference(message.reference):
            yield message.account, message.reference


def _account(row: Row) -> Account:
    return Account(
        row["account_id"],
        row["mode"],
        row["email"],
        CreditWallet(row["credit_total_vnd"], row["credit_held_vnd"]),
        None if row["poc_until"] is None else _poc(row),
        row["ledger_sequence"],
    )


def _poc(row: Row) -> PocWallet:
    return PocWallet(
        row["poc_until"],
        row["poc_granted_vnd"],
        row["poc_spent_vnd"],
        row["poc_refunded_vnd"],
        row["poc_expired_vnd"],
    )


def _account_row(account: Account, event_sequence: int) -> tuple[object, ...]:
    credit, poc = account.credit, account.poc
    return (
        *(account.id, account.mode, account.email, credit.total, credit.held),
        *(
            (None, 0, 0, 0, 0)
            if poc is None
            else (poc.until, poc.granted, poc.spent, poc.refunded, poc.expired)
        ),
        *(account.transactions, event_sequence),
    )


def _lines(transaction: Transaction) -> Iterator[tuple[object, ...]]:
    reference = transaction.reference
    for line, entry in enumerate(transaction.entries, start=1):
        yield (
            transaction.account,
            transaction.sequence,
            line,
            transaction.kind,
            *entry,
            transaction.effective_at,
            transaction.cause_id,
            reference,
        )
        # Only the account's own line carries it: it is counted once.
        reference = None
