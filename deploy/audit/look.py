"""Looks at the database, once and, for what a message under way explains, again until it is gone or the wait is over.

Each look is one read-only transaction that sees one instant of all services. What is broken stays broken, under the same
id; what only waited for a message is gone, or stands under another id: so a system at work does not look broken.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import asyncpg

from deploy.audit.checks import Check

# More offenders than that are counted, but not followed from look to look.
MOST_FOLLOWED: Final = 20_000
AGAIN_S: Final = 0.5
_STATEMENT_S: Final = 300.0
_SETTINGS: Final = {
    "default_transaction_read_only": "on",
    "application_name": "stoppoc audit",
    # A million rows are hashed or sorted in memory; compiling the statement would cost more than it saves.
    "work_mem": "128MB",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
}


class Break(NamedTuple):
    """One thing that is not as it must be: its id, and what was found."""

    id: str
    found: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check: how much was looked at, how much of it is broken, and the first of that."""

    check: Check
    looked: int
    broken: int
    breaks: tuple[Break, ...]


async def look(dsn: str, checks: Sequence[Check], wait_s: float) -> list[Finding]:
    """What each check finds; what may settle is looked at again for as long as `wait_s`."""
    async with looking(dsn) as conn:
        found = {finding.check.name: finding for finding in await _look(conn, checks)}
        until = time.monotonic() + wait_s
        while (doubted := [one.check for one in found.values() if one.broken and one.check.settles]) and (
            time.monotonic() < until
        ):
            await asyncio.sleep(AGAIN_S)
            for again in await _look(conn, doubted):
                found[again.check.name] = still(found[again.check.name], again)
    return list(found.values())


def still(before: Finding, again: Finding) -> Finding:
    """What was broken before and is still."""
    if max(before.broken, again.broken) > MOST_FOLLOWED:
        return again
    were = {one.id for one in before.breaks}
    still = tuple(one for one in again.breaks if one.id in were)
    return replace(again, broken=len(still), breaks=still)


async def _look(conn: asyncpg.Connection, checks: Sequence[Check]) -> list[Finding]:
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return [await ask(conn, check) for check in checks]


async def ask(conn: asyncpg.Connection, check: Check) -> Finding:
    """What one check finds now, in whatever transaction is open."""
    [looked] = await conn.fetchrow(f"select count(*) from {check.of}")  # noqa: S608 - written in our own file
    rows = await conn.fetch(
        f"select id::text, found::text, count(*) over () as broken from ({check.query}) as break"  # noqa: S608
        f" order by id limit {MOST_FOLLOWED}"
    )
    broken = rows[0]["broken"] if rows else 0
    return Finding(check, looked, broken, tuple(Break(row["id"], row["found"]) for row in rows))


@asynccontextmanager
async def looking(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that can change nothing."""
    conn = await asyncpg.connect(dsn, timeout=10, command_timeout=_STATEMENT_S, server_settings=_SETTINGS)
    try:
        yield conn
    finally:
        await conn.close(timeout=5)
