"""How the process that speaks to gateways is told where it runs, and which merchant it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

from deploy.local.ports import LOOPBACK
from services.payments.gateways import GATEWAYS
from services.payments.gateways.keys import Key, account_of, secret_of
from services.payments.gateways.port import Gateway

# MoMo wants to be waited for that long.
_PATIENCE_S: Final = 30.0
MERCHANTS: Final = tuple(f"STOPPOC_{name.upper()}_MERCHANT" for name in GATEWAYS)
# Where the door is, where nothing is said of it.
DOOR_PORT: Final = 8070


def door_port(environment: Mapping[str, str]) -> int:
    """Where the door listens on this machine: where it is seen from outside, if that is here too."""
    seen = urlsplit(environment.get("STOPPOC_PAY_URL", ""))
    return seen.port if seen.hostname == LOOPBACK and seen.port else DOOR_PORT


@dataclass(frozen=True, slots=True)
class PaySettings:
    """The broker, the database, the gateways we have a merchant at, and what links are signed with: the first of the keys;
    any of them is good."""

    kafka: str
    postgres: str = field(repr=False)
    gateways: Mapping[str, Gateway]
    door: str
    link_keys: tuple[Key, ...]
    patience_s: float = _PATIENCE_S
    worker: str = "pay-1"
    session_timeout_ms: int = 10_000

    @classmethod
    def from_environment(cls, kafka: str, postgres: str, environment: Mapping[str, str] = os.environ) -> Self:
        """LookupError names what is missing."""
        accounts = {name: account_of(name, environment) for name in GATEWAYS}
        gateways = {
            name: GATEWAYS[name](account) for name, account in accounts.items() if account is not None
        }
        secrets = [secret_of(environment, f"STOPPOC_PAY_LINK_KEY{other}") for other in ("", "_OTHER")]
        if not gateways:
            raise LookupError(f"no gateway is named: {' or '.join(MERCHANTS)}")
        if secrets[0] is None:
            raise LookupError(
                "STOPPOC_PAY_LINK_KEY or STOPPOC_PAY_LINK_KEY_FILE must say the key of payment links"
            )
        return cls(
            kafka,
            postgres,
            gateways,
            environment["STOPPOC_PAY_URL"].rstrip("/"),
            tuple(Key(secret.encode()) for secret in secrets if secret is not None),
            float(environment.get("STOPPOC_PAY_PATIENCE_S") or _PATIENCE_S),
            environment.get("STOPPOC_WORKER") or f"pay-{os.getpid()}",
            int(environment.get("STOPPOC_SESSION_TIMEOUT_MS") or 10_000),
        )
