"""The merchant that the sandbox knows, and how the billing is told to be it. These keys open nothing anywhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from deploy.sandbox.ledger import Behaviour, Ledger
from deploy.sandbox.server import Pace, Sandbox
from deploy.sandbox.sides import Merchant, MomoSide, Side, ZalopaySide

_MERCHANTS: Final = {
    "momo": Merchant("SANDBOX", "sandbox-request-key", "sandbox-request-key", "sandbox-access-key"),
    "zalopay": Merchant("2553", "sandbox-key-1", "sandbox-key-2"),
}


def sandbox(base: str, random: Random, ways: Sequence[Behaviour], pace: Pace) -> Sandbox:
    """A gateway that is reached at `base`, with nothing paid yet."""
    ledger = Ledger(random, ways)
    return Sandbox(ledger, sides_of(ledger), base, pace)


def sides_of(ledger: Ledger) -> Mapping[str, Side]:
    """Both protocols, over that ledger."""
    return {
        "momo": MomoSide(_MERCHANTS["momo"], ledger),
        "zalopay": ZalopaySide(_MERCHANTS["zalopay"], ledger),
    }


def environment(base: str, door: str) -> dict[str, str]:
    """What makes `stoppoc pay`, whose door is there, the sandbox's merchant."""
    momo, zalopay = _MERCHANTS["momo"], _MERCHANTS["zalopay"]
    return {
        "STOPPOC_PAY_URL": door,
        "STOPPOC_PAY_LINK_KEY": "sandbox-link-key",
        "STOPPOC_MOMO_URL": base,
        "STOPPOC_MOMO_MERCHANT": momo.id,
        "STOPPOC_MOMO_KEY": momo.request_key,
        "STOPPOC_MOMO_ACCESS_KEY": momo.access_key,
        "STOPPOC_ZALOPAY_URL": base,
        "STOPPOC_ZALOPAY_MERCHANT": zalopay.id,
        "STOPPOC_ZALOPAY_KEY": zalopay.request_key,
        "STOPPOC_ZALOPAY_CALLBACK_KEY": zalopay.callback_key,
    }
