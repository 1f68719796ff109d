"""Twelve shares of all accounts, for work that goes through all of them: whoever has an account finds its share."""

from __future__ import annotations

from typing import Final
from zlib import crc32

# Fixed for ever: rows carry the number. As many as a topic has partitions, so that each worker can have one.
SHARDS: Final = 12


def shard_of(account: str) -> int:
    """The share an account belongs to; with it, all that is its own."""
    return crc32(account.encode()) % SHARDS
