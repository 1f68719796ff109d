"""What a service says to itself when time brings work: one slice of it, for one share of the accounts.

The first slice of a period is said by the engine's schedule, each further one by the engine when the one before is
decided; so there is never more than one under way for a job and a share.
"""

from __future__ import annotations

from pydantic import Field

from shared.contracts.message import Command, Instant
from shared.shards import SHARDS

_LONGEST_PERIOD = 32
_LONGEST_KEY = 64


class JobSlice(Command):
    """Work that time brings, for some of the accounts of one share. It is answered by its progress, which is kept with
    what it did, and by nothing else."""

    period: str = Field(
        max_length=_LONGEST_PERIOD,
        description="What fell due, as its calendar names it: 2026-03-31, or 2026-03.",
    )
    shard: int = Field(ge=0, lt=SHARDS, description="Which of the twelve shares of all accounts.")
    after: str = Field(
        default="",
        max_length=_LONGEST_KEY,
        description="The last key that was done; empty at the beginning.",
    )
    only: str = Field(
        default="",
        max_length=_LONGEST_KEY,
        description="The one key that is meant, whose turn had to wait for an operator; else empty.",
    )
    effective_at: Instant = Field(description="The instant at which it fell due, however late it is done.")

    @property
    def key(self) -> str:
        """Its own name and the share: the slices of a share are decided one after the other."""
        return self.only or f"{type(self).__name__}-{self.shard}"
