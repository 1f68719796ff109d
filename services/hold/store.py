"""`hold`'s rows <-> its entities, and nothing else: one statement per table and batch, rows locked in key order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from services.hold.held import Meter, Meters, OrderHold, Payment, ProductHold, settlement_id
from services.hold.reserve import Reserve
from services.hold.rows import (
    CHARGE_COLUMNS,
    LEDGER_COLUMNS,
    ORDER_HOLD_COLUMNS,
    PAYMENT_COLUMNS,
    RESERVE_COLUMNS,
    Values,
    account_of,
    lines_of,
    meter_of,
    row_of_account,
    row_of_charge,
    row_of_meter,
    row_of_order_hold,
    row_of_payment,
    row_of_product_hold,
    row_of_reserve,
)
from services.hold.state import Account, Charge, Deposit, Transaction, is_reference
from shared.contracts.charges import GiveBack, PayFrom, PlaceCharge, PlaceHold, ReleaseHold, Settle
from shared.contracts.hold import TopUp
from shared.contracts.holding import CheckPocWallets, CloseDay
from shared.contracts.jobs import JobSlice
from shared.contracts.lifecycle import OfResource, UsageReported
from shared.contracts.message import Message
from shared.contracts.reserving import FreeReserve, PlacePayment, ReserveCredit
from shared.engine import slices
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))
# Any instant before all that is asked of jobs.
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

Asked = Mapping[type[Message], list[Any]]
E = TypeVar("E", bound=Entity)


class HoldStore:
    """Accounts, what is held, metered, charged and paid, and the ledger. Which deposits there were is read from the ledger:
    they have no table. Only accounts are locked: whatever else there is belongs to one, and is found after it is locked."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """The accounts asked about, locked, with their holds; of the payments, charges, meters and holds of orders asked
        about, those there are."""
        days = await slices.find(conn, _SQL["find_days"], asks, CloseDay, known)
        due = await slices.find(conn, _SQL["find_poc_due"], asks, CheckPocWallets, known)
        asked = _by_type(asks)
        accounts = {message.account for each in asked.values() for message in each if _is_of_account(message)}
        await self.lock(conn, Account, list({*accounts, *days, *due}), known)
        for query, wanted, made in (
            ("find_deposits", _deposits_asked(asked), lambda row: Deposit(*row.values())),
            ("find_charges", _charges_asked(asked), lambda row: Charge(*row.values())),
            ("find_order_holds", _order_holds_asked(asked), lambda row: OrderHold(*row.values())),
            ("find_payments", _payments_asked(asked), lambda row: Payment(*row.values())),
            ("find_reserves", _reserves_asked(asked), lambda row: Reserve(*row.values())),
        ):
            if wanted:
                for row in await conn.fetch(_SQL[query], *zip(*wanted, strict=True)):
                    known.put(made(row))
        whole = {*days, *_are_behind(asks, known)}
        await _load_meters(conn, {*_metered(asked), *((account, None) for account in whole)}, known)

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The accounts with these ids."""
        rows = await conn.fetch(_SQL["lock_accounts"], keys)
        holding = [row["account_id"] for row in rows if row["product_holds"]]
        holds = await _product_holds(conn, holding) if holding else {}
        for row in rows:
            known.put(account_of(row, holds.get(row["account_id"], ())), row["event_sequence"])

    async def save(self, conn: Connection, known: Known) -> None:
        """The accounts as they are now, what is held, metered, charged and paid, and the ledger's new transactions, whole."""
        new = known.made(Account)
        for query, made in (("add_accounts", True), ("save_accounts", False)):
            if rows := [
                row_of_account(*one) for one in known.changed(Account) if (one[0].key in new) is made
            ]:
                await conn.execute(_SQL[query], rows)
        if holds := [row_of_product_hold(hold) for hold, _ in known.changed(ProductHold)]:
            await conn.execute(_SQL["save_product_holds"], *zip(*holds, strict=True))
        old = await _add(conn, known, Charge, "charge", CHARGE_COLUMNS, row_of_charge)
        if charges := [(each.account, each.order, each.given_back) for each in old]:
            await conn.execute(_SQL["save_charges"], *zip(*charges, strict=True))
        held = await _add(conn, known, OrderHold, "order_hold", ORDER_HOLD_COLUMNS, row_of_order_hold)
        if orders := [(one.account, one.order, one.product, one.released, one.taken) for one in held]:
            await conn.execute(_SQL["save_order_holds"], *zip(*orders, strict=True))
        await _save_meters(conn, known)
        await _add(conn, known, Payment, "payment", PAYMENT_COLUMNS, row_of_payment)
        reserved = await _add(conn, known, Reserve, "reserve", RESERVE_COLUMNS, row_of_reserve)
        if reserves := [(one.account, one.order, one.left) for one in reserved]:
            await conn.execute(_SQL["save_reserves"], *zip(*reserves, strict=True))
        if transactions := known.added(Transaction):
            lines = (line for transaction in transactions for line in lines_of(transaction))
            await conn.copy_records_to_table(
                "ledger_entry", schema_name="hold", columns=LEDGER_COLUMNS, records=lines
            )

    async def first_poc_due(self, conn: Connection) -> datetime | None:
        """When the first thing falls due of a POC wallet; nothing where there is none that runs."""
        first: datetime | None = await conn.fetchval(_SQL["read_first_poc_due"])
        return first

    async def any_held(self, conn: Connection) -> datetime | None:
        """Nothing where nobody holds anything: then a day ends without work."""
        return _LONG_AGO if await conn.fetchval(_SQL["read_any_held"]) else None


