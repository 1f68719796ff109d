"""The supervisor on real processes: starts again what ends, passes signals on, kills what does not listen."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local.supervisor import Pauses, Worker, supervised

_SOON_S = 20.0

_POLITE = """
import signal, sys, time
def leave(number, frame):
    print("leaves on", number, flush=True)
    sys.exit(0)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, leave)
print("works", flush=True)
while True:
    time.sleep(0.1)
"""
_STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("works", flush=True)
while True:
    time.sleep(1)
"""
_SERVES = """
import asyncio, sys
from pathlib import Path
from deploy.local.supervisor import Worker, supervised

async def main(logs, script):
    workers = [Worker("one", [sys.executable, "-c", script])]
    async with supervised(workers, logs, heard=lambda name, line: print(name, line, flush=True)) as supervisor:
        await supervisor.serve()

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


def _python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(_SOON_S):
        while not true():  # noqa: ASYNC110 - what is awaited happens in another process
            await asyncio.sleep(0.02)


async def _until_heard(heard: list[tuple[str, str]], *wanted: tuple[str, str]) -> None:
    await _until(lambda: set(wanted) <= set(heard))


async def test_crashing_worker_is_started_again_with_growing_pauses(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    pauses = Pauses(first_s=0.05, longest_s=0.2)
    worker = Worker("crashes", _python("raise SystemExit(3)"))
    async with supervised(
        [worker], tmp_path, pauses=pauses, heard=lambda *line: heard.append(line)
    ) as supervisor:
        await _until(lambda: supervisor.restarts("crashes") >= 4)
    said = [line for _, line in heard]
    assert said[:4] == [f"ended with 3, starts again in {pause} s" for pause in ("0.05", "0.1", "0.2", "0.2")]


async def test_killed_worker_comes_back_as_another_process(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    worker = Worker("works", _python(_POLITE))
    async with supervised([worker], tmp_path, heard=lambda *line: heard.append(line)) as supervisor:
        await _until_heard(heard, ("works", "works"))
        first = supervisor.pid("works")
        heard.clear()
        supervisor.send("works", signal.SIGKILL)
        await _until_heard(heard, ("works", "ended with -9, starts again in 0.2 s"), ("works", "works"))
        assert supervisor.pid("works") not in (first, None)
        assert supervisor.restarts("works") == 1


async def test_workers_are_asked_to_leave_and_their_words_are_kept(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    workers = [Worker(name, _python(_POLITE), {"PYTHONUNBUFFERED": "1"}) for name in ("one", "two")]
    async with supervised(workers, tmp_path, heard=lambda *line: heard.append(line)):
        await _until_heard(heard, ("one", "works"), ("two", "works"))
    assert ("one", "leaves on 15") in heard
    for name in ("one", "two"):
        assert (tmp_path / f"{name}.log").read_text() == "works\nleaves on 15\n"


async def test_stubborn_worker_is_killed_after_its_grace(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    worker = Worker("stubborn", _python(_STUBBORN))
    async with supervised([worker], tmp_path, heard=lambda *line: heard.append(line)) as supervisor:
        await _until_heard(heard, ("stubborn", "works"))
        pid = supervisor.pid("stubborn")
        began = time.monotonic()
        await supervisor.stop(grace_s=0.5)
        assert 0.5 <= time.monotonic() - began < 20.0
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def test_worker_that_waits_for_its_restart_is_not_started_after_a_stop(tmp_path: Path) -> None:
    worker = Worker("crashes", _python("raise SystemExit(3)"))
    async with supervised([worker], tmp_path, pauses=Pauses(first_s=60.0, longest_s=60.0)) as supervisor:
        await _until(lambda: supervisor.pid("crashes") is None)
        began = time.monotonic()
        await supervisor.stop()
        assert time.monotonic() - began < 20.0
        assert supervisor.names == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_to_the_supervisor_is_passed_on(tmp_path: Path, number: signal.Signals) -> None:
    said = _serve_until_works(tmp_path, _POLITE, number)
    assert said == [f"one leaves on {int(number)}"]


def test_second_signal_kills_a_stubborn_worker(tmp_path: Path) -> None:
    began = time.monotonic()
    assert _serve_until_works(tmp_path, _STUBBORN, signal.SIGTERM, signal.SIGTERM) == []
    assert time.monotonic() - began < 20.0


def _serve_until_works(logs: Path, script: str, *numbers: signal.Signals) -> list[str]:
    command = [*_python(_SERVES), str(logs), script]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "one works\n"
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.3)
        said, _ = process.communicate(timeout=_SOON_S)
    assert process.returncode == 0
    return said.splitlines()
