"""`hold`'s entities as the rows of its tables, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from services.hold.held import Meter, OrderHold, Payment, ProductHold
from services.hold.reserve import Reserve
from services.hold.state import Account, Charge, CreditWallet, PocWallet, Transaction
from shared.contracts.parts import PartPrice
from shared.metering import Rate
from shared.shards import shard_of

LEDGER_COLUMNS: Final = (
    *("account_id", "sequence", "line", "kind", "book", "amount_vnd", "balance_after_vnd"),
    *("effective_at", "cause_id", "reference"),
)
CHARGE_COLUMNS: Final = ("account_id", "order_id", "wallet", "amount_vnd", "given_back_vnd")
ORDER_HOLD_COLUMNS: Final = ("account_id", "order_id", "product", "amount_vnd", "released_vnd", "taken_vnd")
PAYMENT_COLUMNS: Final = (
    *("account_id", "payment_id", "invoice_id", "product", "amount_vnd", "paid_vnd", "from_hold_vnd"),
)

RESERVE_COLUMNS: Final = ("account_id", "order_id", "asked_vnd", "amount_vnd", "left_vnd")

_PARTS: Final = TypeAdapter(tuple[PartPrice, ...])

Row = Mapping[str, Any]
Values = tuple[object, ...]


def account_of(row: Row, holds: tuple[ProductHold, ...]) -> Account:
    """An account, with what it holds."""
    return Account(
        row["account_id"],
        row["mode"],
        row["email"],
        CreditWallet(row["credit_total_vnd"], row["credit_held_vnd"]),
        None if row["poc_until"] is None else _poc_of(row),
        row["ledger_sequence"],
        holds,
    )


def _poc_of(row: Row) -> PocWallet:
    return PocWallet(
        row["poc_until"],
        row["poc_granted_vnd"],
        row["poc_spent_vnd"],
        row["poc_refunded_vnd"],
        row["poc_expired_vnd"],
        row["poc_told_until"],
        row["poc_ended"],
    )


def row_of_account(account: Account, event_sequence: int) -> Values:
    """An account, with the number of the last event said about it."""
    credit, poc = account.credit, account.poc
    figures: Values = (None, 0, 0, 0, 0)
    times: Values = (None, False, None)
    if poc is not None:
        figures = (poc.until, poc.granted, poc.spent, poc.refunded, poc.expired)
        times = (poc.told_until, poc.ended, None if poc.due is None else poc.due.at)
    return (
        *(account.id, account.mode, account.email, credit.total, credit.held),
        *figures,
        *(account.transactions, len(account.holds), event_sequence, shard_of(account.id)),
        *times,
    )


def row_of_product_hold(hold: ProductHold) -> Values:
    """What is held for a product."""
    return (
        *(hold.account, hold.product, hold.actual, hold.estimate, hold.held, hold.debt, hold.reserved),
        *(hold.debt_days, hold.counted_until, hold.closed_until),
    )


def row_of_charge(charge: Charge) -> Values:
    """What an order was charged."""
    return charge.account, charge.order, charge.wallet, charge.amount, charge.given_back


def row_of_order_hold(hold: OrderHold) -> Values:
    """What an order held for a product."""
    return hold.account, hold.order, hold.product, hold.amount, hold.released, hold.taken


def row_of_payment(payment: Payment) -> Values:
    """What was paid of an invoice."""
    return (
        *(payment.account, payment.id, payment.invoice, payment.product),
        *(payment.amount, payment.paid, payment.from_hold),
    )


def row_of_reserve(reserve: Reserve) -> Values:
    """What was set aside for an order."""
    return reserve.account, reserve.order, reserve.asked, reserve.amount, reserve.left


def meter_of(row: Row) -> Meter:
    """What a metered resource has cost, and costs."""
    rate = None
    if row["per"] is not None:
        rate = Rate(row["vnd"], row["quantity"], row["per"], _PARTS.validate_json(row["parts"]))
    closed = tuple((month, amount) for month, amount in json.loads(row["closed"]))
    return Meter(
        *(row["account_id"], row["resource_id"], row["product"], row["kind"], row["since_at"], rate, closed)
    )


def row_of_meter(meter: Meter) -> Values:
    """What a metered resource has cost, and costs."""
    rate = meter.rate
    return (
        *(meter.account, meter.product, meter.resource, meter.kind, meter.since),
        *((None, None, None, "[]") if rate is None else (*rate[:3], _PARTS.dump_json(rate.parts).decode())),
        json.dumps(meter.closed),
    )


def lines_of(transaction: Transaction) -> Iterator[Values]:
    """The lines of a transaction."""
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
