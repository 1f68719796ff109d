"""Callbacks nobody should believe come to the door of a system that waits for money: each is refused or has no effect, is
counted, and leaves every row of payments, orders and the ledger as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from deploy.pay.door import Door
from deploy.sandbox.ledger import Entry
from deploy.services import SERVICES
from deploy.simulate.gateway import Gateways, Ways
from deploy.simulate.stage import stage_on
from deploy.simulate.world import Stage, World
from shared import ids
from shared.contracts.checkout import Buy, BuyItem, Price, PublishPrices
from shared.contracts.hold import OpenAccount, TopUp
from shared.contracts.payments import GatewayName
from shared.engine.outbox import Outgoing

pytestmark = pytest.mark.postgres

BEGINS: Final = datetime(2026, 3, 6, 2, tzinfo=UTC)
_STANDS: Final = {
    # Each is numbered, whatever it says.
    "payments": "select jsonb_agg(to_jsonb(payment) - 'event_sequence' order by order_id)::text from payments.payment",
    "checkout": 'select jsonb_agg("order" order by order_id)::text from checkout."order"',
    "hold": "select jsonb_agg(entry order by account_id, sequence, line)::text from hold.ledger_entry as entry",
}


class Billing:
    """All services, two orders that wait for their payers, and the door. What the door tells is said on the bus."""

    def __init__(self, stage: Stage, world: World) -> None:
        self._stage = stage
        self.world = world
        self.door = Door(world.gateways.settings, self, lambda: True)  # type: ignore[arg-type]  # all that is used of it
        self.told: list[Outgoing] = []

    async def publish(self, messages: Iterable[Outgoing]) -> None:
        self.told += messages
        self.world.bus.put(list(messages), self.world.at)

    async def tells(self, name: str, body: bytes) -> None:
        """A callback comes, and whatever follows from it is done."""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(_: dict[str, Any]) -> None:
            return

        await self.door({"type": "http", "method": "POST", "path": f"/callbacks/{name}"}, receive, send)
        await self.world.drain()

    async def stands(self) -> dict[str, str]:
        return {name: await self._stage.connections[name].fetchval(sql) for name, sql in _STANDS.items()}

    def counted(self, name: str, verdict: str) -> int:
        return int(self.door.callbacks.labels(name, verdict)._value.get())

    def entries(self) -> list[Entry]:
        return list(self.world.gateways.ledger.entries.values())

    def callback(self, entry: Entry, *, amount: int | None = None, forged: bool = False) -> bytes:
        """What the gateway itself would tell, once it is paid; or somebody who has not its key."""
        entry.status = "paid"
        side = self.world.gateways.sides[entry.gateway]
        body = side.callback(entry, amount=amount or entry.amount, forged=forged)
        entry.status = "unpaid"
        assert body is not None
        return body


@asynccontextmanager
async def billing(dsn: str, gateway: GatewayName) -> AsyncIterator[Billing]:
    async with stage_on(dsn, list(SERVICES.values())) as stage, stage.world(BEGINS) as world:
        world.gateways = Gateways(Ways(("never",)))
        prices = [Price(flavor="s-1", kind="server", vnd=181_000)]
        for message in (
            PublishPrices(prices=prices, starts=BEGINS - timedelta(days=1)),
            OpenAccount(account="acme", mode="prepaid", email="billing@acme.example"),
            TopUp(account="acme", amount=100_000, reference="VCB-1"),
            *(_buy(resource, gateway) for resource in ("srv-1", "srv-2")),
        ):
            await world.send(message, ids.new_id())
        yield Billing(stage, world)


def _buy(resource: str, gateway: GatewayName) -> Buy:
    item = BuyItem(resource=resource, kind="server", flavor="s-1", months=1)
    return Buy(account="acme", items=[item], pay="gateway", gateway=gateway)


@pytest.mark.parametrize("gateway", ["momo", "zalopay"])
async def test_callbacks_nobody_should_believe_change_nothing(gateway: GatewayName, database: str) -> None:
    async with billing(database, gateway) as ours:
        one, other = ours.entries()
        true, before = ours.callback(one), await ours.stands()
        for forged in (
            true.replace(b"%d" % one.transaction, b"%d" % (one.transaction ^ 1)),
            true.replace(one.id.encode(), other.id.encode()),
            true.replace(b"181000", b"1000"),
            ours.callback(one, forged=True),
        ):
            assert forged != true
            await ours.tells(gateway, forged)
        assert (ours.counted(gateway, "forged"), ours.told) == (4, [])
        assert await ours.stands() == before

        # Rightly signed, and not what was asked for: it is kept, and has no effect.
        await ours.tells(gateway, ours.callback(one, amount=1_000))
        assert await ours.stands() == before

        await ours.tells(gateway, true)
        after = await ours.stands()
        assert after != before
        for _ in range(3):
            await ours.tells(gateway, true)
        assert (ours.counted(gateway, "again"), await ours.stands()) == (3, after)
