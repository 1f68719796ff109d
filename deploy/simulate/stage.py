"""Where scenarios are played: a PostgreSQL of their own in a directory that is thrown away, the services' schemas in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from deploy.local.postgres import embedded_postgres
from deploy.simulate.world import Stage, in_turn
from shared.engine.migrate import migrate
from shared.engine.service import Service

# Nothing here outlives the run; and tables grow from nothing under statements prepared long before, so a plan made once
# must be one for large tables.
_SETTINGS: Final = {
    "synchronous_commit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
}


@asynccontextmanager
async def set_stage(services: Sequence[Service]) -> AsyncIterator[Stage]:
    """The stage on a server of our own; nothing is left of it."""
    directory = Path(tempfile.mkdtemp(prefix="stoppoc-simulate-"))
    try:
        async with embedded_postgres(directory) as server, stage_on(server.dsn, services) as stage:
            yield stage
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def stage_on(dsn: str, services: Sequence[Service]) -> AsyncIterator[Stage]:
    """The stage on an empty database."""
    await migrate(dsn, services)
    async with AsyncExitStack() as stack:
        connections = {service.name: await _connected(stack, dsn, service) for service in services}
        yield Stage(services, connections, in_turn(services))


async def _connected(stack: AsyncExitStack, dsn: str, service: Service) -> Any:
    settings = {"role": service.role, "search_path": service.schema, **_SETTINGS}
    conn = await asyncpg.connect(dsn, server_settings=settings, statement_cache_size=1000)
    stack.push_async_callback(conn.close)
    return conn
