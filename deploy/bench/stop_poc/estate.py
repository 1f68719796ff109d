"""What is stopped: clusters of ten servers and twenty volumes, each of an account of its own, bought with POC money.

Cluster number 0 is bought from the real services; the others are its copies (`deploy/bench/copies.py`), named by their numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Final

from deploy.bench.copies import FIRST, account_id
from shared.contracts.checkout import Buy, BuyItem, Price, PublishPrices, StopPoc
from shared.contracts.hold import GrantPoc, OpenAccount, TopUp
from shared.contracts.message import Message
from shared.contracts.parts import Kind

SERVERS: Final = 10
VOLUMES: Final = 20
RESOURCES: Final = SERVERS + VOLUMES

_CREDIT_VND: Final = 100_000_000
_POC_VND: Final = 100_000_000
_POC_DAYS: Final = 40
_PRICES: Final[Sequence[tuple[str, Kind, int]]] = (
    ("s-general-2x4", "server", 362_000), ("boot-20", "server", 38_500), ("ssd-100", "volume", 119_900),
)  # fmt: skip


def cluster_id(number: int) -> str:
    """The cluster's name."""
    return f"k.{number:07d}"


def prices() -> PublishPrices:
    """What a server, its boot disk and a volume cost."""
    listed = [Price(flavor=flavor, kind=kind, vnd=vnd) for flavor, kind, vnd in _PRICES]
    return PublishPrices(prices=listed, starts=datetime(2026, 1, 1, tzinfo=UTC))


def opening(now: datetime) -> Iterator[Message]:
    """What there is before anything is bought."""
    account = account_id(0)
    yield prices()
    yield OpenAccount(account=account, mode="prepaid", email=f"billing@{account}.example")
    yield TopUp(account=account, amount=_CREDIT_VND, reference=f"BANK{FIRST}")
    yield GrantPoc(account=account, amount=_POC_VND, until=now + timedelta(days=_POC_DAYS))


def purchase() -> Buy:
    """Cluster 0, on POC."""
    server: Kind = "server"
    volume: Kind = "volume"
    kinds = [*repeat(server, SERVERS), *repeat(volume, VOLUMES)]
    flavors: dict[Kind, str] = {"server": "s-general-2x4+boot-20", "volume": "ssd-100"}
    items = [
        BuyItem(resource=f"{kind}-{nr:02}{FIRST}", kind=kind, flavor=flavors[kind], cluster=cluster_id(0), months=1)
        for nr, kind in enumerate(kinds)
    ]  # fmt: skip
    return Buy(account=account_id(0), items=items, pay="poc")


def stop(number: int) -> StopPoc:
    """Stop POC of all of that cluster."""
    return StopPoc(account=account_id(number), cluster=cluster_id(number), months=1, pay="credit")
