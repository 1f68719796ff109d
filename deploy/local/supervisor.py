"""Keeps worker processes running: starts them, starts them again when they end, and stops them all with it.

It never gives up on a worker: the pause between starts doubles up to ten seconds and stays there, because what
ends workers (a database away, a broker away) comes back by itself, and a worker that was given up does not
(docs/decisions/0103).
Whatever ends the supervisor, its workers end too.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local import guarded
from deploy.local.guarded import Guarded

# A worker finishes its batch, commits and leaves its group within 25 s of SIGTERM; then it is stuck.
STOP_S: Final = 25.0

_POLL_S: Final = 0.05
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)

Heard = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long to wait before a worker is started again."""

    first_s: float = 0.2
    longest_s: float = 10.0
    steady_s: float = 30.0  # one that ran so long was well: its next pause is the first again

    def after(self, failures: int) -> float:
        """The pause after so many ends in a row."""
        return float(min(self.longest_s, self.first_s * 2 ** min(failures - 1, 32)))


@dataclass(frozen=True, slots=True)
class Worker:
    """What to run, under a name that no other worker has."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None  # on top of ours


class _Lines:
    """The lines added to a file since last asked, whole ones only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = path.stat().st_size if path.exists() else 0

    def new(self) -> list[str]:
        with self._path.open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        return whole.decode(errors="replace").splitlines()


class _Kept:
    """One worker, over all its starts."""

    def __init__(self, worker: Worker, log: Path, pauses: Pauses, heard: Heard | None) -> None:
        self.worker = worker
        self.process: Guarded | None = None
        self.restarts = 0
        self._log = log
        self._lines = _Lines(log)
        self._pauses = pauses
        self._heard = heard
        self._stopping = asyncio.Event()
        self._start()
        self._task = asyncio.create_task(self._keep(), name=f"keeps {worker.name}")

    async def stop(self, number: signal.Signals, grace_s: float) -> None:
        """Ask it to end, and kill it where it does not; it is not started again."""
        self._stopping.set()
        if self.process is not None:
            await self.process.end(number, grace_s)
        await self._task

    def _start(self) -> None:
        env = {**os.environ, **(self.worker.env or {})}
        self._started_at = time.monotonic()
        self.process = guarded.start(self.worker.argv, log=self._log, env=env)

    async def _keep(self) -> None:
        failures = 0
        while True:
            code = await self._ended()
            if self._stopping.is_set():
                return
            well = time.monotonic() - self._started_at >= self._pauses.steady_s
            failures = 1 if well else failures + 1
            pause = self._pauses.after(failures)
            self._tell(f"ended with {code}, starts again in {pause:g} s")
            if await self._asked_to_stop_within(pause):
                return
            self.restarts += 1
            self._start()

    async def _ended(self) -> int:
        process = self.process
        assert process is not None
        while (code := await process.wait(_POLL_S)) is None:
            self._forward()
        self.process = None
        self._forward()
        return code

    async def _asked_to_stop_within(self, pause_s: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause_s)
        return self._stopping.is_set()

    def _forward(self) -> None:
        if self._heard is not None:
            for line in self._lines.new():
                self._heard(self.worker.name, line)

    def _tell(self, line: str) -> None:
        if self._heard is not None:
            self._heard(self.worker.name, line)


class Supervisor:
    """The workers that are kept; `supervised` makes one."""

    def __init__(self, logs: Path, *, pauses: Pauses | None = None, heard: Heard | None = None) -> None:
        self._logs: Final = logs
        self._pauses: Final = pauses or Pauses()
        self._heard: Final = heard
        self._kept: dict[str, _Kept] = {}

    @property
    def names(self) -> list[str]:
        """Who is kept."""
        return list(self._kept)

    def add(self, worker: Worker) -> None:
        """Start one and keep it; its output is appended to `<name>.log`."""
        if worker.name in self._kept:
            raise ValueError(f"there is a worker {worker.name} already")
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{worker.name}.log"
        self._kept[worker.name] = _Kept(worker, log, self._pauses, self._heard)

    def pid(self, name: str) -> int | None:
        """The worker's process; nothing between two starts."""
        process = self._kept[name].process
        return None if process is None else process.pid

    def restarts(self, name: str) -> int:
        """How often it was started again."""
        return self._kept[name].restarts

    def send(self, name: str, number: signal.Signals) -> None:
        """A signal for one worker; where that ends it, it is started again."""
        if (process := self._kept[name].process) is not None:
            process.send(number)

    async def remove(
        self, name: str, number: signal.Signals = signal.SIGTERM, grace_s: float = STOP_S
    ) -> None:
        """Stop one for good."""
        await self._kept[name].stop(number, grace_s)
        del self._kept[name]

    async def stop(self, number: signal.Signals = signal.SIGTERM, grace_s: float = STOP_S) -> None:
        """Stop them all at once, for good."""
        await asyncio.gather(*(self.remove(name, number, grace_s) for name in self.names))

    async def serve(self) -> None:
        """Until SIGINT or SIGTERM, which is passed on; a second one kills."""
        signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, signals.put_nowait, number)
        try:
            first = await signals.get()
            impatient = asyncio.create_task(self._kill_at_next(signals))
            await self.stop(first)
            impatient.cancel()
        finally:
            for number in _ENDING:
                loop.remove_signal_handler(number)

    async def _kill_at_next(self, signals: asyncio.Queue[signal.Signals]) -> None:
        await signals.get()
        for name in self.names:
            self.send(name, signal.SIGKILL)


@asynccontextmanager
async def supervised(
    workers: Sequence[Worker], logs: Path, *, pauses: Pauses | None = None, heard: Heard | None = None
) -> AsyncIterator[Supervisor]:
    """These workers, kept until the end of the block and stopped there.

    Each line a worker writes, and each end of one, is told to `heard` with its name.
    """
    supervisor = Supervisor(logs, pauses=pauses, heard=heard)
    try:
        for worker in workers:
            supervisor.add(worker)
        yield supervisor
    finally:
        await supervisor.stop()
