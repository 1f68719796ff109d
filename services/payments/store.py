"""`payments`' rows <-> its entities, and nothing else: one statement per table and batch, rows locked in key order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from services.payments.state import Payment, Told
from shared.contracts.payments import ChasePayments
from shared.engine import slices
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries
from shared.shards import shard_of

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))

_TOLD_COLUMNS: Final = (
    *("order_id", "message_id", "gateway", "told_by", "outcome", "verdict", "amount_vnd"),
    *("transaction", "code", "raw", "told_at"),
)

Row = Mapping[str, Any]


class PaymentsStore:
    """Payments, and what was told of them."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """The payments that are named, and those whose turn it is, locked."""
        due = await slices.find(conn, _SQL["find_to_chase"], asks, ChasePayments, known)
        named = [order for ask in asks if (order := getattr(ask.message, "order", None)) is not None]
        if keys := {*due, *named}:
            await self.lock(conn, Payment, list(keys), known)

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The payments of these orders."""
        for row in await conn.fetch(_SQL["lock_payments"], keys):
            known.put(_payment(row), row["event_sequence"])

    async def save(self, conn: Connection, known: Known) -> None:
        """Payments as they are now; what was told is added."""
        new = known.made(Payment)
        for query, made in (("add_payments", True), ("save_payments", False)):
            if rows := [_row(*one) for one in known.changed(Payment) if (one[0].key in new) is made]:
                await conn.execute(_SQL[query], rows)
        if told := known.added(Told):
            await conn.copy_records_to_table(
                "told", schema_name="payments", columns=_TOLD_COLUMNS, records=told
            )

    async def first_next(self, conn: Connection) -> datetime | None:
        """When the first gateway is to be asked again; nothing where none is."""
        first: datetime | None = await conn.fetchval(_SQL["read_first_next"])
        return first


def _payment(row: Row) -> Payment:
    return Payment(
        *(row["order_id"], row["account_id"], row["pay"], row["gateway"], row["total_vnd"]),
        *(row["asked_at"], row["until"], row["payer_email"], row["status"], row["reserved_vnd"]),
        *(row["amount_vnd"], row["received_vnd"], row["transaction"], row["pay_url"], row["next_at"]),
        *(row["version"], tuple(row["paid_again"])),
    )


def _row(payment: Payment, event_sequence: int) -> tuple[object, ...]:
    return (
        *(payment.order, payment.account, shard_of(payment.account), payment.pay, payment.gateway),
        *(payment.payer_email, payment.total, payment.asked_at, payment.until, payment.status),
        *(payment.reserved, payment.amount, payment.received, payment.transaction, payment.pay_url),
        *(payment.next_at, payment.version, event_sequence, payment.paid_again),
    )
