"""`stoppoc` as a person has it: `up` in a folder of its own, and every other command run beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from typer.testing import CliRunner

from deploy.cli.main import app

# Seven workers, a broker and a database come up, where others may be at work too.
_UP_S: Final = 180.0
_STOP_S: Final = 90.0
_COMMAND_S: Final = 120.0
_OTHERS: Final = {"STOPPOC_KAFKA", "STOPPOC_POSTGRES", "TRACEPARENT"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """Ours, without what names another broker or database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STOPPOC_")}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NO_COLOR": "1",
        **more,
    }


class Folder:
    """A folder to run `stoppoc` in."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self._process: subprocess.Popen[bytes] | None = None

    def stoppoc(self, *arguments: str, stdin: bytes = b"", **more: str) -> Said:
        """One command beside the system that runs here, to its end. (In our process: most of its second is imports.)"""
        env = {
            **dict.fromkeys(os.environ.keys() & _OTHERS, None),
            "STOPPOC_HOME": str(self.home),
            "PATH": environment()["PATH"],
            **more,
        }
        with ThreadPoolExecutor(1) as apart:
            done = apart.submit(CliRunner().invoke, app, arguments, input=stdin, env=env)
            result = done.result(_COMMAND_S)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def shell(self, line: str, **more: str) -> Said:
        """A line as it is typed, in this folder."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.path,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_S,
            check=False,
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def ok(self, *arguments: str) -> Any:
        """One command that must succeed, with --json: its document."""
        said = self.stoppoc(*arguments, "--json")
        assert said.status == 0, f"{arguments}: {said.out}{said.err}"
        return said.document

    def send(self, command: str, **data: object) -> Said:
        """A command put to the running system, with its answer as JSON."""
        return self.stoppoc("send", command, "--data", json.dumps(data), "--wait", "90s", "--json")

    @property
    def home(self) -> Path:
        """Where `up` keeps its things."""
        return self.path / ".stoppoc"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> Any:
        """What `up` wrote down."""
        return json.loads((self.home / "running.json").read_text())

    def start(self, *arguments: str, **more: str) -> None:
        """`stoppoc up`, until it says that it is."""
        with (self.path / "up.out").open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "up", *arguments],
                cwd=self.path,
                env=environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + _UP_S
        while not (self.home / "running.json").exists():
            said = (self.path / "up.out").read_text()
            assert self._process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.1)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ends `up`; its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self._process.pid, number)
        return self._process.wait(_STOP_S)


@contextmanager
def up(path: Path, *arguments: str) -> Iterator[Folder]:
    """A folder with the system running in it, stopped at the end."""
    folder = Folder(path)
    try:
        folder.start(*arguments)
        yield folder
    finally:
        folder.stop()