async def _product_holds(conn: Connection, accounts: Sequence[str]) -> dict[str, tuple[ProductHold, ...]]:
    holds: dict[str, tuple[ProductHold, ...]] = {}
    for row in await conn.fetch(_SQL["find_product_holds"], accounts):
        hold = ProductHold(*row.values())
        holds[hold.account] = (*holds.get(hold.account, ()), hold)
    return holds


async def _load_meters(conn: Connection, wanted: set[tuple[str, str | None]], known: Known) -> None:
    """All that these accounts have metered of these products, and which they are."""
    if not wanted:
        return
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in await conn.fetch(_SQL["find_meters"], *map(list, zip(*wanted, strict=True))):
        meter = meter_of(row)
        known.put(meter)
        found[meter.account, meter.product].add(meter.resource)
    for (account, product), resources in found.items():
        known.put(Meters(account, product, frozenset(resources)))


async def _add(
    conn: Connection,
    known: Known,
    kind: type[E],
    table: str,
    columns: Sequence[str],
    row_of: Callable[[E], Values],
) -> list[E]:
    """Adds those that were not there; those that were, and have changed."""
    changed = [one for one, _ in known.changed(kind)]
    made = known.made(kind)
    if new := [row_of(one) for one in changed if one.key in made]:
        await conn.copy_records_to_table(table, schema_name="hold", columns=columns, records=new)
    return [one for one in changed if one.key not in made]


async def _save_meters(conn: Connection, known: Known) -> None:
    meters = [meter for meter, _ in known.changed(Meter)]
    if rows := [row_of_meter(meter) for meter in meters if not meter.is_over]:
        await conn.execute(_SQL["save_meters"], rows)
    if over := [(each.account, each.product, each.resource) for each in meters if each.is_over]:
        await conn.execute(_SQL["forget_meters"], *zip(*over, strict=True))


def _by_type(asks: Sequence[Ask]) -> Asked:
    asked: defaultdict[type[Message], list[Any]] = defaultdict(list)
    for ask in asks:
        asked[type(ask.message)].append(ask.message)
    return asked


def _is_of_account(message: Message) -> bool:
    """What lifecycle tells of resources is about no account here, unless they are metered and held for."""
    if isinstance(message, OfResource):
        return message.billing == "hold"
    return not isinstance(message, JobSlice) and (
        not isinstance(message, UsageReported) or message.metered is not None
    )


def _are_behind(asks: Sequence[Ask], known: Known) -> set[str]:
    """Whose days have not all been closed that are over at the instant of what is asked."""
    of_accounts: list[tuple[Any, datetime]] = [
        (ask.message, ask.cause.at) for ask in asks if _is_of_account(ask.message)
    ]
    return {
        message.account
        for message, at in of_accounts
        if (account := known.get(Account, message.account)) is not None
        and (night := account.next_night) is not None
        and night <= at
    }


def _told(asked: Asked) -> Iterator[Any]:
    """Of what lifecycle tells, what is about something metered and held for."""
    for kind, messages in asked.items():
        if issubclass(kind, OfResource | UsageReported):
            yield from filter(_is_of_account, messages)


def _metered(asked: Asked) -> Iterator[tuple[str, str | None]]:
    for message in (*_told(asked), *asked[Settle]):
        yield message.account, message.product


def _deposits_asked(asked: Asked) -> list[tuple[str, str]]:
    # What can be no reference is not looked for: a NUL in it would fail the whole batch's query.
    every = (*asked[TopUp], *asked[PlacePayment])
    return [(each.account, each.reference) for each in every if is_reference(each.reference)]


def _charges_asked(asked: Asked) -> set[tuple[str, str]]:
    every = (*asked[PlaceCharge], *asked[PlacePayment], *asked[GiveBack])
    return {(each.account, each.order) for each in every if each.order is not None}


def _reserves_asked(asked: Asked) -> set[tuple[str, str]]:
    every = (*asked[ReserveCredit], *asked[FreeReserve], *asked[PlacePayment])
    return {(each.account, each.order) for each in every}


def _order_holds_asked(asked: Asked) -> set[tuple[str, str, str]]:
    held = {(each.account, each.order, each.product) for each in (*asked[PlaceHold], *asked[ReleaseHold])}
    brought = (each for each in _told(asked) if isinstance(each, OfResource) and each.order is not None)
    return held | {(each.account, each.order, each.product) for each in brought if each.order is not None}


def _payments_asked(asked: Asked) -> set[tuple[str, str]]:
    settled = {(each.account, settlement_id(each.invoice, each.product)) for each in asked[Settle]}
    return settled | {(each.account, each.payment) for each in asked[PayFrom]}
