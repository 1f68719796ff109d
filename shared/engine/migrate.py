"""Brings a service's schema up to date: plain SQL files, in order, each once, under a lock.

The engine's files come first, then the service's. A file that was applied and has since changed is
refused: a database's history is not rewritten, it is continued.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import asyncpg

from shared.engine.service import Connection, Service

_ENGINE: Final = Path(__file__).parent / "migrations"
_FILE: Final = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
# Any fixed number: all who migrate this database take the same lock. Transaction-wide, so a dead migrator frees it.
_LOCK: Final = 7_067_067_001

_PREPARE: Final = """
do $$ begin
  if not exists (select from pg_roles where rolname = '{role}') then create role {role} nologin; end if;
exception when duplicate_object or unique_violation then null;  -- roles are the cluster's: another database's migration made it
end $$;
create schema if not exists {schema};
grant usage on schema {schema} to {role};
create table if not exists {schema}.migration (
  file text primary key, sha256 text not null, applied_at timestamptz not null default now()
);
"""


class MigrationRefused(Exception):
    """The files and the database do not fit together; the text says how."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One file that was applied just now."""

    service: str
    file: str


async def migrate(dsn: str, services: Sequence[Service]) -> list[Applied]:
    """Applies what is missing, service by service, each in one transaction; returns what was applied."""
    conn = await asyncpg.connect(dsn)
    try:
        return [applied for service in services for applied in await _migrate(conn, service)]
    finally:
        await conn.close()


async def _migrate(conn: asyncpg.Connection, service: Service) -> list[Applied]:
    words = {"schema": service.schema, "role": service.role}
    async with conn.transaction():
        await conn.execute("select pg_advisory_xact_lock($1)", _LOCK)
        await conn.execute(_filled(_PREPARE, words))
        await conn.execute(f"set local search_path to {service.schema}")
        done = {row["file"]: row["sha256"] for row in await conn.fetch("select file, sha256 from migration")}
        return [
            Applied(service.name, name)
            for name, path in _files(service, done)
            if await _apply(conn, name, _filled(path.read_text(), words), done)
        ]


async def _apply(conn: Connection, name: str, text: str, done: dict[str, str]) -> bool:
    digest = sha256(text.encode()).hexdigest()
    if name in done:
        if done[name] != digest:
            raise MigrationRefused(f"{name} was applied and has changed since: write a new migration instead")
        return False
    await conn.execute(text)
    await conn.execute("insert into migration (file, sha256) values ($1, $2)", name, digest)
    return True


def _files(service: Service, done: dict[str, str]) -> list[tuple[str, Path]]:
    files = [
        (f"{folder}/{path.name}", path)
        for folder, where in (("engine", _ENGINE), (service.name, service.migrations))
        for path in sorted(where.glob("*.sql"))
    ]
    for name, path in files:
        if not _FILE.fullmatch(path.name):
            raise MigrationRefused(f"{name} is not named NNNN_what.sql")
    if missing := done.keys() - {name for name, _ in files}:
        raise MigrationRefused(
            f"{', '.join(sorted(missing))} was applied to {service.schema} but is not among the files"
        )
    return files


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace("{" + word + "}", value)
    return text
