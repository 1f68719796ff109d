"""Where the bench's own tests measure: servers of their own, because the bench makes and takes away hold's topics."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.bench.ground import Ground, Unfit, prepared


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    servers = prepared(tmp_path)
    try:
        ready = await servers.__aenter__()
    except Unfit as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have a real Kafka of its own: {reason}", pytrace=False)
        pytest.skip(f"not run for want of a real Kafka: {reason}")
    try:
        yield ready
    finally:
        await servers.__aexit__(None, None, None)
