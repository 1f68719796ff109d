"""checkout's tables in a real PostgreSQL: what is saved is found again, an order's progress touches its own rows only, two
who want the same resource are told apart, and the database itself refuses what can never be true."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, Final, get_args

import asyncpg
import pytest

from services.checkout import rows as stored
from services.checkout.rules import RULES
from services.checkout.service import CHECKOUT
from services.checkout.state import (
    Account,
    Cluster,
    Coupon,
    Held,
    Item,
    Order,
    OrderLine,
    Price,
    PriceVersion,
)
from services.checkout.store import CheckoutStore
from shared.contracts import lifecycle
from shared.contracts.charges import Charged, ChargeRefused
from shared.contracts.checkout import CancelOrder, GrantCoupon, PublishPrices, StopPoc
from shared.contracts.checkout import Price as PriceSaid
from shared.contracts.lifecycle import ResourceConverted
from shared.contracts.message import MOST_VND, Message
from shared.contracts.orders import Failure, OrderStatus
from shared.contracts.parts import Kind, Metered, Term
from shared.contracts.refusals import ConversionRefused
from shared.engine.decision import Decision, Entity, Known
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from tests.integration.test_grants import QUERY
from tests.support.seeds import seeded_random
from tests.support.stores import asked_of, connected_to
from tests.unit.checkout.instants import AT, MONTH, TODAY
from tests.unit.checkout.standing import month_of

pytestmark = pytest.mark.postgres

STORE: Final = CheckoutStore()
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@pytest.fixture
async def checkout(database: str) -> str:
    """The DSN of a database with checkout's schema."""
    await migrate(database, [CHECKOUT])
    return database


def connected(dsn: str, role: str = CHECKOUT.role) -> AbstractAsyncContextManager[asyncpg.Connection]:
    return connected_to(CHECKOUT, dsn, role)


def asked(message: Message) -> Ask:
    return asked_of(CHECKOUT, message, AT)


def decided(known: Known, asks: Iterable[Ask]) -> list[Message]:
    """What the engine does between load and save."""
    said: list[Message] = []
    for ask in asks:
        decision = RULES[type(ask.message)](ask.message, known, ask.cause)
        known.apply(decision)
        said += decision.says
        for message in decision.says:
            if message.form == "event":
                any(known.next_sequence(kind, message.about) for kind in CHECKOUT.aggregates)
    return said


async def run_batch(conn: asyncpg.Connection, *messages: Message) -> list[Message]:
    known = Known()
    asks = [asked(message) for message in messages]
    async with conn.transaction():
        await STORE.load(conn, asks, known)
        said = decided(known, asks)
        await STORE.save(conn, known)
    return said


async def saved(conn: asyncpg.Connection, *entities: Entity) -> None:
    """As if rules had decided so."""
    known = Known()
    known.apply(Decision(tuple(entities)))
    async with conn.transaction():
        await STORE.save(conn, known)


def resource(name: str, *, cluster: str = "k1", version: int = 2) -> lifecycle.Resource:
    return lifecycle.Resource(
        resource=name, account="acme", cluster=cluster, kind="server", product="vserver", flavor="s-1x1", quantity=1,
        billing="poc", status="active", starts=TODAY, until=TODAY + MONTH, auto_renew=False, months=1,
        terms=[Term(starts=TODAY, until=TODAY + MONTH, paid=181_000)], version=version,
    )  # fmt: skip


CLUSTER: Final = lifecycle.Cluster(
    cluster="k1", account="acme", poc=True, stop_poc_available=True, poc_remaining=3, resources=3, version=4
)
PRICES: Final = PublishPrices(prices=[PriceSaid(flavor="s-1x1", kind="server", vnd=181_000)], starts=TODAY)
STOP: Final = StopPoc(account="acme", cluster="k1", months=1, coupon="SAVE", pay="credit")
SAVE: Final = GrantCoupon(code="SAVE", amount=30_000, products=["vserver"], uses=1)


async def world(conn: asyncpg.Connection, resources: int = 3) -> None:
    names = [f"srv-{number:04}" for number in range(1, resources + 1)]
    await run_batch(conn, PRICES, SAVE, CLUSTER, *(resource(name) for name in names))


async def rows(conn: asyncpg.Connection, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(f'select * from checkout."{table}" order by 1, 2')]


async def the_order(conn: asyncpg.Connection) -> Order:
    (row,) = await conn.fetch('select order_id from checkout."order"')
    known = Known()
    async with conn.transaction():
        await STORE.lock(conn, Order, [row["order_id"]], known)
    found = known.get(Order, row["order_id"])
    assert found is not None
    return found


def charged(order: Order) -> Charged:
    return Charged(
        account="acme", order=order.id, wallet="credit", amount=order.total, effective_at=order.placed_at
    )


