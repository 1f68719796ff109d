"""Which Java and which Maven this machine has, if any."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.guarded import StartError

_LEAST: Final = 17
_ANSWER_S: Final = 10.0
_VERSION: Final = re.compile(r'version "(\d+)([^"]*)"')


class UnavailableError(StartError):
    """Apache Kafka cannot be had on this machine as it is; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Java:
    """A runtime that Kafka accepts."""

    program: Path
    version: str


def _program() -> Path:
    home = os.environ.get("JAVA_HOME")
    if home and (found := Path(home) / "bin" / "java").is_file():
        return found
    on_path = shutil.which("java")
    if on_path is None:
        raise UnavailableError(f"there is no Java (JDK {_LEAST} or later, on PATH or in JAVA_HOME)")
    return Path(on_path)


async def find_java() -> Java:
    """JAVA_HOME's, else the one on PATH; `UnavailableError` where there is none or it is too old."""
    program = _program()
    try:
        asked = await asyncio.to_thread(
            subprocess.run,
            [str(program), "-version"],
            capture_output=True,
            text=True,
            timeout=_ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{program} does not run: {error}") from error
    found = _VERSION.search(asked.stderr + asked.stdout)
    if found is None:
        raise UnavailableError(f"{program} does not say its version")
    if int(found[1]) < _LEAST:
        raise UnavailableError(f"{program} is Java {found[1]}; Kafka needs {_LEAST} or later")
    return Java(program, found[1] + found[2])


def find_maven() -> Path:
    """The `mvn` on PATH; `UnavailableError` where there is none."""
    found = shutil.which("mvn")
    if found is None:
        raise UnavailableError("there is no Maven (mvn on PATH) to fetch Apache Kafka with")
    return Path(found)
