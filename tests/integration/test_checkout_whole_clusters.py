"""A metered cluster stops POC as a whole: what becomes of its order in checkout's tables, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import asyncpg
import pytest

from services.checkout.service import CHECKOUT
from shared.contracts import lifecycle
from shared.contracts.charges import HoldPlaced
from shared.contracts.checkout import Price, PublishPrices, StopPoc
from shared.contracts.message import Message
from shared.contracts.parts import Term
from shared.contracts.refusals import ClusterConversionRefused
from shared.engine.migrate import migrate
from tests.integration.test_checkout_store import CLUSTER, connected, rows, run_batch, the_order
from tests.unit.checkout.instants import AT, MONTH, TODAY

pytestmark = pytest.mark.postgres

STOP: Final = StopPoc(account="acme", cluster="k1", pay="hold")
NODES: Final = 40
# 300,000 VND for 30 days: three days of each are held.
HELD: Final = NODES * 30_000


@pytest.fixture
async def checkout(database: str) -> str:
    """The DSN of a database with checkout's schema."""
    await migrate(database, [CHECKOUT])
    return database


def node(number: int) -> lifecycle.Resource:
    return lifecycle.Resource(
        resource=f"node-{number:02}", account="acme", cluster="k1", kind="k8s_node", product="vcontainer", flavor="n-2x4",
        quantity=1, billing="poc", status="active", starts=TODAY, until=TODAY + MONTH, auto_renew=False, months=1,
        terms=[Term(starts=TODAY, until=TODAY + MONTH, paid=300_000)], version=2,
    )  # fmt: skip


async def held_for(conn: asyncpg.Connection) -> str:
    """The cluster's Stop POC, three days of it held; the order's id."""
    await run_batch(
        conn,
        PublishPrices(prices=[Price(flavor="n-2x4", kind="k8s_node", vnd=300_000)], starts=TODAY),
        CLUSTER,
        *(node(number) for number in range(NODES)),
    )
    assert names(await run_batch(conn, STOP)) == ["OrderPlaced", "PlaceHold"]
    order = await the_order(conn)
    placed = HoldPlaced(
        account="acme", order=order.id, product="vcontainer", amount=HELD, effective_at=order.placed_at
    )
    assert names(await run_batch(conn, placed)) == ["OrderPaid", "ConvertCluster"]
    return order.id


def refusal(order: str) -> ClusterConversionRefused:
    return ClusterConversionRefused(
        account="acme", cluster="k1", order=order, reason="provider_silent", explanation="No answer.",
        effective_at=AT,
    )  # fmt: skip


def names(said: list[Message]) -> list[str]:
    return [type(each).__name__ for each in said]


async def test_a_refused_conversion_fails_every_line_releases_the_hold_and_frees_the_cluster(
    checkout: str,
) -> None:
    async with connected(checkout) as conn:
        order = await held_for(conn)
        release, stopped = await run_batch(conn, refusal(order), refusal(order))
        assert told(release) == {"product": "vcontainer", "amount": HELD, "order": order}
        assert told(stopped) == {
            "status": "partly_completed", "given_back": HELD, "converted": 0, "left": NODES, "order": order,
        }  # fmt: skip
        assert [(row["status"], row["reason"]) for row in await rows(conn, "line")] == [
            ("failed", "provider_silent")
        ] * NODES
        assert [(row["open_order"], row["status"], row["billing"]) for row in await rows(conn, "item")] == [
            (None, "active", "poc")
        ] * NODES
        assert await run_batch(conn, refusal(order)) == []
        assert names(await run_batch(conn, STOP)) == ["OrderPlaced", "PlaceHold"]


async def test_a_refusal_that_two_workers_read_at_once_is_answered_by_one(checkout: str) -> None:
    async with connected(checkout) as first, connected(checkout) as second:
        order = await held_for(first)
        said = await asyncio.gather(run_batch(first, refusal(order)), run_batch(second, refusal(order)))
        assert sorted(names([*said[0], *said[1]])) == ["PocStopped", "ReleaseHold"]


def told(message: Message) -> dict[str, Any]:
    figures = {"product", "amount", "order", "status", "given_back", "converted", "left"}
    return message.model_dump(include=figures)
