"""Ports on the loopback for servers that come back on the same one."""

from __future__ import annotations

import random
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"

# Below the range that systems hand out to outgoing connections: while a server is down, a client that keeps
# knocking on a port of that range can be given the very port and end up connected to itself.
_RANGE: Final = range(20_000, 32_000)
_TRIES: Final = 200


def is_free(port: int) -> bool:
    """Whether one could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free(count: int) -> list[int]:
    """So many different free ports. Another may take one before we listen: be ready to ask again."""
    chosen: list[int] = []
    for port in random.sample(_RANGE, _TRIES):
        if len(chosen) < count and is_free(port):
            chosen.append(port)
    if len(chosen) < count:
        raise OSError(f"no {count} free ports between {_RANGE.start} and {_RANGE.stop}")
    return chosen
