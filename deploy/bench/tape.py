"""What the engine does to its servers, written down: every statement with its arguments, every message with its bytes."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Statement(NamedTuple):
    """One call of the database's client. `positions`: what the outbox numbered its rows, where it was that."""

    method: str
    query: str
    arguments: tuple[Any, ...]
    positions: tuple[int, ...] = ()


class Event(NamedTuple):
    """A transaction begins, or has ended."""

    begins: bool
    transaction: int


class Said(NamedTuple):
    """A message as it goes to the broker."""

    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]


@dataclass(slots=True)
class Tape:
    """One run of the engine."""

    transactions: list[list[Statement]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    messages: int = 0

    def begin(self) -> int:
        """A transaction begins."""
        self.transactions.append([])
        self.events.append(Event(True, len(self.transactions) - 1))  # noqa: FBT003 - named by its field
        return len(self.transactions) - 1

    def end(self, transaction: int) -> None:
        """It has ended."""
        self.events.append(Event(False, transaction))  # noqa: FBT003 - named by its field

    def save(self, path: Path) -> None:
        """Keeps it in a file."""
        path.write_bytes(pickle.dumps(self, pickle.HIGHEST_PROTOCOL))

    @staticmethod
    def load(path: Path) -> Tape:
        """The tape in a file of `save`."""
        tape = pickle.loads(path.read_bytes())  # noqa: S301 - written by ourselves a moment ago
        assert isinstance(tape, Tape)
        return tape
