"""Sends what waits: takes letters that are due, hands each to the mail server, and notes its answer.

A letter is marked as sent when the server has said that it took it. Killed just between the two, it is sent once more, under
the same Message-ID (docs/decisions/1101). What a server refuses of one letter is that letter's matter; a server that is away
is left alone for a while, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import aiosmtplib
import asyncpg
from jinja2 import TemplateError

from deploy.mail.message import message_of
from deploy.mail.settings import MailSettings
from services.notify import postbox
from services.notify.postbox import Claimed
from services.notify.service import NOTIFY
from shared.engine.health import Health
from shared.engine.metrics import Metrics

log = logging.getLogger(__name__)

_DATABASE_AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
# A template and a fact that do not fit, or no address (headers raise AttributeError for some): no server is needed to know
# that it will not be sent.
_UNWRITABLE: Final = (TemplateError, TypeError, ValueError, LookupError, AttributeError)
_REFUSED_FOR_EVER: Final = 500
_CLOSING: Final = 421


class ServerAway(Exception):
    """The mail server takes nothing now, from anybody."""


class NotTaken(Exception):
    """The server did not take this letter."""

    def __init__(self, answer: str, *, for_ever: bool) -> None:
        super().__init__(answer)
        self.for_ever = for_ever


class Deliverer:
    """One process that sends letters; as many as one likes can, each takes others."""

    def __init__(self, settings: MailSettings, postgres: str, metrics: Metrics, health: Health) -> None:
        self._settings = settings
        self._postgres = postgres
        self._metrics = metrics
        self._health = health
        self._stopping = asyncio.Event()
        self._pause_s = settings.pauses.server_first_s

    def stop(self) -> None:
        """Lets it finish the letter in hand."""
        self._stopping.set()

    async def run(self) -> None:
        """Sends until it is stopped."""
        self._health.assigned(1)
        while not self._stopping.is_set():
            try:
                conn = await asyncpg.connect(
                    self._postgres, timeout=10, command_timeout=30, server_settings={"role": NOTIFY.role}
                )
            except _DATABASE_AWAY as error:
                await self._weather("the database", error)
                continue
            try:
                await self._work(conn)
            except _DATABASE_AWAY as error:
                await self._weather("the database", error)
            finally:
                with suppress(*_DATABASE_AWAY):
                    await conn.close(timeout=5)

    async def _work(self, conn: asyncpg.Connection) -> None:
        while not self._stopping.is_set():
            self._health.beat()
            pauses = self._settings.pauses
            self._metrics.letters_wait(await postbox.waiting(conn))
            letters = await postbox.claim(conn, self._settings.at_once, pauses.held)
            if not letters:
                self._health.well()
                await self._wait(pauses.idle_s)
                continue
            try:
                async with asyncio.timeout(pauses.held.total_seconds() * 3 / 4):
                    await self._send_all(conn, letters)
            except ServerAway as error:
                await self._weather("the mail server", error)
            else:
                self._pause_s = pauses.server_first_s
                self._health.well()

    async def _send_all(self, conn: asyncpg.Connection, letters: Sequence[Claimed]) -> None:
        left = list(letters)
        try:
            async with _Server(self._settings) as server:
                while left and not self._stopping.is_set():
                    self._health.beat()
                    letter = left[0]
                    try:
                        await self._send(conn, server, letter)
                    except ServerAway as error:
                        # If it is this letter that ends each connection, it must not stand in the others' way.
                        await self._delay(conn, letter, str(error))
                        del left[0]
                        raise
                    del left[0]
        finally:
            await postbox.put_back(conn, left)

    async def _send(self, conn: asyncpg.Connection, server: _Server, letter: Claimed) -> None:
        try:
            message = message_of(letter, self._settings).as_bytes()
        except _UNWRITABLE as error:
            log.error("a %s cannot be written: %s", letter.kind, type(error).__name__)
            return await self._end(conn, letter, "refused", f"cannot be written: {error}")
        try:
            answer = await server.send(letter.recipient, message)
        except NotTaken as refused:
            return await self._not_taken(conn, letter, refused)
        return await self._end(conn, letter, "sent", answer)

    async def _not_taken(self, conn: asyncpg.Connection, letter: Claimed, refused: NotTaken) -> None:
        if refused.for_ever:
            log.warning("a letter was refused: %s", refused)
            return await self._end(conn, letter, "refused", str(refused))
        if letter.age >= self._settings.pauses.give_up:
            log.warning("a letter was given up: %s", refused)
            return await self._end(conn, letter, "given_up", str(refused))
        return await self._delay(conn, letter, str(refused))

    async def _end(self, conn: asyncpg.Connection, letter: Claimed, how: postbox.End, answer: str) -> None:
        await postbox.end(conn, letter, how, answer)
        self._metrics.letters[how].inc()

    async def _delay(self, conn: asyncpg.Connection, letter: Claimed, answer: str) -> None:
        await postbox.delay(conn, letter, self._settings.pauses.after(letter.attempts), answer)
        self._metrics.letters["delayed"].inc()

    async def _weather(self, who: str, error: Exception) -> None:
        """Waits, longer each time."""
        log.warning("%s does not answer, again in %g s: %s", who, self._pause_s, error)
        self._health.beat()
        self._health.failing(f"{who} does not answer")
        await self._wait(self._pause_s)
        self._pause_s = min(self._settings.pauses.server_longest_s, self._pause_s * 2)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


class _Server:
    """A connection to the mail server, and its answers sorted: taken, not this letter, or nothing from anybody."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._smtp = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.user,
            password=settings.password,
            timeout=settings.timeout_s,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            tls_context=None if settings.tls == "none" else _context(settings),
        )

    async def __aenter__(self) -> _Server:
        try:
            await self._smtp.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise ServerAway(_words(error)) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(aiosmtplib.SMTPException, OSError):
            await self._smtp.quit()
        self._smtp.close()

    async def send(self, recipient: str, message: bytes) -> str:
        """The server's answer, once it has taken it."""
        try:
            _, answer = await self._smtp.sendmail(self._settings.sender, [recipient], message)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _sorted(refused.recipients[0].code, refused.recipients[0].message) from refused
        except aiosmtplib.SMTPDataError as refused:
            raise _sorted(refused.code, refused.message) from refused
        except (aiosmtplib.SMTPException, OSError) as error:
            raise ServerAway(_words(error)) from error
        return answer


def _sorted(code: int, answer: str) -> Exception:
    if code == _CLOSING:
        return ServerAway(f"{code} {answer}")
    return NotTaken(f"{code} {answer}", for_ever=code >= _REFUSED_FOR_EVER)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _context(settings: MailSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file)
