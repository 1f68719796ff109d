"""A crowd for the bench: one account lives through its purchases, and its rows are copied in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg

from deploy.simulate.asked import public_commands
from deploy.simulate.world import Stage
from shared import ids
from shared.contracts.message import Message
from shared.engine.service import Service
from shared.engine.sql import read_queries
from shared.period import HANOI

_SQL: Final = read_queries(Path(__file__).with_name("crowd.sql"))
_ENGINES: Final = ["inbox", "outbox", "parked", "job_progress", "migration"]
_SEED: Final = "seed0"
_CROWD: Final = "crowd"
_AT_ONCE: Final = 5_000
# The share an account belongs to, as shared/shards.py reckons it; PostgreSQL 18 has the same sum.
_SHARD: Final = """jsonb_build_object('shard', crc32(convert_to(
    replace((one.text::jsonb) ->> 'account_id', '{seed}', '{crowd}' || number), 'UTF8')) % 12)"""

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


async def multiply(dsn: str, services: Sequence[Service], accounts: int) -> None:
    """So many accounts like the one, which is one of them."""
    # What triggers would add is copied as it is.
    conn = await asyncpg.connect(dsn, server_settings={"session_replication_role": "replica"})
    try:
        for service in services:
            for table in await conn.fetch(_SQL["list_tables"], service.schema, _ENGINES):
                await _copied(conn, table, accounts - 1)
        await conn.execute("analyze")
    finally:
        await conn.close()


async def _copied(conn: asyncpg.Connection, table: Any, count: int) -> None:
    shard = _SHARD if table["has_shard"] else "'{}'::jsonb"
    query = _SQL["copy_rows"].replace("{shard}", shard)
    for word, value in (("table", table["name"]), ("seed", _SEED), ("crowd", _CROWD)):
        query = query.replace("{" + word + "}", value)
    for first in range(1, count + 1, _AT_ONCE):
        await conn.execute(query, first, min(first + _AT_ONCE - 1, count))


def _bought() -> Iterator[Message]:
    prices = [
        {"flavor": flavor, "kind": kind, "vnd": vnd, "per": "gb_hour" if kind == "snapshot" else "30d"}
        for kind, (flavor, vnd) in _PRICES.items()
    ]
    yield _made("PublishPrices", {"prices": prices, "from": OPENED})
    yield _made("OpenAccount", {"account": _SEED, "mode": "prepaid", "email": "a@crowd.example"})
    yield _made("TopUp", {"account": _SEED, "amount": 10_000_000, "reference": "first"})
    kube = [_item(number, kind) for number, kind in enumerate(METERED) if kind != "snapshot"]
    yield _made("Buy", {"account": _SEED, "items": kube, "pay": "hold"})
    snaps = [_item(number, kind) for number, kind in enumerate(METERED) if kind == "snapshot"]
    yield _made("Buy", {"account": _SEED, "items": snaps, "pay": "hold"})
    server = _item(len(METERED), "server") | {"months": 1, "auto_renew": True}
    yield _made("Buy", {"account": _SEED, "items": [server], "pay": "credit"})


def _item(number: int, kind: str) -> dict[str, Any]:
    cluster = {"cluster": f"{_SEED}-kube"} if kind.startswith("k8s") else {}
    quantity = 20 if kind == "snapshot" else 1
    return {
        "resource": f"{_SEED}-r{number}", "kind": kind, "flavor": _PRICES[kind][0], "quantity": quantity, **cluster
    }  # fmt: skip


def _made(name: str, data: dict[str, Any]) -> Message:
    return public_commands()[name].model_validate(data)
