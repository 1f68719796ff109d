"""Waiting for a client that may never finish, or whose own cancellations escape from it: with a limit, and apart.

What a client does runs in a task of its own, so that a CancelledError which comes out of it is not taken for ours,
and ours is never swallowed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def unless(stopping: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The work's result; None, and the work is given up, once we are to stop: a client may wait for others' sake."""
    task, stop = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        stop.cancel()
        await asyncio.gather(task, stop, return_exceptions=True)


async def ended(limit_s: float, work: Coroutine[Any, Any, object]) -> BaseException | None:
    """Waits that long for the work to end, then gives it up; what it failed of, if it did."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=limit_s)
    finally:
        given_up = task.cancel()
    if given_up:
        return TimeoutError(f"not done within {limit_s:g} s")
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def heed_cancellation(error: Exception) -> None:
    """Ends a task that was cancelled, where what its clean-up failed of took the cancellation's place: a connection
    may be gone with the statement that was given up, and its rollback then fails as if the database were away."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
