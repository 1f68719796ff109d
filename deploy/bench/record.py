"""Makes a tape: a real worker is run once in this process, with connections and a publisher that write down what they do.

What the floors play back is therefore what the engine does, in its batches and with as much going on at once as it
has, and stays so when the engine changes.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop
from asyncpg.connection import Connection

from deploy.bench.tape import Said, Statement, Tape
from services.hold.service import HOLD
from shared.contracts.cloudevents import record_headers
from shared.engine import publisher, worker
from shared.engine.health import Health
from shared.engine.metrics import Metrics, Outcome
from shared.engine.outbox import Outgoing
from shared.engine.settings import Settings

_END: Final = ("COMMIT;", "ROLLBACK;")
_POLL_S: Final = 0.05

_TAPE: Final = Tape()


class Recording(Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection that writes down what is done within transactions."""

    _transaction: int | None = None

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        if query.startswith("BEGIN"):
            self._transaction = _TAPE.begin()
        result = await super().execute(query, *args, **options)
        self._note("execute", query, args)
        if query in _END and self._transaction is not None:
            _TAPE.end(self._transaction)
            self._transaction = None
        return result

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        rows = await super().fetch(query, *args, **options)
        numbered = "insert into outbox" in query and bool(rows)
        self._note("fetch", query, args, tuple(row["position"] for row in rows) if numbered else ())
        return rows

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        value = await super().fetchval(query, *args, **options)
        self._note("fetchval", query, args)
        return value

    async def copy_records_to_table(self, table_name: str, **options: Any) -> Any:
        options["records"] = list(options["records"])
        tag = await super().copy_records_to_table(table_name, **options)
        self._note("copy_records_to_table", table_name, (options,))
        return tag

    def _note(self, method: str, query: str, args: tuple[Any, ...], positions: tuple[int, ...] = ()) -> None:
        if self._transaction is not None:
            _TAPE.transactions[self._transaction].append(Statement(method, query, args, positions))


class RecordingPublisher(publisher.Publisher):
    """A publisher that writes down what it was given."""

    async def publish(self, messages: Iterable[Outgoing]) -> Any:
        given = list(messages)
        counts = await super().publish(given)
        _TAPE.said.extend(
            Said(one.topic, one.envelope.key.encode(), one.body.encode(), record_headers(one.envelope))
            for one in given
        )
        return counts


async def record(settings: Settings, count: int) -> Tape:
    """Works off so many commands that are on the topic, and returns how it did."""
    asyncpg.create_pool = functools.partial(asyncpg.create_pool, connection_class=Recording)
    setattr(worker, "Publisher", RecordingPublisher)  # noqa: B010 - in this process alone, and not the module's to export
    metrics = Metrics(HOLD.name)
    engine = worker.Worker(HOLD, settings, metrics, Health())
    task = asyncio.create_task(engine.run())
    while _decided(metrics) < count:
        await asyncio.wait([task], timeout=_POLL_S)
        if task.done():
            break
    engine.stop()
    await task
    _TAPE.messages = count
    return _TAPE


def _decided(metrics: Metrics) -> float:
    name = f'stoppoc_messages_total{{outcome="{Outcome.DECIDED}",service="{HOLD.name}"}}'
    lines = metrics.page().decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)


if __name__ == "__main__":
    uvloop.run(record(Settings.from_environment(), int(sys.argv[2]))).save(Path(sys.argv[1]))
