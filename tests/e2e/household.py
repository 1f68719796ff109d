"""All services as processes on servers of their own, started again whenever one dies, and somebody who kills them."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg

from deploy.audit.checks import checks
from deploy.audit.listen import listen
from deploy.audit.look import Finding, look
from deploy.lag import lags
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.supervisor import Pauses, Supervisor, Worker, supervised
from deploy.services import SERVICES
from deploy.topics import BrokerSilent
from shared.engine.service import Service
from tests.support.seeds import SEED

# The dead keep their partitions for so long.
_SESSION_MS: Final = 1500
_POLL_S: Final = 0.25
_LOOK_S: Final = 0.02
_DECIDED: Final = " union all ".join(f"select count(*) from {name}.inbox" for name in SERVICES)
_BEHIND: Final = " union all ".join(f"select count(*) from {name}.outbox" for name in SERVICES)


@dataclass
class Household:
    """What runs, and how it is looked at."""

    kafka: Kafka
    postgres: Postgres
    directory: Path
    supervisor: Supervisor
    services: Sequence[Service]

    async def murders(self, dice: Random, apart: tuple[int, int]) -> AsyncIterator[str]:
        """Kills workers of all services, each as often as the others, without end; told one by one. Between two of them
        so many messages are decided: somebody is always met at work, and the work goes on."""
        while True:
            for name in dice.sample(self.supervisor.names, len(self.supervisor.names)):
                enough = await self.sum(_DECIDED) + dice.randint(*apart)
                while await self.sum(_DECIDED) < enough or self.supervisor.pid(name) is None:  # noqa: ASYNC110 - rows tell nobody
                    await asyncio.sleep(_LOOK_S)
                self.supervisor.send(name, signal.SIGKILL)
                yield name

    async def quiet(self, within_s: float) -> None:
        """Returns when everything that was said is read and decided, and all that was decided is said."""
        until = time.monotonic() + within_s
        while left := await asyncio.to_thread(self._behind) + await self.sum(_BEHIND):
            assert time.monotonic() < until, f"{left} messages are still under way\n{self.story()}"
            await asyncio.sleep(_POLL_S)

    def _behind(self) -> int:
        try:
            return sum(lag.total for lag in lags(self.kafka.bootstrap, self.services))
        except BrokerSilent:  # a topic made a moment ago has no leader yet, or a group nobody who knows it
            return 1

    async def audited(self, wait_s: float) -> list[Finding]:
        """Everything that is broken."""
        dsn, services = self.postgres.dsn, list(SERVICES.values())
        found = await look(dsn, checks(SERVICES), wait_s)
        found += await listen(self.kafka.bootstrap, dsn, services, wait_s)
        return [one for one in found if one.broken]

    async def rows(self, query: str, *args: object) -> list[Any]:
        """What the database says."""
        conn = await asyncpg.connect(self.postgres.dsn)
        try:
            return list(await conn.fetch(query, *args))
        finally:
            await conn.close()

    async def sum(self, query: str) -> int:
        """All the numbers it says."""
        return sum(row[0] for row in await self.rows(query))

    def story(self) -> str:
        """The last that each worker said, and how to play it again."""
        lines = [f"STOPPOC_SEED={SEED}; logs in {self.directory}"]
        for name in self.supervisor.names:
            log = self.directory / f"{name}.log"
            lines += [f"-- {name}:", *log.read_text(errors="replace").splitlines()[-4:]]
        return "\n".join(lines)


@asynccontextmanager
async def household(
    kafka: Kafka, postgres: Postgres, directory: Path, counts: Mapping[str, int], command: str = "deploy.cli"
) -> AsyncIterator[Household]:
    """So many workers of each service, one where nothing is said; none is left at the end."""
    at_work = {name: counts.get(name, 1) for name in SERVICES if counts.get(name, 1)}
    workers = [
        _worker(kafka, postgres, service, f"{service}-{number}", command)
        for service, count in at_work.items()
        for number in range(1, count + 1)
    ]
    # Whoever was killed is back soon: it is not what failed.
    async with supervised(workers, directory, pauses=Pauses(0.1, 0.5)) as supervisor:
        yield Household(kafka, postgres, directory, supervisor, [SERVICES[name] for name in at_work])


def _worker(kafka: Kafka, postgres: Postgres, service: str, name: str, command: str) -> Worker:
    env = {
        "STOPPOC_KAFKA": kafka.bootstrap,
        "STOPPOC_POSTGRES": postgres.dsn,
        "STOPPOC_WORKER": name,
        "STOPPOC_SESSION_TIMEOUT_MS": str(_SESSION_MS),
        "STOPPOC_FETCH_WAIT_MS": "50",
        # Small enough that a kill finds a cluster half done.
        "STOPPOC_BATCH_MESSAGES": "60",
    }
    return Worker(name, (sys.executable, "-m", command, "run", service), env)
