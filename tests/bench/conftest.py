"""Where the bench's own tests measure: servers of their own, because the bench makes and takes away hold's topics."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from deploy.bench.ground import Ground, Unfit, prepared
from tests.conftest import run_apart

T = TypeVar("T")


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    servers = prepared(tmp_path)
    try:
        ready = await servers.__aenter__()
    except Unfit as reason:
        _not_run(reason)
    try:
        yield ready
    finally:
        await servers.__aexit__(None, None, None)


def measured(directory: Path, work: Callable[[Ground], Coroutine[None, None, T]]) -> T:
    """What comes of the work on servers of its own: for what several tests look at."""

    async def worked() -> T:
        async with prepared(directory) as ready:
            return await work(ready)

    try:
        return run_apart(worked())
    except Unfit as reason:
        _not_run(reason)


def _not_run(reason: Unfit) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have a real Kafka of its own: {reason}", pytrace=False)
    pytest.skip(f"not run for want of a real Kafka: {reason}")
