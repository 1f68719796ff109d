"""What the integration tests share: a toy service on the session's broker and a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.stage import Stage, staged


@pytest.fixture
async def stage(kafka: str, database: str) -> AsyncIterator[Stage]:
    async with staged(kafka, database) as ready:
        yield ready
