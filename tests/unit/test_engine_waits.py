"""A cancellation ends what it was meant for, also where its clean-up raised something else in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.hold.service import HOLD
from shared.engine.metrics import Metrics
from shared.engine.upkeep import Upkeep
from shared.engine.waits import heed_cancellation


async def _statement() -> None:
    """Once it is given up, its rollback fails: the connection is gone with it."""
    try:
        await asyncio.sleep(60)
    finally:
        raise asyncpg.InterfaceError("cannot perform operation: connection is closed")


class _Busy:
    """In place of a pool and a courier: both are in the middle of a statement."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self

    def __await__(self) -> Any:
        return _statement().__await__()

    async def __aenter__(self) -> None:
        await _statement()

    async def __aexit__(self, *_: object) -> None: ...


async def _outcome(work: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(0.01):
            await work
    except asyncpg.InterfaceError as error:
        heed_cancellation(error)
        return "failed within its limit"
    return "done"


async def test_upkeep_ends_where_it_is_stopped_in_the_middle_of_a_statement() -> None:
    busy: Any = _Busy()
    task = asyncio.create_task(Upkeep(HOLD, busy, busy, Metrics("test"), lambda: datetime.now(UTC)).run())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()


async def test_a_limit_that_ran_out_is_no_cancellation() -> None:
    assert await _outcome(_statement()) == "failed within its limit"
