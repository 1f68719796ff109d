"""The one account of the crowd that the bench of jobs measures: it lives through its purchases, and its rows are copied."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from deploy.bench.copies import FIRST, account_id
from deploy.simulate.asked import public_commands
from deploy.simulate.world import Stage
from shared import ids
from shared.contracts.message import Message
from shared.period import HANOI

_ACCOUNT: Final = account_id(0)
OPENED: Final = datetime(2027, 1, 1, 9, 0, tzinfo=HANOI).astimezone(UTC)
METERED: Final = ("k8s_node",) * 4 + ("k8s_volume",) * 3 + ("snapshot",) * 3
_PRICES: Final = {
    "k8s_node": ("n", 362_000),
    "k8s_volume": ("kv", 90_007),
    "snapshot": ("snap", 3),
    "server": ("s", 181_000),
}


async def settle(stage: Stage) -> None:
    """The one account: ten metered resources, and a server that renews itself at the end of a month of thirty days."""
    async with stage.world(OPENED - timedelta(minutes=1), keep=True) as world:
        await world.advance(OPENED)
        for number, message in enumerate(_bought()):
            await world.send(message, ids.derived_id("crowd", str(number), int(OPENED.timestamp()) * 1000))


def _bought() -> Iterator[Message]:
    prices = [
        {"flavor": flavor, "kind": kind, "vnd": vnd, "per": "gb_hour" if kind == "snapshot" else "30d"}
        for kind, (flavor, vnd) in _PRICES.items()
    ]
    yield _made("PublishPrices", {"prices": prices, "from": OPENED})
    yield _made("OpenAccount", {"account": _ACCOUNT, "mode": "prepaid", "email": "a@crowd.example"})
    yield _made("TopUp", {"account": _ACCOUNT, "amount": 10_000_000, "reference": f"first{FIRST}"})
    kube = [_item(number, kind) for number, kind in enumerate(METERED) if kind != "snapshot"]
    yield _made("Buy", {"account": _ACCOUNT, "items": kube, "pay": "hold"})
    snaps = [_item(number, kind) for number, kind in enumerate(METERED) if kind == "snapshot"]
    yield _made("Buy", {"account": _ACCOUNT, "items": snaps, "pay": "hold"})
    server = _item(len(METERED), "server") | {"months": 1, "auto_renew": True}
    yield _made("Buy", {"account": _ACCOUNT, "items": [server], "pay": "credit"})


def _item(number: int, kind: str) -> dict[str, Any]:
    cluster = {"cluster": f"kube{FIRST}"} if kind.startswith("k8s") else {}
    quantity = 20 if kind == "snapshot" else 1
    return {
        "resource": f"r{number}{FIRST}", "kind": kind, "flavor": _PRICES[kind][0], "quantity": quantity, **cluster
    }  # fmt: skip


def _made(name: str, data: dict[str, Any]) -> Message:
    return public_commands()[name].model_validate(data)
