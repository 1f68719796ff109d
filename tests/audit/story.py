"""What happened before the audit: enough of everything that each check has something to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.contracts.charges import GiveBack, PlaceCharge, PlaceHold, ReleaseHold
from shared.contracts.hold import GrantPoc, OpenAccount, TopUp
from shared.contracts.message import Message
from shared.contracts.provisioning import PlanOutcome

BEGINS: Final = datetime(2026, 3, 6, 2, tzinfo=UTC)


def _at(minutes: float) -> datetime:
    return BEGINS + timedelta(minutes=minutes)


_MONEY: Final[Sequence[tuple[float, Message]]] = (
    (0, OpenAccount(account="acme", mode="prepaid", email="acme@owner.example")),
    (1, TopUp(account="acme", amount=50_000_000, reference="BANK-1")),
    (2, GrantPoc(account="acme", amount=20_000_000, until=_at(60 * 24 * 60))),
    (3, OpenAccount(account="late", mode="prepaid", email="late@owner.example")),
    (4, GrantPoc(account="late", amount=7_000, until=_at(10))),
    (5, PlaceCharge(account="late", order="old-1", wallet="poc", amount=1_000, effective_at=_at(5))),
    # Given back after its end it expires at once.
    (
        20,
        GiveBack(
            account="late",
            wallet="poc",
            amount=400,
            why="line_failed",
            order="old-1",
            resource="srv-0",
            effective_at=_at(20),
        ),
    ),
    (21, PlaceCharge(account="acme", order="old-2", wallet="credit", amount=9_000, effective_at=_at(21))),
    (
        22,
        GiveBack(
            account="acme",
            wallet="credit",
            amount=4_000,
            why="order_cancelled",
            order="old-2",
            effective_at=_at(22),
        ),
    ),
    (23, PlaceHold(account="acme", order="old-3", product="vcontainer", amount=5_000, effective_at=_at(23))),
    (
        24,
        ReleaseHold(account="acme", order="old-3", product="vcontainer", amount=2_000, effective_at=_at(24)),
    ),
)

_PROVIDER: Final[Sequence[tuple[float, Message]]] = (
    (30, PlanOutcome(resource="vol-9", outcome="refuse", times=1, action="convert")),
)

STORY: Final = tuple((_at(minutes), message) for minutes, message in (*_MONEY, *_PROVIDER))
