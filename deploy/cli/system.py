"""The whole system on this machine: a place, its topics and schema, and the services' workers, kept running.

It is stopped in the reverse order, workers first; should we die, the guards of the parts end them.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import asyncpg

from deploy.cli.say import FAILED, WRONG, Trouble
from deploy.local import ports
from deploy.local.place import Place, Say, place, to_stderr
from deploy.local.ports import LOOPBACK
from deploy.local.supervisor import Heard, Supervisor, Worker, supervised
from deploy.mail.settings import SERVER as MAIL_SERVER
from deploy.pay.settings import MERCHANTS, door_port
from deploy.services import SERVICES
from deploy.topics import Change, apply, wanted
from shared.engine.migrate import Applied, migrate

# On one machine nothing but a death delays a heartbeat for long, and a killed worker's partitions wait for this.
_SESSION_MS: Final = 3000
# The in-memory cluster holds an empty fetch for the whole of it.
_MEMORY_FETCH_MS: Final = 20
_FORGETFUL: Final = "stoppoc_in_memory"
_MAIL: Final = "mail-1"
_PAY: Final = "pay-1"
_READY_S: Final = 150.0
_PROBE_S: Final = 2.0
_POLL_S: Final = 0.05


@dataclass(slots=True)
class System:
    """What runs."""

    place: Place
    made: list[Change]
    applied: list[Applied]
    logs: Path
    supervisor: Supervisor
    ports: dict[str, int] = field(default_factory=dict)

    async def ready(self) -> None:
        """Returns when every worker has joined its group; `Trouble` names one that does not."""
        # A mail server that is away keeps mails waiting, and nothing else.
        waiting = [name for name in self.ports if name != _MAIL]
        try:
            async with asyncio.timeout(_READY_S):
                while waiting:
                    waiting = [name for name in waiting if not (await probe(self.ports[name]))[0]]
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            _, reason = await probe(self.ports[waiting[0]])
            raise Trouble(
                f"{waiting[0]} is not ready after {_READY_S:g} s: {reason}; its log is "
                f"{self.logs / waiting[0]}.log",
                FAILED,
            ) from None


@asynccontextmanager
async def system(
    directory: Path,
    counts: Mapping[str, int],
    *,
    exactly: bool = True,
    say: Say = to_stderr,
    heard: Heard | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[System]:
    """The system with that many workers of each service; everything is kept in the directory. Where the environment, or
    `more` of it, names a merchant at a gateway or a mail server, there is one who speaks to them, too.

    On the in-memory broker, which takes one worker a service, more are an error, or without `exactly` one is enough.
    """
    # Asked to end, we end as on Ctrl-C: in order.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    topics = wanted(SERVICES.values())
    async with place(directory, topics=[topic.name for topic in topics], say=say) as found:
        here = await _without_past(found)
        if here.broker_kind == "memory" and max(counts.values()) > 1:
            if exactly:
                raise Trouble(
                    "the in-memory broker takes one worker a service; more need Apache Kafka", WRONG
                )
            counts = dict.fromkeys(counts, 1)
        made, applied = await asyncio.gather(
            asyncio.to_thread(apply, here.kafka, [] if here.broker_kind == "memory" else topics),
            migrate(here.postgres, list(SERVICES.values())),
        )
        workers, listening = _workers(counts, here, more)
        async with supervised(workers, directory / "logs", heard=heard) as supervisor:
            yield System(here, made, applied, directory / "logs", supervisor, listening)


async def _without_past(here: Place) -> Place:
    """A broker in memory has forgotten everything, so it gets a database that knows nothing: what the kept one knows
    was never said on this broker. The kept one is left alone."""
    server = here.postgres_server
    if here.broker_kind != "memory" or server is None:
        return here
    conn = await asyncpg.connect(server.dsn_of("postgres"))
    try:
        await conn.execute(f"drop database if exists {_FORGETFUL} with (force)")
        await conn.execute(f"create database {_FORGETFUL}")
    finally:
        await conn.close()
    return replace(here, postgres=server.dsn_of(_FORGETFUL))


def _workers(
    counts: Mapping[str, int], here: Place, more: Mapping[str, str]
) -> tuple[Sequence[Worker], dict[str, int]]:
    commands: dict[str, tuple[str, ...]] = {
        f"{service}-{nr}": ("run", service) for service, count in counts.items() for nr in range(1, count + 1)
    }
    known = {**os.environ, **more}
    # Mails wait for somebody to send them; who says where to has it done.
    if known.get(MAIL_SERVER):
        commands[_MAIL] = ("mail", "deliver")
    if any(known.get(merchant) for merchant in MERCHANTS):
        commands[_PAY] = ("pay",)
    listening = dict(zip(commands, ports.free(len(commands)), strict=True))
    if _PAY in listening:
        listening[_PAY] = door_port(known)
    workers = [_worker(command, name, listening[name], here, more) for name, command in commands.items()]
    return workers, listening


def _worker(command: tuple[str, ...], name: str, port: int, here: Place, more: Mapping[str, str]) -> Worker:
    # The database's address may hold a password: it goes by the environment, which other users cannot read.
    env = {
        **more,
        "STOPPOC_KAFKA": here.kafka,
        "STOPPOC_POSTGRES": here.postgres,
        "STOPPOC_WORKER": name,
        "STOPPOC_LOG": "json",
    }
    if here.broker_kind != "named":
        env.setdefault(
            "STOPPOC_SESSION_TIMEOUT_MS", os.environ.get("STOPPOC_SESSION_TIMEOUT_MS", str(_SESSION_MS))
        )
    if here.broker_kind == "memory":
        env["STOPPOC_FETCH_WAIT_MS"] = str(_MEMORY_FETCH_MS)
    return Worker(name, (sys.executable, "-m", "deploy.cli", *command, "--http-port", str(port)), env)


async def probe(port: int) -> tuple[bool, str]:
    """Whether the worker that tells about itself on this port is ready, and its reason."""
    return await asyncio.to_thread(_probe, port)


def _probe(port: int) -> tuple[bool, str]:
    asking = http.client.HTTPConnection(LOOPBACK, port, timeout=_PROBE_S)
    try:
        asking.request("GET", "/ready")
        said = json.loads(asking.getresponse().read())
        return bool(said["ok"]), str(said["reason"])
    except (OSError, http.client.HTTPException, ValueError) as error:
        return False, f"it does not answer ({error})"
    finally:
        asking.close()
