"""Reads records that have a header whose name is not UTF-8. The client's own reader raises on one, at every attempt:
a single record, which the broker accepts from anybody, would stop its readers for ever.
"""

from __future__ import annotations

import time
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

# The client's plain-Python reader is some ten times slower than its own: it is used until the record is well behind.
_FOR_S: Final = 300.0

_strict: Final[Any] = fetcher.MemoryRecords


class _Names(bytearray):
    """A buffer that decodes whatever its slices hold: what is not UTF-8 stays legible, escaped."""

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _Names(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka has no types
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        if not isinstance(self._buffer, _Names):
            self._buffer = _Names(self._buffer)


class _Records(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka has no types
    def next_batch(self, *_: Any) -> Any:
        batch = self._next_slice
        if batch is None or batch[self.MAGIC_OFFSET] < 2:
            return super().next_batch()
        self._cache_next()
        return _Batch(batch)


class _Leniency:
    """Switches the process's consumers over to the lenient reader, for a while."""

    def __init__(self) -> None:
        self._until = 0.0

    def begin(self) -> None:
        """What is fetched from now on is read leniently."""
        self._until = time.monotonic() + _FOR_S
        fetcher.MemoryRecords = _Records

    def end_in_time(self) -> None:
        """Goes back to the client's reader once that is long enough ago."""
        if self._until and time.monotonic() > self._until:
            self._until = 0.0
            fetcher.MemoryRecords = _strict


# The client has one reader for all consumers of a process.
LENIENCY: Final = _Leniency()