def converted(order: str, name: str, amount: int) -> ResourceConverted:
    line = month_of(TODAY, item=Item(name, "acme", "server", "s-1x1", 1)).model_copy(
        update={"amount": amount}
    )
    return ResourceConverted(
        account="acme", resource=name, cluster="k1", kind="server", product="vserver", flavor="s-1x1", quantity=1,
        billing="prepaid", order=order, line=line, unused=181_000, wallet="poc", version=3, effective_at=AT,
    )  # fmt: skip


def not_converted(order: str, name: str) -> ConversionRefused:
    return ConversionRefused(
        account="acme",
        resource=name,
        order=order,
        reason="provider_refused",
        explanation="No.",
        effective_at=AT,
    )


async def test_an_order_goes_its_way_through_the_tables_alone(checkout: str) -> None:
    async with connected(checkout) as conn:
        await world(conn)
        placed, charge = await run_batch(conn, STOP)
        assert (type(placed).__name__, type(charge).__name__) == ("OrderPlaced", "PlaceCharge")
        order = await the_order(conn)
        assert (order.total, order.lines, order.status) == (3 * 181_000 - 30_000, 3, "awaiting_payment")
        assert [type(each).__name__ for each in await run_batch(conn, charged(order))] == [
            "OrderPaid", *["ConvertResource"] * 3
        ]  # fmt: skip
        assert await run_batch(conn, charged(order)) == []
        assert await run_batch(conn, converted(order.id, "srv-0001", 171_000)) == []
        assert await run_batch(conn, converted(order.id, "srv-0001", 171_000)) == []
        (back,) = await run_batch(conn, not_converted(order.id, "srv-0002"))
        assert type(back).__name__ == "GiveBack"
        (stopped,) = await run_batch(conn, converted(order.id, "srv-0003", 171_000))
        assert stopped.model_dump(include={"converted", "left", "given_back", "status"}) == {
            "converted": 2, "left": 1, "given_back": 171_000, "status": "partly_completed"
        }  # fmt: skip
        assert [row["open_order"] for row in await rows(conn, "item")] == [None] * 3
        assert [row["status"] for row in await rows(conn, "line")] == ["done", "failed", "done"]
        (kept,) = await rows(conn, "order")
        # Placed, paid, stopped.
        assert (kept["status"], kept["event_sequence"], kept["version"]) == ("partly_completed", 3, 5)


async def test_what_another_order_stops_meanwhile_is_not_left_when_an_order_ends(checkout: str) -> None:
    async with connected(checkout) as conn:
        await world(conn)
        await run_batch(conn, STOP.model_copy(update={"resources": ["srv-0001"]}))
        order = await the_order(conn)
        expired = resource("srv-0002", version=3).model_copy(update={"status": "expired"})
        await run_batch(conn, charged(order), expired)
        (stopped,) = await run_batch(conn, converted(order.id, "srv-0001", 171_000))
        assert stopped.model_dump(include={"converted", "left"}) == {"converted": 1, "left": 1}


async def test_a_cancelled_order_leaves_everything_as_it_was(checkout: str) -> None:
    async with connected(checkout) as conn:
        await world(conn)
        before = await rows(conn, "item"), (await rows(conn, "coupon"))[0]["used"]
        await run_batch(conn, STOP)
        order = await the_order(conn)
        refused = ChargeRefused(
            account="acme", order=order.id, wallet="credit", amount=order.total, effective_at=AT,
            missing=1, reason="credit_short", explanation="Short.",
        )  # fmt: skip
        assert [type(each).__name__ for each in await run_batch(conn, refused, refused)] == ["OrderCancelled"]
        assert (await rows(conn, "item"), (await rows(conn, "coupon"))[0]["used"]) == before
        assert [row["status"] for row in await rows(conn, "line")] == ["failed"] * 3
        cancel = CancelOrder(account="acme", order=order.id)
        assert [type(each).__name__ for each in await run_batch(conn, cancel)] == ["OrderCancelRefused"]
        assert [type(each).__name__ for each in await run_batch(conn, charged(order), charged(order))] == [
            "GiveBack"
        ]


async def test_what_others_tell_in_a_batch_is_priced_in_the_same_batch(checkout: str) -> None:
    async with connected(checkout) as conn:
        said = await run_batch(
            conn, PRICES, SAVE, resource("srv-1"), CLUSTER, resource("srv-2"), STOP, charged_nothing()
        )
        assert [type(each).__name__ for each in said][2:] == ["OrderPlaced", "PlaceCharge"]
        assert (await the_order(conn)).lines == 2


def charged_nothing() -> Charged:
    return Charged(account="acme", order="nobody", wallet="credit", amount=1, effective_at=AT)


