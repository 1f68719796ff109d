"""Where the engine is measured: databases with accounts in them, hold's topics, and the books that must add up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
from confluent_kafka import Consumer

from deploy.bench import servers
from deploy.bench.load import COMMANDS, EVENTS, STATE
from deploy.bench.servers import ANSWER_S, Servers, Unfit, places
from deploy.local.place import Place, Say, to_stderr
from services.hold.service import HOLD
from shared.engine.migrate import migrate
from shared.engine.sql import read_queries

__all__ = ("Books", "Ground", "Progress", "Unfit", "check", "expected", "prepared")

_SQL: Final = read_queries(Path(__file__).with_name("seeding.sql"))
# The engine's, and the plain consumer's.
NAIVE_GROUP: Final = "bench-naive"
GROUPS: Final = (HOLD.group, NAIVE_GROUP)

_SEED_SLICE: Final = 100_000
SEED_VND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Books:
    """What a trial left behind: the sums that two ways of doing the same must agree on."""

    ledger_rows: int
    ledger_credit_vnd: int
    ledger_balance_vnd: int
    wallets_vnd: int
    events_said: int
    inbox_rows: int
    outbox_rows: int
    events: int
    snapshots: int


class Ground(Servers):
    """The servers, with hold's topics."""

    def __init__(self, where: Place) -> None:
        super().__init__(where, [HOLD], GROUPS)

    async def database(self, accounts: int) -> str:
        """The address of a new database with the schema and so many accounts, its pages written and its rows counted."""
        dsn = await self.new_database()
        await migrate(dsn, [HOLD])
        await self._seed(dsn, accounts)
        return dsn

    async def books(self, dsn: str) -> Books:
        """What is in the database and on the topics now."""
        conn = await asyncpg.connect(dsn)
        try:
            row = dict(await conn.fetchrow(_SQL["read_books"]))
        finally:
            await conn.close()
        events, snapshots = await asyncio.gather(self.size(EVENTS), self.size(STATE))
        return Books(**row, events=events, snapshots=snapshots)

    async def _seed(self, dsn: str, accounts: int) -> None:
        conn = await asyncpg.connect(dsn)
        try:
            for first in range(0, accounts, _SEED_SLICE):
                until = min(accounts, first + _SEED_SLICE)
                for name in ("seed_accounts", "seed_ledger"):
                    await conn.execute(_SQL[name], first, until, SEED_VND)
            await conn.execute("vacuum (freeze, analyze)")
            await conn.execute("checkpoint")
        finally:
            await conn.close()


class Progress:
    """How far a consumer has come, asked in one request that costs next to nothing."""

    def __init__(self, ground: Ground, group: str, *, commits: bool) -> None:
        self._ground = ground
        self._commits = commits
        self._consumer = Consumer({"bootstrap.servers": ground.kafka, "group.id": group, "log_level": 0})

    def done(self) -> int:
        """Commands whose offsets are committed; where that happens now and then, events on their topic."""
        if not self._commits:
            return sum(self._ground.ends(EVENTS))
        found = self._consumer.committed(places(COMMANDS), timeout=ANSWER_S)
        return sum(max(0, one.offset) for one in found)

    def close(self) -> None:
        """Asks no more."""
        self._consumer.close()


def expected(accounts: int, count: int, total_vnd: int) -> dict[str, int]:
    """What every way must leave after so many top-ups of that sum; how many snapshots is its own affair."""
    vnd = accounts * SEED_VND + total_vnd
    return {
        "ledger_rows": 2 * (accounts + count),
        "ledger_credit_vnd": vnd,
        "ledger_balance_vnd": 0,
        "wallets_vnd": vnd,
        "events_said": 2 * accounts + count,
        "inbox_rows": count,
        "outbox_rows": 0,
        "events": count,
    }


def check(books: Books, wanted_books: dict[str, int]) -> None:
    """`Unfit` where something was lost, done twice, or left undone: then its speed means nothing."""
    found: dict[str, Any] = asdict(books)
    if wrong := {name: (found[name], want) for name, want in wanted_books.items() if found[name] != want}:
        told = ", ".join(f"{name} is {is_} and not {want}" for name, (is_, want) in wrong.items())
        raise Unfit(f"the books do not add up: {told}")


@asynccontextmanager
async def prepared(directory: Path, say: Say = to_stderr) -> AsyncIterator[Ground]:
    """The servers, running, with room for hold's topics."""
    async with servers.prepared(directory, Ground, say) as ground:
        yield ground
