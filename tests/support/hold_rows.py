"""hold's tables as its tests use them: batches run by its own rules, rows read back, and books made up at random."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, get_args

import asyncpg

from services.hold.held import ProductHold
from services.hold.rules import RULES
from services.hold.service import HOLD
from services.hold.state import (
    Account,
    Book,
    CreditWallet,
    Entry,
    PocWallet,
    Transaction,
    TransactionKind,
)
from services.hold.store import HoldStore
from shared import ids
from shared.contracts.charges import GiveBack, PlaceCharge, PlaceHold, ReleaseHold, Why
from shared.contracts.hold import AccountMode, ExtendPoc, GrantPoc, OpenAccount, TopUp
from shared.contracts.message import MOST_VND, Command, Message
from shared.engine.decision import Known
from shared.engine.service import Ask
from tests.support.stores import asked_of, connected_to

AT: Final = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
STORE: Final = HoldStore()


def connected(dsn: str, role: str = HOLD.role) -> AbstractAsyncContextManager[asyncpg.Connection]:
    """As a worker connects; or as the role given."""
    return connected_to(HOLD, dsn, role)


def asked(message: Message, at: datetime = AT) -> Ask:
    """The message, just read from its topic."""
    return asked_of(HOLD, message, at)


def about(*accounts: str) -> list[Ask]:
    """Something asked about each of these accounts."""
    return [asked(ExtendPoc(account=account, until=AT)) for account in accounts]


def decided(known: Known, asks: Iterable[Ask]) -> None:
    """What the engine does between load and save."""
    for ask in asks:
        decision = RULES[type(ask.message)](ask.message, known, ask.cause)
        known.apply(decision)
        for message in decision.says:
            known.next_sequence(Account, message.key)


async def run_batch(conn: asyncpg.Connection, asks: Sequence[Ask]) -> None:
    """One batch, without what the engine does besides."""
    known = Known()
    async with conn.transaction():
        await STORE.load(conn, asks, known)
        decided(known, asks)
        await STORE.save(conn, known)


async def ledger(conn: asyncpg.Connection) -> list[Transaction]:
    """All transactions, by account and sequence."""
    rows = await conn.fetch("select * from hold.ledger_entry order by account_id, sequence, line")
    transactions: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in rows:
        transactions.setdefault((row["account_id"], row["sequence"]), []).append(row)
    return [_transaction(lines) for lines in transactions.values()]


def _transaction(lines: Sequence[Mapping[str, Any]]) -> Transaction:
    first = lines[0]
    assert [line["line"] for line in lines] == list(range(1, len(lines) + 1))
    assert len({(line["kind"], line["cause_id"], line["effective_at"]) for line in lines}) == 1
    assert all(line["reference"] is None for line in lines[1:])
    entries = tuple(Entry(line["book"], line["amount_vnd"], line["balance_after_vnd"]) for line in lines)
    return Transaction(
        *(first["account_id"], first["sequence"], first["kind"], str(first["cause_id"])),
        *(first["effective_at"], entries, first["reference"]),
    )


def known_accounts(known: Known, names: Iterable[str]) -> dict[str, tuple[Account, int]]:
    """Those of the accounts that are known, with the number of their last event."""
    accounts: dict[str, tuple[Account, int]] = {}
    for name in names:
        if known.get(Account, name) is not None:
            entity, sequence = known.row(Account, name)
            assert isinstance(entity, Account)
            accounts[name] = (entity, sequence)
    return accounts


def some_account(random: Random, name: str, mode: AccountMode, products: Sequence[str] = ()) -> Account:
    """An account with whatever figures, that holds something for each of the products."""
    credit = CreditWallet(random.choice([0, 1, random.randint(0, MOST_VND)]), random.randint(0, MOST_VND))
    poc = some_poc(random) if mode == "prepaid" and random.random() < 0.7 else None
    holds = tuple(some_hold(random, name, product) for product in products)
    return Account(name, mode, f"{name}@acme.example", credit, poc, random.randint(0, 2**40), holds)


def some_hold(random: Random, account: str, product: str) -> ProductHold:
    """A hold with a debt, mostly."""
    actual, estimate = random.randint(0, MOST_VND // 4), random.randint(0, MOST_VND // 4)
    held, reserved = random.randint(0, actual + estimate), random.randint(0, estimate)
    until = random.choice([None, AT + timedelta(minutes=random.randint(0, 10**6))])
    return ProductHold(account, product, actual, estimate, held, reserved, random.randint(0, 4), until, until)


def some_poc(random: Random) -> PocWallet:
    """A POC wallet that adds up."""
    spent, expired, left = (random.randint(0, MOST_VND // 4) for _ in range(3))
    refunded = random.randint(0, spent)
    until = AT + timedelta(minutes=random.randint(-1_000_000, 1_000_000))
    told = random.choice([None, AT])
    granted = spent - refunded + expired + left
    return PocWallet(until, granted, spent, refunded, expired, told, random.random() < 0.3)


# Of each kind: the account's own book and the other, and which way its own goes.
MOVES: Final[Mapping[TransactionKind, tuple[Book, Book, int]]] = {
    "deposit": ("credit", "bank", 1),
    "charge": ("credit", "sales", -1),
    "refund": ("credit", "sales", 1),
    "settle": ("credit", "sales", -1),
    "payment": ("credit", "sales", -1),
    "poc_grant": ("poc", "poc_granted", 1),
    "poc_charge": ("poc", "poc_used", -1),
    "poc_refund": ("poc", "poc_used", 1),
    "poc_expiry": ("poc", "poc_expired", -1),
}


def some_transaction(random: Random, account: str, sequence: int) -> Transaction:
    """A transaction of whatever kind."""
    kind = random.choice(get_args(TransactionKind))
    own, other, sign = MOVES[kind]
    amount, balance = sign * random.randint(1, MOST_VND), random.randint(0, MOST_VND)
    at = AT + timedelta(microseconds=random.randint(0, 10**12))
    reference = {"deposit": f"Chuyển khoản {sequence}", "poc_grant": None, "poc_expiry": None}.get(
        kind, "o-1"
    )
    lines = (Entry(own, amount, balance), Entry(other, -amount))
    return Transaction(account, sequence, kind, ids.new_id(), at, lines, reference)


def some_command(random: Random) -> Command:
    """One of few accounts, orders and amounts: so that the same ones meet again and again."""
    fields: dict[str, object] = {
        "account": random.choice("abcdef"),
        "amount": random.choice([-1, 0, *range(1, 10), *range(1, 10)]),
        "until": AT + timedelta(hours=random.randint(0, 700)),
        "effective_at": AT,
        "mode": random.choice(["prepaid", "prepaid", "postpaid"]),
        "email": "a@b.vn",
        "reference": f"r{random.randrange(60)}",
        "order": f"o{random.randrange(20)}",
        "resource": random.choice([None, "srv-1"]),
        "product": random.choice(["vcontainer", "snapshot"]),
        "wallet": random.choice(["credit", "credit", "poc"]),
        "why": random.choice(get_args(Why)),
    }
    kind = random.choice(KINDS)
    if kind is GiveBack and random.random() < 0.3:
        fields["order"] = None
    return kind.model_validate({name: value for name, value in fields.items() if name in kind.model_fields})


KINDS: Final[Sequence[type[Command]]] = (
    *(OpenAccount, GrantPoc, GrantPoc, ExtendPoc, TopUp, TopUp, TopUp, TopUp),
    *(PlaceCharge, PlaceCharge, PlaceCharge, PlaceHold, ReleaseHold, GiveBack, GiveBack),
)
