"""A merchant's keys: from files or the environment, two at a time while they are changed, and never in a text."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Key:
    """A secret. It is not part of its own repr, so it is in no log and in no traceback that shows values."""

    secret: bytes = field(repr=False)

    def sign(self, text: str) -> str:
        """HMAC-SHA256, in hexadecimal."""
        return hmac.new(self.secret, text.encode(), sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Account:
    """A merchant at a gateway. `signing`: what our requests are signed with; `checking`: what its callbacks may be
    signed with, the present key and, while it is changed, the other one."""

    merchant: str
    signing: Key
    checking: tuple[Key, ...]
    url: str
    # Where callbacks come, and where the payer's browser is sent afterwards.
    callback_url: str
    return_url: str
    # MoMo's: the first is in what we sign; while it is changed, the other one may be in what a callback signs.
    access_keys: tuple[str, ...] = field(default=("",), repr=False)


def is_signed(text: str, signature: str, keys: Sequence[Key]) -> bool:
    """Whether one of the keys has signed the text. Every key is tried, and compared in constant time."""
    try:
        given = signature.encode()
        matches = [hmac.compare_digest(key.sign(text).encode(), given) for key in keys]
    except UnicodeEncodeError:
        # Half a surrogate pair, which JSON can escape and nobody can sign.
        return False
    return any(matches)


def account_of(name: str, environment: Mapping[str, str]) -> Account | None:
    """The merchant's account at that gateway, as the environment has it; None where it names none; LookupError where
    something of it is missing. Each secret is the variable's value, or the content of the file that <variable>_FILE names."""
    prefix = f"STOPPOC_{name.upper()}"
    if not (merchant := environment.get(f"{prefix}_MERCHANT")):
        return None
    door = _text(environment, "STOPPOC_PAY_URL").rstrip("/")
    signing = _key(environment, f"{prefix}_KEY")
    # MoMo signs callbacks with the key that requests are signed with.
    checking = _optional(environment, f"{prefix}_CALLBACK_KEY") or signing
    other = _optional(environment, f"{prefix}_CALLBACK_KEY_OTHER")
    access = secret_of(environment, f"{prefix}_ACCESS_KEY") or ""
    other_access = secret_of(environment, f"{prefix}_ACCESS_KEY_OTHER")
    return Account(
        merchant,
        signing,
        (checking,) if other is None else (checking, other),
        _text(environment, f"{prefix}_URL").rstrip("/"),
        f"{door}/callbacks/{name}",
        f"{door}/returned",
        (access,) if other_access is None else (access, other_access),
    )


def secret_of(environment: Mapping[str, str], name: str) -> str | None:
    """A secret by its value or its file; the line end an editor leaves is no part of it."""
    if path := environment.get(f"{name}_FILE"):
        return Path(path).read_text().strip() or None
    return environment.get(name) or None


def _key(environment: Mapping[str, str], name: str) -> Key:
    if (key := _optional(environment, name)) is None:
        raise LookupError(f"{name} or {name}_FILE must say the key")
    return key


def _optional(environment: Mapping[str, str], name: str) -> Key | None:
    secret = secret_of(environment, name)
    return None if secret is None else Key(secret.encode())


def _text(environment: Mapping[str, str], name: str) -> str:
    if not (text := environment.get(name)):
        raise LookupError(f"{name} must be set")
    return text
