"""Where Stop POC is measured: databases in which so many clusters stand, made once each and copied for every trial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg

from deploy.audit.checks import checks
from deploy.audit.look import look
from deploy.bench import servers
from deploy.bench.copies import copy_first
from deploy.bench.servers import Servers, Unfit
from deploy.bench.stop_poc.crew import GROUPS, OURS, crew
from deploy.bench.stop_poc.ear import ear
from deploy.bench.stop_poc.estate import RESOURCES, opening, purchase
from deploy.local.place import Place, Say, to_stderr
from deploy.services import SERVICES
from shared.engine.migrate import migrate
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("books.sql"))

_WITHIN_S: Final = 60.0
_POLL_S: Final = 0.1
_SETTLES_S: Final = 10.0
# The first cluster's own invoices: none, it was paid out of the POC wallet.
_NO_INVOICE: Final = 0


@dataclass(frozen=True, slots=True)
class Books:
    """What stopping clusters leaves behind, in numbers that follow from how many they were."""

    converted: int
    still_poc: int
    known_converted: int
    known_stopped: int
    orders_completed: int
    lines_done: int
    invoiced: int
    ledger_balance_vnd: int
    refunds: int
    changes_open: int
    outbox_rows: int


class Ground(Servers):
    """The servers, with the topics of all services."""

    def __init__(self, where: Place) -> None:
        super().__init__(where, list(SERVICES.values()), GROUPS)
        self._first: str | None = None
        self._standing: dict[int, str] = {}

    async def standing(self, clusters: int, logs: Path) -> str:
        """A database in which that many clusters stand; it is kept as it is, and copied."""
        if clusters not in self._standing:
            dsn = await self.new_database(await self._first_cluster(logs))
            await copy_first(dsn, clusters)
            self._standing[clusters] = dsn
        return self._standing[clusters]

    async def forget(self, clusters: int) -> None:
        """Lets go of a database of `standing`."""
        await self.drop(self._standing.pop(clusters))

    async def _first_cluster(self, logs: Path) -> str:
        """A database in which cluster 0 has been bought: by the services themselves."""
        if self._first is None:
            dsn = await self.new_database()
            await migrate(dsn, list(SERVICES.values()))
            async with crew(self, OURS, dsn, logs) as running:
                with ear(self.kafka) as asking:
                    asking.ask(opening(datetime.now(UTC)))
                    await _until(dsn, "count_accounts", 1)
                    asked = asking.ask([purchase()])
                    await asyncio.to_thread(asking.wait, asked, _NO_INVOICE, _WITHIN_S, running.well)
                    await _until(dsn, "count_known", RESOURCES)
                # Whoever reads what the others say may still be at it.
                await self.audited(dsn)
            self._first = dsn
        return self._first

    async def books(self, dsn: str) -> Books:
        """What is in the database now."""
        conn = await asyncpg.connect(dsn)
        try:
            return Books(**dict(await conn.fetchrow(_SQL["read_books"])))
        finally:
            await conn.close()

    async def settled(self, dsn: str, stopped: int, standing: int) -> None:
        """Returns once so many of the clusters are stopped and everything about it is told; `Unfit` where the books
        say anything else in the end."""
        wanted = expected(stopped, standing)
        for _ in range(int(_SETTLES_S / _POLL_S)):
            if await self.books(dsn) == wanted:
                return
            await asyncio.sleep(_POLL_S)
        check(await self.books(dsn), wanted)

    async def audited(self, dsn: str) -> None:
        """`Unfit` where anything is not as it must always be, also after whoever is at work there had time to end."""
        found = await look(dsn, checks(SERVICES), _SETTLES_S)
        if broken := [f"{one.check.name}: {one.breaks[:2]}" for one in found if one.broken]:
            raise Unfit(f"the audit finds it wrong: {'; '.join(broken)}")


async def _until(dsn: str, query: str, count: int) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(_WITHIN_S):
            while await conn.fetchval(_SQL[query]) < count:  # noqa: ASYNC110 - rows tell nobody
                await asyncio.sleep(_POLL_S)
    finally:
        await conn.close()


def expected(stopped: int, standing: int) -> Books:
    """What must be there once so many of the clusters are stopped, beside the purchases of all and of cluster 0."""
    resources, purchases = stopped * RESOURCES, standing + 1
    return Books(
        converted=resources,
        still_poc=purchases * RESOURCES - resources,
        known_converted=resources,
        known_stopped=stopped,
        orders_completed=purchases + stopped,
        lines_done=purchases * RESOURCES + resources,
        invoiced=resources,
        ledger_balance_vnd=0,
        refunds=resources,
        changes_open=0,
        outbox_rows=0,
    )


def check(books: Books, wanted: Books) -> None:
    """`Unfit` where something was lost, done twice, or left undone: then its speed means nothing."""
    found, asked = asdict(books), asdict(wanted)
    if wrong := [
        f"{name} is {found[name]} and not {asked[name]}" for name in asked if found[name] != asked[name]
    ]:
        raise Unfit(f"the books do not add up: {', '.join(wrong)}")


@asynccontextmanager
async def prepared(directory: Path, say: Say = to_stderr) -> AsyncIterator[Ground]:
    """The servers, running, with room for the topics of all services."""
    async with servers.prepared(directory, Ground, say) as ground:
        yield ground
