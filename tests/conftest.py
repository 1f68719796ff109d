"""Servers that tests share: one PostgreSQL and one Kafka a session, a fresh database a test.

A test that needs Kafka is skipped where Kafka cannot be had, and the end of the run says which and how to get it;
in CI it fails instead.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import asyncpg
import pytest

from deploy.local.postgres import Postgres

_T = TypeVar("_T")


def run_apart(work: Coroutine[None, None, _T]) -> _T:
    """Run it to its end on a loop of its own, whatever loop the tests have."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
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


@pytest.fixture
def database(postgres_server: Postgres) -> Iterator[str]:
    """The DSN of a new, empty database; dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    run_apart(_execute(postgres_server.dsn, f'create database "{name}"'))
    yield postgres_server.dsn_of(name)
    run_apart(_execute(postgres_server.dsn, f'drop database "{name}" with (force)'))
