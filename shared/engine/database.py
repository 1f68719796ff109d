"""A worker's connections: they act as the service's role, in its schema, and never hold a transaction for long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from shared.engine.service import Service

# A worker that was stopped (SIGSTOP, a long pause) in a transaction must not keep its keys from the one that
# took over: the database ends such a transaction, and the worker finds its work undone when it wakes.
_IDLE_IN_TRANSACTION_S: Final = 10
_STATEMENT_S: Final = 30
_LOCK_S: Final = 10
# What waits for a lock does not idle, and idles for as long again once it has it: several stopped workers, one behind
# the other, would keep their keys for minutes. So no transaction lasts longer than this, where the server can see to it.
_TRANSACTION_S: Final = 13
_LIMITS_TRANSACTIONS: Final = (17, 0)


async def _leave_as_it_is(_conn: asyncpg.Connection) -> None:
    """Between two batches nothing of the session needs clearing away: all that is set or locked ends with its
    transaction. The usual clearing would cost a round trip each time."""


async def _limited(conn: asyncpg.Connection) -> None:
    if conn.get_server_version() >= _LIMITS_TRANSACTIONS:
        await conn.execute(f"set transaction_timeout = '{_TRANSACTION_S}s'")


@asynccontextmanager
async def pool_for(service: Service, dsn: str, worker: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections for one worker: three for a batch's streams, one for publishing, one for what time brings."""
    pool = asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=5,
        max_inactive_connection_lifetime=0,
        timeout=10,
        command_timeout=_STATEMENT_S + 10,
        init=_limited,
        reset=_leave_as_it_is,
        server_settings={
            "role": service.role,
            "search_path": service.schema,
            "application_name": f"stoppoc {service.name} {worker}",
            "idle_in_transaction_session_timeout": f"{_IDLE_IN_TRANSACTION_S}s",
            "statement_timeout": f"{_STATEMENT_S}s",
            "lock_timeout": f"{_LOCK_S}s",
            # Tables grow from nothing under statements that were planned long before: where there is an index, it is used.
            # (To plan each statement for what it finds instead took a quarter of the database's time.)
            "enable_seqscan": "off",
            "jit": "off",
        },
    )
    try:
        yield await pool
    finally:
        # What is still in use is a batch that was given up: it rolls back.
        pool.terminate()
