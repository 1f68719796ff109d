"""Apache Kafka's jars: fetched once with Maven into the user's cache, whole or not at all, each with the checksum
that is committed here."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local import guarded, java
from deploy.local.guarded import Guarded, StartError
from deploy.local.java import UnavailableError

VERSION: Final = "4.1.1"

_HERE: Final = Path(__file__).parent
_POM: Final = _HERE / "kafka.pom.xml"
_CHECKSUMS: Final = _HERE / "kafka.sha256"

# How long Maven may say nothing. A repository that was asked and has not sent one file is taken as out of reach, so
# that the fallback comes within ten seconds; one that has may be slow with a large file.
_BEFORE_ASKING_S: Final = 30.0
_BEFORE_FIRST_FILE_S: Final = 7.0
_BETWEEN_FILES_S: Final = 60.0
_POLL_S: Final = 0.1
_FETCHING: Final = ".fetching-"

Progressed = Callable[[int], None]


def cache_directory() -> Path:
    """Where the jars are kept for every later run."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "stoppoc" / f"kafka-{VERSION}"


def checksums() -> dict[str, str]:
    """Every jar by name, with its SHA-256."""
    lines = (line.split() for line in _CHECKSUMS.read_text().splitlines())
    return {name: digest for digest, name in lines}


def verify(directory: Path) -> None:
    """`StartError` unless exactly the listed jars are there, each with its checksum."""
    expected = checksums()
    if (found := {path.name for path in directory.glob("*.jar")}) != expected.keys():
        raise StartError(f"{directory} has other jars than listed: {sorted(found ^ expected.keys())}")
    for name, digest in expected.items():
        if hashlib.sha256((directory / name).read_bytes()).hexdigest() != digest:
            raise StartError(
                f"{directory / name} is not the file it should be (its SHA-256 differs); refused"
            )


async def jars() -> Path:
    """The directory of verified jars, fetched first where it is not there.

    `UnavailableError` where there is no Maven or its repository is out of reach.
    """
    cache = cache_directory()
    if not cache.exists():
        _make_parent(cache)
        async with exclusively():
            if not cache.exists():
                await _fetch(cache)
    await asyncio.to_thread(verify, cache)
    return cache


def _make_parent(cache: Path) -> None:
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(f"there is no place to keep Apache Kafka: {error}") from error


@asynccontextmanager
async def exclusively() -> AsyncIterator[None]:
    """One process at a time writes to the cache; the lock is gone with its holder, whatever ends it."""
    cache = cache_directory()
    with cache.with_name(f"{cache.name}.lock").open("w") as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_POLL_S)
        yield


async def _fetch(cache: Path) -> None:
    maven = java.find_maven()
    for left in _unfinished(cache):
        shutil.rmtree(left)
    work = Path(tempfile.mkdtemp(prefix=_FETCHING, dir=cache.parent))
    try:
        shutil.copyfile(_POM, work / "pom.xml")
        with _shown(len(checksums())) as progressed:
            await _run_maven(maven, work, progressed)
        await asyncio.to_thread(verify, work / "jars")
        (work / "jars").rename(cache)
    finally:
        shutil.rmtree(work, ignore_errors=True)


async def _run_maven(maven: Path, work: Path, progressed: Progressed) -> None:
    log = work / "maven.log"
    process = guarded.start(
        [
            *(str(maven), "-B", "-f", str(work / "pom.xml"), "dependency:copy-dependencies"),
            *("-DincludeScope=runtime", f"-DoutputDirectory={work / 'jars'}"),
        ],
        log=log,
        cwd=work,
    )
    try:
        code = await _followed(process, log, progressed)
    finally:
        await process.end(signal.SIGKILL, 1.0)
    if code != 0:
        raise UnavailableError(f"Maven could not fetch Apache Kafka {VERSION}: {_reason(log)}")


async def _followed(process: Guarded, log: Path, progressed: Progressed) -> int:
    size, grown_at = 0, time.monotonic()
    while (code := await process.wait(_POLL_S)) is None:
        said = _read(log)
        progressed(_here(said))
        if len(said) > size:
            size, grown_at = len(said), time.monotonic()
        if time.monotonic() - grown_at > (allowed := _patience(said)):
            raise UnavailableError(f"Maven's repository did not answer within {allowed:.0f} seconds")
    progressed(_here(_read(log)))
    return code


def _here(said: str) -> int:
    """How many of the jars Maven has said to have: just loaded, or found in its own store and copied."""
    return sum(f"/{name} (" in said or f"Copying {name} " in said for name in checksums())


def _unfinished(cache: Path) -> list[Path]:
    """What killed fetches left: with the lock held, no other is under way."""
    return list(cache.parent.glob(f"{_FETCHING}*"))


def _patience(said: str) -> float:
    if "Downloaded from" in said:
        return _BETWEEN_FILES_S
    return _BEFORE_FIRST_FILE_S if "Downloading from" in said else _BEFORE_ASKING_S


def _read(log: Path) -> str:
    return log.read_text(errors="replace")


def _reason(log: Path) -> str:
    lines = _read(log).splitlines()
    return next((line for line in lines if "ERROR" in line), "it did not say why")


@contextmanager
def _shown(total: int) -> Iterator[Progressed]:
    """A bar on a terminal, a few plain lines anywhere else."""
    console = Console(stderr=True)
    text = f"Fetching Apache Kafka {VERSION} (once, 43 MB)"
    if not console.is_terminal:
        console.print(f"{text} ...")
        yield lambda _done: None
        console.print(f"Fetched Apache Kafka {VERSION}.")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done: bar.update(task, completed=done)
