"""hold's charges and holds in a real PostgreSQL: found again, read only where there are any, and bounded by the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import asyncpg
import pytest

from services.hold.books import Sums, add_up
from services.hold.held import OrderHold, ProductHold
from services.hold.service import HOLD
from services.hold.state import Account, Charge
from shared.contracts.charges import GiveBack, PlaceCharge, PlaceHold, ReleaseHold
from shared.contracts.hold import GrantPoc, OpenAccount, TopUp
from shared.engine.decision import Known
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from tests.support.counting import Counting
from tests.support.hold_rows import AT, STORE, asked, connected, decided, ledger, run_batch

pytestmark = pytest.mark.postgres


@pytest.fixture
async def hold(database: str) -> str:
    """The DSN of a database with hold's schema."""
    await migrate(database, [HOLD])
    return database


def opened(*accounts: str, credit: int = 1_000) -> list[Ask]:
    """These accounts, with credit and a POC wallet each."""
    asks = []
    for account in accounts:
        asks += [
            asked(OpenAccount(account=account, mode="prepaid", email="a@b.vn")),
            asked(TopUp(account=account, amount=credit, reference="r1")),
            asked(GrantPoc(account=account, amount=500, until=AT + timedelta(days=9))),
        ]
    return asks


def charge(account: str, order: str = "o-1", amount: int = 300, **rest: Any) -> Ask:
    fields = {"account": account, "order": order, "amount": amount, "wallet": "credit", "effective_at": AT}
    return asked(PlaceCharge.model_validate(fields | rest))


def give_back(account: str, amount: int, **rest: Any) -> Ask:
    fields = {"account": account, "amount": amount, "wallet": "credit", "why": "line_failed", "order": "o-1"}
    return asked(GiveBack.model_validate(fields | {"effective_at": AT} | rest))


def place_hold(account: str, order: str = "o-1", amount: int = 200, product: str = "vcontainer") -> Ask:
    return asked(PlaceHold(account=account, order=order, product=product, amount=amount, effective_at=AT))


def release(account: str, amount: int, order: str = "o-1") -> Ask:
    return asked(
        ReleaseHold(account=account, order=order, product="vcontainer", amount=amount, effective_at=AT)
    )


async def test_charges_and_holds_that_are_saved_are_loaded_again(hold: str) -> None:
    batches = [
        [
            *opened("a", "b"),
            charge("a"),
            charge("b", wallet="poc"),
            place_hold("a"),
            place_hold("a", "o-2", 70),
        ],
        [
            give_back("a", 100),
            release("a", 30),
            charge("b", "o-2", 0),
            place_hold("a", amount=9, product="vcr"),
        ],
        [give_back("b", 40, wallet="poc"), release("a", 5, order="o-2"), place_hold("b", amount=0)],
    ]
    async with connected(hold) as conn:
        for batch in batches:
            await run_batch(conn, batch)
        known = Known()
        orders = [(account, order) for account in "ab" for order in ("o-1", "o-2", "o-3")]
        asks = [charge(*pair) for pair in orders]
        asks += [place_hold(*pair, product=product) for pair in orders for product in ("vcontainer", "vcr")]
        await STORE.load(conn, asks, known)
    charges = [known.get(Charge, f"{account}/{order}") for account, order in orders]
    assert [one for one in charges if one] == [
        Charge("a", "o-1", "credit", 300, 100),
        Charge("b", "o-1", "poc", 300, 40),
        Charge("b", "o-2", "credit", 0, 0),
    ]
    held = [known.get(OrderHold, f"{ask.key}/{ask.message.order}/{ask.message.product}") for ask in asks[6:]]  # type: ignore[attr-defined]  # all of them are PlaceHold
    assert [one for one in held if one] == [
        OrderHold("a", "o-1", "vcontainer", 200, 30),
        OrderHold("a", "o-1", "vcr", 9, 0),
        OrderHold("a", "o-2", "vcontainer", 70, 5),
        OrderHold("b", "o-1", "vcontainer", 0, 0),
    ]
    a, b = known.get(Account, "a"), known.get(Account, "b")
    assert a
    assert b
    reserved = ((hold.product, hold.estimate, hold.held, hold.reserved) for hold in a.holds)
    assert list(reserved) == [("vcontainer", 235, 235, 235), ("vcr", 9, 9, 9)]
    assert (a.credit.total, a.credit.held) == (800, 244)
    assert (b.holds, b.credit.held) == ((ProductHold("b", "vcontainer", closed_until=AT),), 0)
    assert b.poc
    assert (b.poc.spent, b.poc.refunded) == (300, 40)
    assert (await add_up(hold)) == Sums(2, 2, 1_800, 0, 0)


async def test_a_batch_costs_a_statement_per_table_each_way_whatever_its_size(hold: str) -> None:
    names = [f"a{number}" for number in range(40)]
    async with connected(hold) as conn:
        await run_batch(conn, opened(*names))
        for order, load, save in (("o-1", 3, 5), ("o-2", 4, 5), ("o-2", 4, 1)):
            asks = [made(name, order) for name in names for made in (charge, place_hold)]
            counting, known = Counting(conn), Known()
            await STORE.load(counting, asks, known)
            # The second time there are holds to read, the third time all was done before.
            assert counting.statements == load
            decided(known, asks)
            await STORE.save(counting, known)
            assert counting.statements == load + save
        asks = [made(name, 1) for name in names for made in (give_back, release)]
        counting, known = Counting(conn), Known()
        await STORE.load(counting, asks, known)
        decided(known, asks)
        await STORE.save(counting, known)
        assert counting.statements == 4 + 5


