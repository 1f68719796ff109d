"""`hold`'s books as an operator reads them: an account's movements, and whether all of them add up. Read only."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from shared.contracts.hold import Account
from shared.engine.looking import documents, looking
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("books.sql"))


class Movement(NamedTuple):
    """One movement of a wallet's money, and what it left there."""

    sequence: int
    at: datetime
    kind: str
    book: str
    amount: int
    balance_after: int
    reference: str | None
    cause_id: str


class Running(NamedTuple):
    """What a metered resource costs since an instant, and what it has cost before that and is not settled. One that has
    ended has no price."""

    product: str
    resource: str
    quantity: int | None
    vnd: int | None
    per: str | None
    since: datetime
    before: int


class Sums(NamedTuple):
    """What all the books add up to; in order when the last two are 0."""

    accounts: int
    deposits: int
    credit: int
    out_of_balance: int
    accounts_that_differ: int

    @property
    def right(self) -> bool:
        """Whether every balance is the sum of its entries, and all entries sum to zero."""
        return self.out_of_balance == 0 and self.accounts_that_differ == 0


async def account(dsn: str, key: str) -> Account | None:
    """The account as it stands."""
    return next(iter(await documents(dsn, _SQL["read_account"], Account, key)), None)


async def history(dsn: str, account: str) -> list[Movement]:
    """Every movement of the account's own wallets, oldest first."""
    async with looking(dsn) as conn:
        return [Movement(**row) for row in await conn.fetch(_SQL["read_history"], account)]


async def meters(dsn: str, account: str) -> list[Running]:
    """Everything of an account that is metered or not settled yet, by product."""
    async with looking(dsn) as conn:
        return [Running(**row) for row in await conn.fetch(_SQL["read_meters"], account)]


async def add_up(dsn: str) -> Sums:
    """All accounts and their ledger, added up at one instant."""
    async with looking(dsn) as conn:
        return Sums(**await conn.fetchrow(_SQL["add_up"]))
