"""`hold`'s rows <-> its entities, and nothing else: one statement per table and batch, rows locked in key order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services.hold.state import (
    Account,
    Charge,
    CreditWallet,
    Deposit,
    OrderHold,
    PocWallet,
    ProductHold,
    Transaction,
    is_reference,
)
from shared.contracts.charges import GiveBack, PlaceCharge, PlaceHold, ReleaseHold
from shared.contracts.hold import TopUp
from shared.contracts.message import Message
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))

_LEDGER_COLUMNS: Final = (
    *("account_id", "sequence", "line", "kind", "book", "amount_vnd", "balance_after_vnd"),
    *("effective_at", "cause_id", "reference"),
)
_CHARGE_COLUMNS: Final = ("account_id", "order_id", "wallet", "amount_vnd", "given_back_vnd")
_ORDER_HOLD_COLUMNS: Final = ("account_id", "order_id", "product", "amount_vnd", "released_vnd")

Row = Mapping[str, Any]
Asked = Mapping[type[Message], list[Any]]


class HoldStore:
    """Accounts, what is held and was charged, and the ledger. Which deposits there were is read from the ledger: they
    have no table. Only accounts are locked: whatever else there is belongs to one, and is found after it is locked."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """The accounts asked about, locked, with their holds; of the payments, the charges and the holds of orders
        asked about, those there are."""
        await self.lock(conn, Account, list({ask.key for ask in asks}), known)
        asked = _by_type(asks)
        for query, wanted, made in (
            ("find_deposits", _payments(asked), _deposit),
            ("find_charges", _charges_asked(asked), _charge),
            ("find_order_holds", _order_holds_asked(asked), _order_hold),
        ):
            if wanted:
                for row in await conn.fetch(_SQL[query], *zip(*wanted, strict=True)):
                    known.put(made(row))

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The accounts with these ids."""
        rows = await conn.fetch(_SQL["lock_accounts"], keys)
        holding = [row["account_id"] for row in rows if row["product_holds"]]
        holds = await _product_holds(conn, holding) if holding else {}
        for row in rows:
            known.put(_account(row, holds.get(row["account_id"], ())), row["event_sequence"])

    async def save(self, conn: Connection, known: Known) -> None:
        """The accounts as they are now, what is held and was charged, and the ledger's new transactions, whole."""
        new = known.made(Account)
        for query, made in (("add_accounts", True), ("save_accounts", False)):
            if rows := [_account_row(*one) for one in known.changed(Account) if (one[0].key in new) is made]:
                await conn.execute(_SQL[query], rows)
        if holds := [_product_hold_row(hold) for hold, _ in known.changed(ProductHold)]:
            await conn.execute(_SQL["save_product_holds"], *zip(*holds, strict=True))
        await _save_charges(conn, known)
        await _save_order_holds(conn, known)
        if transactions := known.added(Transaction):
            lines = (line for transaction in transactions for line in _lines(transaction))
            await conn.copy_records_to_table(
                "ledger_entry", schema_name="hold", columns=_LEDGER_COLUMNS, records=lines
            )


async def _product_holds(conn: Connection, accounts: Sequence[str]) -> dict[str, tuple[ProductHold, ...]]:
    holds: dict[str, tuple[ProductHold, ...]] = {}
    for row in await conn.fetch(_SQL["find_product_holds"], accounts):
        hold = ProductHold(*row.values())
        holds[hold.account] = (*holds.get(hold.account, ()), hold)
    return holds


async def _save_charges(conn: Connection, known: Known) -> None:
    if not (charges := [charge for charge, _ in known.changed(Charge)]):
        return
    made = known.made(Charge)
    if new := [_charge_row(charge) for charge in charges if charge.key in made]:
        await conn.copy_records_to_table("charge", schema_name="hold", columns=_CHARGE_COLUMNS, records=new)
    if old := [(each.account, each.order, each.given_back) for each in charges if each.key not in made]:
        await conn.execute(_SQL["save_charges"], *zip(*old, strict=True))


async def _save_order_holds(conn: Connection, known: Known) -> None:
    if not (holds := [hold for hold, _ in known.changed(OrderHold)]):
        return
    made = known.made(OrderHold)
    if new := [_order_hold_row(hold) for hold in holds if hold.key in made]:
        await conn.copy_records_to_table(
            "order_hold", schema_name="hold", columns=_ORDER_HOLD_COLUMNS, records=new
        )
    if old := [
        (each.account, each.order, each.product, each.released) for each in holds if each.key not in made
    ]:
        await conn.execute(_SQL["save_order_holds"], *zip(*old, strict=True))


def _by_type(asks: Sequence[Ask]) -> Asked:
    asked: defaultdict[type[Message], list[Any]] = defaultdict(list)
    for ask in asks:
        asked[type(ask.message)].append(ask.message)
    return asked


def _payments(asked: Asked) -> list[tuple[str, str]]:
    # What can be no reference is not looked for: a NUL in it would fail the whole batch's query.
    return [(each.account, each.reference) for each in asked[TopUp] if is_reference(each.reference)]


def _charges_asked(asked: Asked) -> set[tuple[str, str]]:
    every = (*asked[PlaceCharge], *asked[GiveBack])
    return {(each.account, each.order) for each in every if each.order is not None}


def _order_holds_asked(asked: Asked) -> set[tuple[str, str, str]]:
    every = (*asked[PlaceHold], *asked[ReleaseHold])
    return {(each.account, each.order, each.product) for each in every if each.order is not None}


def _deposit(row: Row) -> Deposit:
    return Deposit(row["account_id"], row["reference"])


def _charge(row: Row) -> Charge:
    return Charge(*row.values())


def _order_hold(row: Row) -> OrderHold:
    return OrderHold(*row.values())


def _charge_row(charge: Charge) -> tuple[object, ...]:
    return charge.account, charge.order, charge.wallet, charge.amount, charge.given_back


def _order_hold_row(hold: OrderHold) -> tuple[object, ...]:
    return hold.account, hold.order, hold.product, hold.amount, hold.released


def _product_hold_row(hold: ProductHold) -> tuple[object, ...]:
    return hold.account, hold.product, hold.actual, hold.estimate, hold.held, hold.debt


def _account(row: Row, holds: tuple[ProductHold, ...]) -> Account:
    return Account(
        row["account_id"],
        row["mode"],
        row["email"],
        CreditWallet(row["credit_total_vnd"], row["credit_held_vnd"]),
        None if row["poc_until"] is None else _poc(row),
        row["ledger_sequence"],
        holds,
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
        *(account.transactions, len(account.holds), event_sequence),
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
