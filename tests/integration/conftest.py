"""What the integration tests share: a toy service on the session's broker and a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.kafka import Kafka
from tests.support.stage import Stage, staged
from tests.support.system import Folder, up


@pytest.fixture
async def stage(kafka: str, database: str) -> AsyncIterator[Stage]:
    async with staged(kafka, database) as ready:
        yield ready


@pytest.fixture(scope="session")
def system(apache_kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """The whole system, run by `stoppoc up` on parts of its own. It is shared: a test takes accounts of its own."""
    with up(tmp_path_factory.mktemp("system"), "--workers", "hold=2") as folder:
        yield folder
