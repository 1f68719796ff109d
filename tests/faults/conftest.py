"""The ground of the fault tests: a broker and a database that nobody else uses, because they are killed here."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import pytest

from deploy import topics
from deploy.local.kafka import Kafka, kafka_on
from deploy.local.postgres import Postgres
from services.hold.service import HOLD
from shared.engine.migrate import migrate
from tests.conftest import run_apart
from tests.faults.scene import Ground, Scene, scene_on


@pytest.fixture(scope="session")
def ground(apache_kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The servers, with hold's topics and schema. (`apache_kafka` only says whether there can be a broker.)"""
    directory = tmp_path_factory.mktemp("faults")
    kafka = run_apart(kafka_on(directory / "kafka"))
    postgres = Postgres(directory / "postgres")
    try:
        run_apart(kafka.start())
        run_apart(postgres.start())
        topics.apply(kafka.bootstrap, topics.wanted([HOLD]))
        run_apart(migrate(postgres.dsn, [HOLD]))
        yield Ground(kafka, postgres, directory)
    finally:
        run_apart(kafka.stop())
        run_apart(postgres.stop())
        postgres.remove_socket()


@pytest.fixture
async def scene(ground: Ground, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    # What tells it from the others is at the end; an account's id has room for so much.
    name = re.sub(r"[\W_]+", "-", request.node.name).strip("-")[-30:].strip("-")
    async with scene_on(ground, name) as ready:
        yield ready
