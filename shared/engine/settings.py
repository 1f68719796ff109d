"""How a worker is told where and how to run. Defaults are for production; tests and embedded parts shorten waits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the broker and the database are, and the few numbers one may want to change."""

    kafka: str
    postgres: str
    # Two streams of 2,000: beyond that a message costs no less, and its transaction only gets longer.
    batch_messages: int = 4000
    session_timeout_ms: int = 10_000
    # How long the broker may hold an empty fetch. The in-memory cluster always holds it that long.
    fetch_wait_ms: int = 500
    worker: str = "1"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """STOPPOC_KAFKA and STOPPOC_POSTGRES, and STOPPOC_{BATCH_MESSAGES,SESSION_TIMEOUT_MS,FETCH_WAIT_MS,WORKER}."""
        missing = [name for name in ("STOPPOC_KAFKA", "STOPPOC_POSTGRES") if not environment.get(name)]
        if missing:
            raise LookupError(f"{' and '.join(missing)} must say where the broker and the database are")
        numbers = {
            name: _number(environment, f"STOPPOC_{name.upper()}")
            for name in ("batch_messages", "session_timeout_ms", "fetch_wait_ms")
            if environment.get(f"STOPPOC_{name.upper()}")
        }
        return cls(
            kafka=environment["STOPPOC_KAFKA"],
            postgres=environment["STOPPOC_POSTGRES"],
            worker=environment.get("STOPPOC_WORKER") or f"{os.uname().nodename}-{os.getpid()}",
            **numbers,
        )


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment[name]
    if not text.isdecimal() or int(text) == 0:
        raise LookupError(f"{name} is {text!r}, not a whole number above 0")
    return int(text)
