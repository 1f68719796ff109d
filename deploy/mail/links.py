"""Links that prove themselves: what a link stands for, until when, and a signature over all of it."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from deploy.mail.settings import LinkSettings

_CONTEXT: Final = b"stoppoc confirm recipient v1\n"
_MOST_CHARACTERS: Final = 2_000


class LinkRefused(Exception):
    """The link is not one of ours, or not any more."""


class Invited(NamedTuple):
    """What a link to confirm an address stands for."""

    account: str
    email: str
    invitation: str
    until: datetime


def link_of(invited: Invited, settings: LinkSettings) -> str:
    """The link that is sent to that address."""
    return f"{settings.base}?token={token_of(invited, settings.keys[0])}"


def token_of(invited: Invited, key: bytes) -> str:
    """What a link says, and its signature."""
    said = json.dumps([*invited[:3], int(invited.until.timestamp())], separators=(",", ":")).encode()
    return f"{_text(said)}.{_text(_signature(said, key))}"


def read_token(token: str, keys: Sequence[bytes], now: datetime) -> Invited:
    """What the link stands for. Its signature is compared before anything in it is read."""
    # Whoever pastes the whole link means what is in it.
    said, _, signature = token.rpartition("token=")[2].partition(".")
    try:
        given, signed = _bytes(said), _bytes(signature)
    except ValueError:
        raise LinkRefused("that is no link of ours") from None
    if not any(hmac.compare_digest(signed, _signature(given, key)) for key in keys):
        raise LinkRefused("that is no link of ours")
    account, email, invitation, until = json.loads(given)
    invited = Invited(account, email, invitation, datetime.fromtimestamp(until, UTC))
    if now >= invited.until:
        raise LinkRefused("the link was valid for 7 days; they are over")
    return invited


def _signature(said: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _CONTEXT + said, "sha256")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    if not text or len(text) > _MOST_CHARACTERS or not text.isascii():
        raise ValueError
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
