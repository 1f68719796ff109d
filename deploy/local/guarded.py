"""A process of ours, kept by a guard: started, signalled, awaited, and gone when we are gone.

Not bound to an event loop, so one may start it and another stop it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from deploy.local import guard

_POLL_S: Final = 0.01
_GUARD: Final = (sys.executable, "-I", "-S", guard.__file__)


class StartError(Exception):
    """A part of ours could not be got or started; the text says why, with the end of its log."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system user a process runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Farewell:
    """How a process is ended when its owner is gone, and when its guard is."""

    orphan_signal: signal.Signals = signal.SIGTERM
    orphan_grace_s: float = 5.0
    death_signal: signal.Signals = signal.SIGKILL

    def options(self) -> list[str]:
        return [
            f"--orphan-signal={int(self.orphan_signal)}",
            f"--orphan-grace={self.orphan_grace_s}",
            f"--death-signal={int(self.death_signal)}",
        ]


class Guarded:
    """One process and its guard."""

    def __init__(self, keeper: subprocess.Popen[bytes], orders: int, pid: int) -> None:
        self._keeper = keeper
        self._orders: int | None = orders
        self.pid: Final = pid

    @property
    def output(self) -> IO[bytes] | None:
        """What the process writes, where `start` was given no log."""
        return self._keeper.stdout

    @property
    def guard_pid(self) -> int:
        return self._keeper.pid

    def ended(self) -> int | None:
        """Its exit code, negative for a signal; nothing while it runs."""
        code = self._keeper.poll()
        if code is not None:
            self._let_go()
        return code

    def send(self, number: signal.Signals) -> None:
        """A signal for the process; SIGKILL for its whole group. Too late is no error."""
        if self._orders is not None:
            with suppress(BrokenPipeError):
                os.write(self._orders, bytes([number]))

    async def wait(self, timeout_s: float) -> int | None:
        """Its exit code, or nothing where it still runs after that long."""
        until = time.monotonic() + timeout_s
        while (code := self.ended()) is None and time.monotonic() < until:  # noqa: ASYNC110 - a process is not awaitable without a loop of its own
            await asyncio.sleep(_POLL_S)
        return code

    async def end(self, number: signal.Signals, grace_s: float) -> int:
        """Ask with a signal, wait so long, then kill; the exit code."""
        self.send(number)
        try:
            code = await self.wait(grace_s)
        except asyncio.CancelledError:
            self.send(signal.SIGKILL)
            raise
        while code is None:
            self.send(signal.SIGKILL)
            code = await self.wait(1.0)
        return code

    def _let_go(self) -> None:
        if self._orders is not None:
            os.close(self._orders)
            self._orders = None


def start(
    argv: Sequence[str],
    *,
    log: Path | None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    farewell: Farewell | None = None,
) -> Guarded:
    """Start it under a guard; its output is appended to the log, or to `output` where there is none."""
    theirs, ours = os.pipe()
    heard, told = os.pipe()
    options = [f"--owner={theirs}", f"--report={told}", *(farewell or Farewell()).options()]
    if account is not None:
        options += [f"--uid={account.uid}", f"--gid={account.gid}"]
    stdout: IO[bytes] | int = subprocess.PIPE if log is None else log.open("ab")
    try:
        keeper = subprocess.Popen(
            [*_GUARD, *options, "--", *argv],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            pass_fds=(theirs, told),
            start_new_session=True,  # Ctrl-C is for us to pass on, not for the terminal
        )
    except OSError:
        os.close(ours)
        os.close(heard)
        raise
    finally:
        os.close(theirs)
        os.close(told)
        if not isinstance(stdout, int):
            stdout.close()
    with os.fdopen(heard, "rb") as report:
        pid = report.read()
    if not pid:
        os.close(ours)
        raise StartError(f"the guard of {argv[0]} ended with {keeper.wait()}")
    return Guarded(keeper, ours, int(pid))
