"""The world outside, on this machine: a gateway and a mail server of our own, and how the system is told of them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Final

from deploy.local import ports
from deploy.local.mailbox import Mailbox, mailbox
from deploy.local.ports import LOOPBACK
from deploy.pay.process import served
from deploy.sandbox.given import environment, sandbox
from deploy.sandbox.ledger import Behaviour, Ledger
from deploy.sandbox.server import Pace
from shared.engine.app import listen

_SENDER: Final = "Cloud billing <billing@cloud.example>"


@dataclass(frozen=True, slots=True)
class Gateway:
    """The sandbox, where it runs: what the system is told of it, and its own books."""

    url: str
    environment: Mapping[str, str]
    ledger: Ledger


@asynccontextmanager
async def gateway(ways: Sequence[Behaviour] = ("pays",)) -> AsyncIterator[Gateway]:
    """ZaloPay and MoMo on a free port; the system's door is to be on another."""
    here, door = ports.free(2)
    base = f"http://{LOOPBACK}:{here}"
    played = sandbox(base, Random(secrets.randbits(32)), ways, Pace())  # noqa: S311 - it draws how payments go
    async with served(played, listen(LOOPBACK, here)):
        yield Gateway(base, environment(base, f"http://{LOOPBACK}:{door}"), played.ledger)


@asynccontextmanager
async def letters() -> AsyncIterator[tuple[Mailbox, Mapping[str, str]]]:
    """A mail server that keeps what it gets, and what the system is told of it."""
    async with mailbox() as box:
        yield (
            box,
            {
                "STOPPOC_SMTP": f"{LOOPBACK}:{box.port}",
                "STOPPOC_SMTP_TLS": "none",
                "STOPPOC_MAIL_FROM": _SENDER,
                "STOPPOC_MAIL_KEY": secrets.token_hex(16),
            },
        )
