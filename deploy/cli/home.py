"""Where `stoppoc up` keeps its things, and how other commands find what it runs.

The folder is `.stoppoc` here or in the nearest folder above, or the one STOPPOC_HOME names. Who runs there holds a
lock that ends with the process, however it ends: what an earlier run left behind is never taken for a running one.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from deploy.cli.say import FAILED, Trouble

_NAME: Final = ".stoppoc"


@dataclass(frozen=True, slots=True)
class Running:
    """What runs: where its broker and database are, and which port tells about each worker.

    `postgres` is missing where the environment named it: it may hold a password, which no file of ours keeps.
    """

    pid: int
    started_at: str
    kafka: str
    postgres: str | None
    workers: Mapping[str, int] = field(default_factory=dict)


class Home:
    """One such folder."""

    def __init__(self, directory: Path) -> None:
        self.directory: Final = directory
        self._lock: Final = directory / "lock"
        self._file: Final = directory / "running.json"

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Ours alone as long as this lasts."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Trouble(f"stoppoc runs in {self.directory} already: stop that one first") from None
            try:
                yield
            finally:
                self._file.unlink(missing_ok=True)

    def tell(self, running: Running) -> None:
        """For whoever holds the lock: this is what runs now."""
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(asdict(running), indent=2) + "\n")
        unfinished.replace(self._file)

    def running(self) -> Running | None:
        """What runs here now, once it is up."""
        if not self._file.exists() or not self._is_taken():
            return None
        try:
            said: dict[str, Any] = json.loads(self._file.read_text())
            return Running(**said)
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise Trouble(f"{self._file} cannot be read: {error}", FAILED) from None

    def _is_taken(self) -> bool:
        try:
            with self._lock.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False


def find_home(environment: Mapping[str, str] = os.environ) -> Home:
    """The folder to use from here."""
    if named := environment.get("STOPPOC_HOME"):
        return Home(Path(named).expanduser().absolute())
    here = Path.cwd()
    for folder in (here, *here.parents):
        if _is_ours(folder / _NAME):
            return Home(folder / _NAME)
    return Home(here / _NAME)


def _is_ours(path: Path) -> bool:
    # Another user's folder above ours could name a broker of theirs.
    try:
        return path.is_dir() and path.stat().st_uid == os.geteuid()
    except OSError:
        return False
