"""Servers that tests share: one PostgreSQL and one Kafka a session, a fresh database a test.

A test that needs Kafka is skipped where Kafka cannot be had, and the end of the run says which and how to get it;
in CI it fails instead.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.java import UnavailableError
from deploy.local.kafka import Kafka, embedded_kafka, kafka_on
from deploy.local.postgres import Postgres
from tests.support import containers
from tests.support.containers import ContainerPostgres

_T = TypeVar("_T")

_NO_KAFKA: Final = "not run for want of a real Kafka"
_HOW_TO_GET_IT: Final = (
    "To run them: put a JDK 17 or later and Maven on PATH (the broker is fetched once, 43 MB),\n"
    "or name a running Kafka 4: STOPPOC_KAFKA=host:port; or, with a container engine: STOPPOC_TEST_CONTAINERS=1."
)


def run_apart(work: Coroutine[None, None, _T]) -> _T:
    """Run it to its end on a loop of its own, whatever loop the tests have."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres | ContainerPostgres]:
    if containers.wanted():
        with containers.postgres_container(_answers) as contained:
            yield contained
        return
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    try:
        run_apart(server.start())
        yield server
    finally:
        run_apart(server.stop())
        server.remove_socket()


async def _execute(dsn: str, statement: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


def _answers(server: ContainerPostgres) -> bool:
    try:
        run_apart(_execute(server.dsn, "select 1"))
    except (OSError, asyncpg.PostgresError):
        return False
    return True


def _broker_answers(bootstrap: str) -> bool:
    try:
        return bool(AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=2).brokers)
    except KafkaException:
        return False


@pytest.fixture
def database(postgres_server: Postgres | ContainerPostgres) -> Iterator[str]:
    """The DSN of a new, empty database; dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    run_apart(_execute(postgres_server.dsn, f'create database "{name}"'))
    yield postgres_server.dsn_of(name)
    run_apart(_execute(postgres_server.dsn, f'drop database "{name}" with (force)'))


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Kafka:
    """Not running yet; for tests that need a broker of their own, which they may stop and kill, this says they can."""
    try:
        return run_apart(kafka_on(tmp_path_factory.mktemp("kafka")))
    except UnavailableError as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have a real Kafka: {reason}", pytrace=False)
        pytest.skip(f"{_NO_KAFKA}: {reason}")


@pytest.fixture
async def broker(apache_kafka: Kafka, tmp_path: Path) -> AsyncIterator[Kafka]:
    """One that runs for a single test, with nothing on it. (`apache_kafka` says whether there can be one.)"""
    async with embedded_kafka(tmp_path / "kafka") as server:
        yield server


@pytest.fixture(scope="session")
def kafka_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where one real Kafka of the session is: the one named by the environment, else our own."""
    if named := os.environ.get("STOPPOC_KAFKA"):
        yield named
        return
    if containers.wanted():
        with containers.kafka_container(_broker_answers) as contained:
            yield contained
        return
    server: Kafka = request.getfixturevalue("apache_kafka")
    try:
        run_apart(server.start())
        yield server.bootstrap
    finally:
        run_apart(server.stop())


@pytest.fixture
def kafka(kafka_server: str) -> str:
    """Where clients begin. The broker is shared: a test takes topics and groups with names of its own."""
    return kafka_server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    missed = [report.nodeid for report in skipped if _NO_KAFKA in str(report.longrepr)]
    if not missed:
        return
    terminalreporter.section(f"{len(missed)} tests were {_NO_KAFKA}")
    for nodeid in missed:
        terminalreporter.write_line(f"  {nodeid}")
    terminalreporter.write_line(_HOW_TO_GET_IT)