async def test_an_account_that_holds_nothing_costs_no_look_for_holds(hold: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, opened("a", "b"))
        counting = Counting(conn)
        await STORE.lock(counting, Account, ["a", "b"], Known())
        assert counting.statements == 1
        await run_batch(conn, [place_hold("b")])
        counting, known = Counting(conn), Known()
        await STORE.lock(counting, Account, ["a", "b"], known)
        assert counting.statements == 2
        assert [known.get(Account, name).holds != () for name in "ab"] == [False, True]  # type: ignore[union-attr]  # both are there


async def test_an_orders_id_may_be_a_payments_reference_and_a_deposit_is_still_found_by_it(hold: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, [*opened("a"), charge("a", "r1"), give_back("a", 5, order="r1")])
        await run_batch(conn, [give_back("a", 5, order="r1"), charge("a", "r2")])
        await run_batch(
            conn, [asked(TopUp(account="a", amount=7, reference=reference)) for reference in ("r1", "r2")]
        )
        booked = [(each.kind, each.reference) for each in await ledger(conn)]
    assert booked == [
        *(("deposit", "r1"), ("poc_grant", None), ("charge", "r1"), ("refund", "r1"), ("refund", "r1")),
        *(("charge", "r2"), ("deposit", "r2")),
    ]


async def test_a_charge_that_another_worker_placed_meanwhile_is_not_overwritten(hold: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, opened("a"))
        known = Known()
        await STORE.load(conn, [charge("a")], known)
        await run_batch(conn, [charge("a")])
        decided(known, [charge("a")])
        with pytest.raises(asyncpg.UniqueViolationError):
            await STORE.save(conn, known)


@pytest.mark.parametrize(
    "break_it",
    [
        "update hold.account set credit_held_vnd = credit_held_vnd + 1",
        "update hold.account set product_holds = 0",
        "update hold.account set poc_spent_vnd = poc_spent_vnd + 1, poc_refunded_vnd = poc_refunded_vnd + 1",
        "update hold.account set poc_granted_vnd = poc_granted_vnd + 1, poc_expired_vnd = poc_expired_vnd + 1",
        "update hold.charge set amount_vnd = amount_vnd + 1",
        "update hold.charge set given_back_vnd = 21 where wallet = 'credit'",
        "update hold.charge set given_back_vnd = 11 where wallet = 'poc'",
        "update hold.charge set wallet = 'poc'",
        "delete from hold.charge",
        "update hold.product_hold set estimate_vnd = 1, held_vnd = 1",
        "delete from hold.product_hold",
    ],
)
async def test_the_books_show_what_does_not_add_up(hold: str, break_it: str) -> None:
    async with connected(hold) as conn, connected(hold, "postgres") as owner:
        await run_batch(conn, [*opened("a"), charge("a"), place_hold("a"), give_back("a", 20)])
        await run_batch(
            conn, [charge("a", "o-2", wallet="poc"), give_back("a", 10, order="o-2", wallet="poc")]
        )
        assert (await add_up(hold)).right
        await owner.execute(break_it)
        assert (await add_up(hold)).accounts_that_differ == 1


async def test_the_books_show_more_held_than_there_is(hold: str) -> None:
    async with connected(hold) as conn, connected(hold, "postgres") as owner:
        await run_batch(conn, [*opened("a"), place_hold("a")])
        await owner.execute("update hold.product_hold set estimate_vnd = 1001, held_vnd = 1001")
        await owner.execute("update hold.account set credit_held_vnd = 1001")
        assert not (await add_up(hold)).right


IMPOSSIBLE: Final = {
    "given back more than charged": "update hold.charge set given_back_vnd = 301",
    "given back less than nothing": "update hold.charge set given_back_vnd = -1",
    "let go more than held": "update hold.order_hold set released_vnd = 201",
    "held more than needed": "update hold.product_hold set held_vnd = 201",
    "a debt beside all that is needed": "update hold.product_hold set debt_vnd = 1",
    "less than nothing estimated": "update hold.product_hold set estimate_vnd = -1, held_vnd = -1",
}


@pytest.mark.parametrize("change", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_the_database_refuses_charges_and_holds_that_cannot_be(hold: str, change: str) -> None:
    async with connected(hold) as conn:
        await run_batch(conn, [*opened("a"), charge("a"), place_hold("a")])
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute(change)


FORBIDDEN: Final = [
    "update hold.charge set amount_vnd = 0",
    "update hold.charge set wallet = 'poc'",
    "update hold.order_hold set amount_vnd = 0",
    "update hold.product_hold set product = 'x'",
    "delete from hold.charge",
    "delete from hold.order_hold",
    "delete from hold.product_hold",
]


@pytest.mark.parametrize("change", FORBIDDEN)
async def test_what_was_charged_and_held_stays_as_it_was(hold: str, change: str) -> None:
    async with connected(hold) as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(change)