async def test_two_at_once_who_want_the_same_resources_are_told_apart(checkout: str) -> None:
    async with connected(checkout) as first, connected(checkout) as second:
        await world(first, 20)
        chosen = StopPoc(
            account="acme", resources=[f"srv-{number:04}" for number in range(20, 0, -1)], pay="credit"
        )
        said = await asyncio.gather(run_batch(first, STOP), run_batch(second, chosen))
        names = sorted(type(answer[0]).__name__ for answer in said)
        assert names == ["OrderPlaced", "OrderRefused"]
        (refusal,) = next(answer for answer in said if len(answer) == 1)
        assert refusal.model_dump(include={"reason"}) == {"reason": "resource_busy"}
        assert len(await rows(first, "line")) == 20


async def test_lines_answered_at_once_from_two_partitions_are_all_counted(checkout: str) -> None:
    async with connected(checkout) as first, connected(checkout) as second:
        await world(first, 40)
        await run_batch(first, STOP)
        order = await the_order(first)
        await run_batch(first, charged(order))
        answers = [converted(order.id, f"srv-{number:04}", 0) for number in range(1, 41)]
        said = await asyncio.gather(
            run_batch(first, *answers[::2]), run_batch(second, *reversed(answers[1::2]), answers[0])
        )
        assert [type(each).__name__ for answer in said for each in answer] == ["PocStopped"]
        assert (await the_order(first)).done == 40


async def test_an_answer_to_one_line_reads_that_line_of_a_long_order_only(checkout: str) -> None:
    async with connected(checkout) as conn:
        await world(conn, 300)
        await run_batch(conn, STOP)
        order = await the_order(conn)
        await run_batch(conn, charged(order))
        known = Known()
        asks = [asked(converted(order.id, "srv-0123", 0))]
        async with conn.transaction():
            await STORE.load(conn, asks, known)
        assert known.get(OrderLine, f"{order.id}:123") is not None
        assert [number for number in range(1, 301) if known.get(OrderLine, f"{order.id}:{number}")] == [123]
        assert known.get(Item, "srv-0122") is None


# What is saved is found again.


def some_entities(random: Random) -> list[Entity]:
    number, count = random.randint(1, 10**9), random.randint(1, 50)
    until = random.choice([None, TODAY + timedelta(minutes=random.randint(-(10**6), 10**6))])
    metered = Metered(
        resource="r", kind="registry", flavor="x", quantity=3, vnd=MOST_VND, per="gb_hour", estimate=number
    )
    terms = tuple(Term(starts=TODAY, until=TODAY + MONTH, paid=n) for n in range(random.randint(0, 3)))
    status: OrderStatus = random.choice(["awaiting_payment", "provisioning"])
    failures = tuple(Failure(resource=f"r{n}", reason="x", explanation="Vì sao?") for n in range(count))
    line = month_of(TODAY, coupon=7)
    return [
        Item(f"i{number}", "acme", random.choice(KINDS), "f", count, "k1", "poc", "grace", until, terms,
             random.choice([None, metered]), until, number, random.choice([None, "o"]), count),
        Cluster(f"k{number}", "acme", random.random() < 0.5, number),
        Account(f"a{number}", random.choice(["prepaid", "postpaid"]), until),
        Coupon(f"c{number}", number, ("vserver", "vdb")[: random.randint(0, 2)], until, count, count - 1),
        Price("server", f"f{number}", tuple(PriceVersion(TODAY + n * MONTH, n, "30d", n) for n in range(count))),
        Order(f"o{number}", "k1", "acme", "buy", "hold", status, number, count + 1, AT, "k1", "SAVE", number, number - 1,
              1, count - 1, 1, 5, (Held("vcr", number), Held("vcontainer", 1, placed=True)), failures, number, auto=True),
        OrderLine(f"o{number}", count, "r", "server", "f", 2, line, None, "k1", auto_renew=True, months=12,
                  status="failed", reason="no", version=2),
        OrderLine(f"o{number}", count + 1, "r2", "registry", "f", 2, None, metered),
    ]  # fmt: skip


async def found(conn: asyncpg.Connection, entities: Iterable[Entity]) -> list[Entity | None]:
    """Read back, each kind by its own statement."""
    makers: dict[type, tuple[str, Any]] = {
        Item: ("item", stored.item_from), Cluster: ("cluster", stored.cluster_from), Account: ("account", stored.account_from),
        Coupon: ("coupon", stored.coupon_from), Price: ("price", stored.price_from), Order: ("order", stored.order_from),
        OrderLine: ("line", stored.line_from),
    }  # fmt: skip
    known = Known()
    for table, make in makers.values():
        for row in await rows(conn, table):
            known.put(make(row))
    return [known.get(type(entity), entity.key) for entity in entities]


