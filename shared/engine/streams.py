"""Parts a large batch into streams that are settled at once: while the database works for some, the rules run for another.

What has one key stays together, in its order. So does what is about one account, as far as the messages say so: it
shares rows (the account's, its order's, its cluster's), and streams that share rows wait for each other, or make what
another has just made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.engine.intake import Read

# A smaller batch is over sooner than a second transaction would pay for itself.
_MOST_IN_ONE_STREAM: Final = 200
# With two the worker still waits for the database now and then; a fourth gains nothing (measured).
_STREAMS: Final = 3


def parted(reads: Sequence[Read]) -> Sequence[Sequence[Read]]:
    """The batch as streams, none of them empty."""
    if len(reads) <= _MOST_IN_ONE_STREAM:
        return [reads] if reads else []
    accounts: dict[str, str] = {}
    for ask in (read.ask for read in reads):
        if (account := getattr(ask.message, "account", None)) is not None:
            # By the first that says so: a message of the same key may say nothing of it.
            accounts.setdefault(ask.key, account)
    streams: list[list[Read]] = [[] for _ in range(_STREAMS)]
    for read in reads:
        key = read.ask.key
        streams[hash(accounts.get(key, key)) % _STREAMS].append(read)
    return [stream for stream in streams if stream]
