"""A mail server of our own, for the demo: it takes every mail, and shows them to whoever asks. Nothing is passed on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from typing import Final

from deploy.local.ports import LOOPBACK

_SAID: Final = {
    b"EHLO": b"250-here\r\n250 8BITMIME",
    b"DATA": b"354 go on",
    b"QUIT": b"221 bye",
}
_MOST_BYTES: Final = 1024 * 1024


class Mailbox:
    """What has come, in its order."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.port = 0
        self._came = asyncio.Event()

    async def until(self, many: int, within_s: float) -> None:
        """Returns when so many have come; not for ever: then there are fewer."""
        try:
            async with asyncio.timeout(within_s):
                while len(self.mails) < many:
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            return

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One visit of somebody who brings mails."""
        try:
            verb, answer = b"", b"220 here"
            while verb != b"QUIT":
                writer.write(answer + b"\r\n")
                await writer.drain()
                if verb == b"DATA":
                    self.mails.append(_parsed(await reader.readuntil(b"\r\n.\r\n")))
                    self._came.set()
                    verb, answer = b"", b"250 taken"
                    continue
                if not (line := await reader.readline()):
                    return
                verb = line[:4].upper()
                answer = _SAID.get(verb, b"250 fine")
            writer.write(answer + b"\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            # It brings again what was not taken.
            return
        finally:
            writer.close()


def _parsed(data: bytes) -> EmailMessage:
    whole = data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
    return BytesParser(EmailMessage, policy=SMTP).parsebytes(whole)


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """One that listens on this machine alone."""
    box = Mailbox()
    server = await asyncio.start_server(box.serve, LOOPBACK, limit=_MOST_BYTES)
    async with server:
        box.port = server.sockets[0].getsockname()[1]
        yield box