async def test_everything_saved_is_found_again(checkout: str) -> None:
    random = seeded_random()
    async with connected(checkout) as conn:
        entities = [entity for _ in range(20) for entity in some_entities(random)]
        await saved(conn, *entities)
        assert await found(conn, entities) == entities


async def test_everything_changed_is_found_changed(checkout: str) -> None:
    async with connected(checkout) as conn:
        entities = some_entities(seeded_random())
        await saved(conn, *entities)
        item, cluster, account, coupon, price, order, line, _ = entities
        assert isinstance(item, Item)
        assert isinstance(cluster, Cluster)
        assert isinstance(account, Account)
        assert isinstance(coupon, Coupon)
        assert isinstance(price, Price)
        assert isinstance(order, Order)
        assert isinstance(line, OrderLine)
        now: list[Entity] = [
            replace(item, status="trash", billing="hold", open_order="other", version=item.version + 1),
            replace(cluster, poc=not cluster.poc, version=cluster.version + 1),
            replace(account, poc_until=TODAY),
            coupon.reserved(),
            price.with_version(PriceVersion(TODAY + 90 * MONTH, 3, "30d")),
            order.having(status="provisioning", left=9, holds=(), failures=()),
            line.ended("done"),
        ]
        known = Known()
        for entity in entities:
            known.put(entity)
        known.apply(Decision(tuple(now)))
        async with conn.transaction():
            await STORE.save(conn, known)
        assert await found(conn, now) == now


async def test_snapshots_are_said_again_of_orders_and_of_lines(checkout: str) -> None:
    async with connected(checkout) as conn:
        await world(conn)
        await run_batch(conn, STOP)
        order, known = await the_order(conn), Known()
        async with conn.transaction():
            await STORE.lock(conn, OrderLine, [f"{order.id}:2", f"{order.id}:9"], known)
        line = known.get(OrderLine, f"{order.id}:2")
        assert line is not None
        assert (line.resource, known.get(OrderLine, f"{order.id}:9")) == ("srv-0002", None)


# What the database refuses.

IMPOSSIBLE: Final = {
    "more given back than paid": "given_back_vnd = total_vnd + 1",
    "paid in part": "received_vnd = 1",
    "more lines resolved than there are": "done = 2, failed = 2",
    "ended with a line open": "status = 'completed', done = 2",
    "all lines resolved and not ended": "status = 'provisioning', done = 3",
}


@pytest.mark.parametrize("figures", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_the_database_refuses_an_order_that_cannot_be(checkout: str, figures: str) -> None:
    async with connected(checkout) as conn:
        await world(conn)
        await run_batch(conn, STOP)
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute(f'update checkout."order" set {figures}')


async def test_the_database_refuses_a_coupon_used_too_often(checkout: str) -> None:
    async with connected(checkout) as conn:
        await world(conn)
        with pytest.raises(asyncpg.CheckViolationError, match="no_more_used_than_granted"):
            await conn.execute("update checkout.coupon set used = 2")


async def test_what_was_ordered_stays_as_it_was_placed(checkout: str) -> None:
    async with connected(checkout) as conn:
        await world(conn)
        await run_batch(conn, STOP)
        for change in (
            'update checkout."order" set total_vnd = 0', "update checkout.line set line = null",
            "update checkout.coupon set amount_vnd = 1", "delete from checkout.line", 'delete from checkout."order"',
        ):  # fmt: skip
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(change)


async def test_the_role_may_do_what_is_listed_and_no_more(checkout: str) -> None:
    async with connected(checkout, "postgres") as owner:
        held = {row[0] for row in await owner.fetch(QUERY, CHECKOUT.role)}
    own = {grant for grant in held if "checkout." in grant and not any(e in grant for e in ENGINE)}
    assert own == {
        *(f"SELECT INSERT on checkout.{table}" for table in ("order", "line", "coupon")),
        *(f"SELECT INSERT UPDATE on checkout.{table}" for table in ("item", "cluster", "account", "price")),
        *(f"UPDATE ({column}) on checkout.order" for column in ORDER_COLUMNS),
        *(f"UPDATE ({column}) on checkout.line" for column in ("status", "reason", "version")),
        *(f"UPDATE ({column}) on checkout.coupon" for column in ("used", "event_sequence")),
    }


ENGINE: Final = ("inbox", "outbox", "parked", "job_progress")
ORDER_COLUMNS: Final = (
    *(
        "status",
        "received_vnd",
        "given_back_vnd",
        "done",
        "failed",
        "spared",
        "left_poc",
        "holds",
        "failures",
    ),
    *("version", "event_sequence"),
)
