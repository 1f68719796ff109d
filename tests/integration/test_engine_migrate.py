"""Migrations: each file once, in order, and a database whose history does not fit is left as it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from shared.engine.migrate import Applied, MigrationRefused, migrate
from shared.engine.service import Service
from tests.support.toy import Toy

pytestmark = pytest.mark.postgres

FIRST = (
    Applied("toy", "engine/0001_engine.sql"),
    Applied("toy", "engine/0002_job_progress.sql"),
)
THING = Applied("toy", "toy/0001_thing.sql")


@pytest.fixture
def service(tmp_path: Path) -> Service:
    (tmp_path / "0001_thing.sql").write_text(
        "create table {schema}.thing (id int); grant select on {schema}.thing to {role};"
    )
    return replace(Toy("toy").service, migrations=tmp_path)


async def tables(database: str) -> set[str]:
    conn = await asyncpg.connect(database)
    try:
        rows = await conn.fetch("select tablename from pg_tables where schemaname = 'toy'")
    finally:
        await conn.close()
    return {row["tablename"] for row in rows}


async def test_files_are_applied_once(database: str, service: Service) -> None:
    assert await migrate(database, [service]) == [*FIRST, THING]
    assert await migrate(database, [service]) == []
    (service.migrations / "0002_more.sql").write_text("create table more (id int)")
    assert await migrate(database, [service]) == [Applied("toy", "toy/0002_more.sql")]
    assert await tables(database) >= {
        "inbox",
        "outbox",
        "parked",
        "job_progress",
        "migration",
        "thing",
        "more",
    }


async def test_two_who_migrate_at_once_do_it_once(database: str, service: Service) -> None:
    other = replace(Toy("other").service, migrations=service.migrations)
    done = await asyncio.gather(*(migrate(database, [service, other]) for _ in range(4)))
    applied = [one for batch in done for one in batch]
    assert len(applied) == len(set(applied)) == 6


async def test_databases_of_one_server_can_be_migrated_at_once(
    database: str, postgres_server: object, service: Service
) -> None:
    """Roles belong to the server: two databases make the same one."""
    fresh = replace(service, name=f"toy_{id(service)}")
    conn = await asyncpg.connect(database)
    try:
        twin = f"{await conn.fetchval('select current_database()')}_twin"
        await conn.execute(f'create database "{twin}"')
        try:
            both = (
                database,
                database.replace("/test_", "/test_", 1).replace(twin.removesuffix("_twin"), twin, 1),
            )
            await asyncio.gather(*(migrate(dsn, [fresh]) for dsn in both))
        finally:
            await conn.execute(f'drop database "{twin}" with (force)')
    finally:
        await conn.close()


async def test_a_file_that_was_applied_and_has_changed_is_refused(database: str, service: Service) -> None:
    await migrate(database, [service])
    (service.migrations / "0001_thing.sql").write_text("create table {schema}.other (id int)")
    (service.migrations / "0002_more.sql").write_text("create table {schema}.more (id int)")
    with pytest.raises(MigrationRefused, match=r"toy/0001_thing\.sql was applied and has changed since"):
        await migrate(database, [service])
    assert "more" not in await tables(database)


async def test_a_file_that_was_applied_and_is_gone_is_refused(database: str, service: Service) -> None:
    await migrate(database, [service])
    (service.migrations / "0001_thing.sql").unlink()
    with pytest.raises(
        MigrationRefused, match=r"toy/0001_thing\.sql was applied to toy but is not among the files"
    ):
        await migrate(database, [service])


@pytest.mark.parametrize("name", ["1_thing.sql", "0002-more.sql", "0002_More.sql", "more.sql"])
async def test_a_file_with_another_name_is_refused(database: str, service: Service, name: str) -> None:
    (service.migrations / name).write_text("select 1")
    with pytest.raises(MigrationRefused, match=r"is not named NNNN_what\.sql"):
        await migrate(database, [service])


async def test_a_file_that_fails_leaves_nothing_behind(database: str, service: Service) -> None:
    (service.migrations / "0002_more.sql").write_text("create table {schema}.more (id int); select 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database, [service])
    assert await tables(database) == set()


async def test_the_role_can_write_no_more_than_it_must(database: str, service: Service) -> None:
    await migrate(database, [service])
    conn = await asyncpg.connect(
        database, server_settings={"role": service.role, "search_path": service.schema}
    )
    try:
        for forbidden in (
            "update inbox set seen_at = now()",
            "delete from job_progress",
            "delete from migration",
            "create table mine (id int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(forbidden)
    finally:
        await conn.close()
