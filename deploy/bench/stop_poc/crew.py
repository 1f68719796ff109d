"""All services as processes of one kind: ours as in production, or their naive twins."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.bench.meter import Meter, rss_mib
from deploy.bench.servers import Servers, Unfit
from deploy.local import guarded
from deploy.local.guarded import Guarded
from deploy.services import SERVICES

_STOP_S: Final = 25.0
_LAST_LINES: Final = 6


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to run a service: the arguments before its name."""

    name: str
    argv: Sequence[str]

    def group(self, service: str) -> str:
        """The consumer group a service reads with."""
        return service if self is OURS else f"{self.name}-{service}"


OURS: Final = Kind("ours", ("deploy.cli", "run"))
NAIVE: Final = Kind("naive", ("deploy.bench.stop_poc.naive",))
GROUPS: Final = tuple(kind.group(service) for kind in (OURS, NAIVE) for service in SERVICES)


class Crew:
    """The processes."""

    def __init__(
        self, kind: Kind, processes: dict[str, Guarded], logs: Path, servers: dict[str, int]
    ) -> None:
        self.kind: Final = kind
        self._processes = processes
        self._logs = logs
        self._pids = {name: process.pid for name, process in processes.items()}
        self.meter: Final = Meter(self._pids | servers)

    def well(self) -> None:
        """`Unfit` where one of them has ended: nothing can be measured then."""
        for name, process in self._processes.items():
            if (code := process.ended()) is not None:
                raise Unfit(f"{self.kind.name} {name} ended with {code}:\n{self._last_words(name)}")

    def memory(self) -> dict[str, float]:
        """The memory of each, in MiB, and of all together."""
        used = {name: round(rss_mib(pid), 1) for name, pid in self._pids.items()}
        return used | {"all": round(sum(used.values()), 1)}

    def _last_words(self, name: str) -> str:
        return "\n".join(
            _log(self._logs, self.kind, name).read_text(errors="replace").splitlines()[-_LAST_LINES:]
        )

    async def end(self) -> None:
        """Asks them all to end, and waits for it."""
        await asyncio.gather(*(one.end(signal.SIGTERM, _STOP_S) for one in self._processes.values()))


def _log(logs: Path, kind: Kind, service: str) -> Path:
    return logs / f"{kind.name}-{service}.log"


@asynccontextmanager
async def crew(servers: Servers, kind: Kind, dsn: str, logs: Path) -> AsyncIterator[Crew]:
    """One process for each service on that database, and on topics that are empty; ended with the block."""
    await servers.fresh_topics()
    environment = os.environ | {"STOPPOC_KAFKA": servers.kafka, "STOPPOC_POSTGRES": dsn}
    processes = {
        name: guarded.start((sys.executable, "-m", *kind.argv, name), log=_log(logs, kind, name), env=environment)
        for name in SERVICES
    }  # fmt: skip
    running = Crew(kind, processes, logs, servers.servers)
    try:
        yield running
    finally:
        await running.end()
