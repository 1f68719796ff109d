"""A mail server for tests, on loopback: real SMTP, which takes, refuses or breaks off as told, and keeps what it took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class Taken:
    """A message the server took, and for whom."""

    to: list[str]
    message: EmailMessage

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def kind(self) -> str:
        return str(self.message["X-Stoppoc-Kind"])

    def part(self, subtype: str) -> str:
        body = self.message.get_body((subtype,))
        assert body is not None
        return str(body.get_content())


@dataclass
class MailServer:
    """What it took; `to_recipient` and `to_data` answer in its place, where they say anything."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    to_recipient: Callable[[str], str | None] = lambda _: None
    to_data: Callable[[EmailMessage], str | None] = lambda _: None
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if (answer := self.to_recipient(address)) is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the name aiosmtpd calls
        message = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
        assert isinstance(message, EmailMessage)
        if (answer := self.to_data(message)) is not None:
            return answer
        self.taken.append(Taken(list(envelope.rcpt_tos), message))
        return "250 OK: taken"

    def check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        """Takes one name and password, and no other."""
        self.logins.append((login.login, login.password))
        return AuthResult(success=login.password == b"right")

    async def until(self, count: int, within_s: float = 20.0) -> list[Taken]:
        """The messages, once there are so many."""
        async with asyncio.timeout(within_s):
            while len(self.taken) < count:  # noqa: ASYNC110 - no one tells us of each
                await asyncio.sleep(0.02)
        return self.taken


@asynccontextmanager
async def mail_server(
    server: MailServer | None = None, *, login: bool = False, **more: Any
) -> AsyncIterator[MailServer]:
    """The server, listening; given again after it was away, it has its port and what it took before."""
    server = server or MailServer()
    auth = {"authenticator": server.check, "auth_required": True}
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: SMTP(server, loop=loop, hostname="mail.example", **(auth if login else {}), **more),
        "127.0.0.1",
        server.port,
    )
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
