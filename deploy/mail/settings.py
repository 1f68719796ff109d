"""Where mail goes out and how, from the environment. Passwords and keys come from there or from files, from nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal, Self, get_args

Tls = Literal["starttls", "tls", "none"]

SERVER: Final = "STOPPOC_SMTP"
_EVERY_TLS: Final[tuple[Tls, ...]] = get_args(Tls)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LEAST_KEY_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Pauses:
    """When a letter that was not taken is tried again: twice as long after each attempt, until it is given up."""

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    # So long mail servers everywhere keep trying.
    give_up: timedelta = timedelta(days=5)
    # How long a letter is held by who sends it: several times the longest that a server may take.
    held: timedelta = timedelta(minutes=10)
    # How long a server that is away is left alone, at first and at most.
    server_first_s: float = 1.0
    server_longest_s: float = 60.0
    idle_s: float = 1.0

    def after(self, attempts: int) -> timedelta:
        """The pause after so many attempts."""
        return min(self.longest, self.first * (1 << min(attempts - 1, 32)))


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Where links lead, and the keys that sign them: the first signs, all of them are accepted."""

    base: str
    keys: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """STOPPOC_MAIL_LINKS; STOPPOC_MAIL_KEY and STOPPOC_MAIL_KEY_BEFORE, or the same with _FILE."""
        keys = [secret(environment, name) for name in ("STOPPOC_MAIL_KEY", "STOPPOC_MAIL_KEY_BEFORE")]
        found = tuple(key.encode() for key in keys if key)
        if not found:
            raise LookupError("STOPPOC_MAIL_KEY or STOPPOC_MAIL_KEY_FILE must hold the key that signs links")
        if any(len(key) < _LEAST_KEY_BYTES for key in found):
            raise LookupError(f"a key that signs links has {_LEAST_KEY_BYTES} characters or more")
        return cls(environment.get("STOPPOC_MAIL_LINKS", ""), found)


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server, who we are to it, and who the mails are from."""

    host: str
    port: int
    sender: str
    tls: Tls = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    links: LinkSettings | None = None
    timeout_s: float = 30.0
    at_once: int = 50
    pauses: Pauses = field(default_factory=Pauses)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """STOPPOC_SMTP (host:port), STOPPOC_MAIL_FROM, STOPPOC_SMTP_{TLS,USER,PASSWORD,PASSWORD_FILE,CA_FILE}, and links'."""
        for name in (SERVER, "STOPPOC_MAIL_FROM"):
            if not environment.get(name):
                raise LookupError(
                    f"{name} must be said: the mail server as host:port, and who mails are from"
                )
        host, _, port = environment[SERVER].rpartition(":")
        if not host or not port.isdecimal():
            raise LookupError(f"{SERVER} must be host:port")
        ca_file = environment.get("STOPPOC_SMTP_CA_FILE")
        found = cls(
            host=host,
            port=int(port),
            sender=environment["STOPPOC_MAIL_FROM"],
            tls=_tls(environment.get("STOPPOC_SMTP_TLS", "starttls")),
            user=environment.get("STOPPOC_SMTP_USER") or None,
            password=secret(environment, "STOPPOC_SMTP_PASSWORD"),
            ca_file=Path(ca_file) if ca_file else None,
            links=LinkSettings.from_environment(environment) if _has_key(environment) else None,
        )
        if found.user and found.tls == "none" and found.host not in _LOOPBACK:
            raise LookupError("a password is not sent to another machine without TLS: set STOPPOC_SMTP_TLS")
        return found


def secret(environment: Mapping[str, str], name: str) -> str | None:
    """What the environment holds under the name, or the file that it names."""
    if file := environment.get(f"{name}_FILE"):
        return Path(file).read_text().strip() or None
    return environment.get(name) or None


def _has_key(environment: Mapping[str, str]) -> bool:
    return any(environment.get(f"STOPPOC_MAIL_KEY{end}") for end in ("", "_FILE"))


def _tls(text: str) -> Tls:
    for tls in _EVERY_TLS:
        if tls == text:
            return tls
    raise LookupError(f"STOPPOC_SMTP_TLS is one of {', '.join(_EVERY_TLS)}")
