"""Where a process that works until it is stopped answers /live, /ready and /metrics: the options that say so, and the socket."""

from __future__ import annotations

from socket import socket
from typing import Annotated

import typer

from deploy.cli.say import Trouble
from shared.engine.app import listen

HttpPort = Annotated[
    int,
    typer.Option(metavar="PORT", min=0, max=65535, help="For /live, /ready, /metrics; 0: any free one."),
]
HttpHost = Annotated[str, typer.Option(metavar="HOST", help="And on this address.")]


def listening(host: str, port: int) -> socket:
    """A socket that listens there; `Trouble` where it cannot."""
    try:
        return listen(host, port)
    except OSError as error:
        raise Trouble(f"cannot listen on {host}:{port}: {error.strerror}") from None
