"""Nothing outlives its owner: not after a kill of the owner, not after a kill of a guard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import guarded

_STARTED_S = 15.0
_GONE_S = 15.0

_OWNER = """
import asyncio, sys
from pathlib import Path
from deploy.local.kafka import embedded_kafka
from deploy.local.memory_kafka import memory_kafka
from deploy.local.postgres import embedded_postgres
from deploy.local.supervisor import Worker, supervised

STUBBORN = "import signal, subprocess, time; signal.signal(15, signal.SIG_IGN); subprocess.Popen(['sleep', '600']); time.sleep(600)"

async def main(directory, what):
    if what == "postgres":
        running = embedded_postgres(directory)
    elif what == "kafka":
        running = embedded_kafka(directory)
    elif what == "memory":
        running = memory_kafka(directory, ["some.topic"])
    else:
        running = supervised([Worker("stubborn", [sys.executable, "-c", STUBBORN])], directory)
    async with running:
        print("runs", flush=True)
        await asyncio.sleep(600)

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


def _alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    # Where nobody reaps orphans, the dead stay as zombies: they run no more.
    _, left = psutil.wait_procs(processes, _GONE_S)
    return [process for process in left if process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def owner(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[psutil.Process]:
    command = [sys.executable, "-c", _OWNER, str(tmp_path), request.param]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"runs\n"
        yield psutil.Process(process.pid)
        process.kill()


def _started_by(parent: psutil.Process, count: int) -> list[psutil.Process]:
    until = time.monotonic() + _STARTED_S
    while len(started := parent.children(recursive=True)) < count:
        assert time.monotonic() < until, f"{started} are not {count}"
        time.sleep(0.05)
    return started


@pytest.mark.postgres
@pytest.mark.parametrize("owner", ["postgres"], indirect=True)
def test_postgres_ends_after_a_kill_of_its_owner(owner: psutil.Process) -> None:
    started = _started_by(owner, 4)
    owner.kill()
    assert _alive(started) == []


@pytest.mark.kafka
@pytest.mark.parametrize("owner", ["kafka"], indirect=True)
@pytest.mark.usefixtures("apache_kafka")
def test_kafka_ends_after_a_kill_of_its_owner(owner: psutil.Process) -> None:
    started = _started_by(owner, 2)
    owner.kill()
    assert _alive(started) == []


@pytest.mark.parametrize("owner", ["memory"], indirect=True)
def test_in_memory_cluster_ends_after_a_kill_of_its_owner(owner: psutil.Process) -> None:
    started = _started_by(owner, 2)
    owner.kill()
    assert _alive(started) == []


@pytest.mark.parametrize("owner", ["workers"], indirect=True)
def test_stubborn_worker_and_its_child_end_after_a_kill_of_the_supervisor(owner: psutil.Process) -> None:
    started = _started_by(owner, 3)
    owner.kill()
    assert _alive(started) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
@pytest.mark.postgres
@pytest.mark.parametrize("owner", ["postgres"], indirect=True)
def test_postgres_ends_after_a_kill_of_its_guard(owner: psutil.Process) -> None:
    (guard,) = owner.children()
    started = _started_by(guard, 3)
    guard.kill()
    assert _alive(started) == []


async def test_guarded_process_ends_as_its_child_did(tmp_path: Path) -> None:
    log = tmp_path / "log"
    left = guarded.start([sys.executable, "-c", "print('said'); raise SystemExit(7)"], log=log)
    killed = guarded.start(["sleep", "600"], log=log)
    killed.send(signal.SIGKILL)
    missing = guarded.start(["/no/such/program"], log=log)
    assert [await process.wait(10.0) for process in (left, killed, missing)] == [7, -signal.SIGKILL, 127]
    assert "said\n" in log.read_text()
    assert "/no/such/program: " in log.read_text()


async def test_what_a_guarded_process_leaves_behind_is_swept_up(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    leaves = f"import subprocess; open({str(told)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
    process = guarded.start([sys.executable, "-c", leaves], log=tmp_path / "log")
    assert await process.wait(10.0) == 0
    assert not psutil.pid_exists(int(told.read_text()))
