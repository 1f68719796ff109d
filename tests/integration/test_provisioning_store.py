"""provisioning's tables in a real PostgreSQL: what is saved is found again, and its role may do just what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from random import Random
from typing import Final, get_args

import asyncpg
import pytest

from services.provisioning.rules import RULES
from services.provisioning.service import PROVISIONING
from services.provisioning.state import Plan, Request, Resource
from services.provisioning.store import ProvisioningStore
from shared.contracts.message import Command
from shared.contracts.provisioning import Action, CancelChange, ChangeResource, Outcome, PlanOutcome
from shared.engine.decision import Known
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from tests.support.counting import Counting
from tests.support.seeds import seeded_random
from tests.support.stores import asked_of, connected_to

pytestmark = pytest.mark.postgres

AT: Final = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
STORE: Final = ProvisioningStore()


@pytest.fixture
async def provisioning(database: str) -> str:
    """The DSN of a database with provisioning's schema."""
    await migrate(database, [PROVISIONING])
    return database


def connected(dsn: str) -> AbstractAsyncContextManager[asyncpg.Connection]:
    return connected_to(PROVISIONING, dsn, PROVISIONING.role)


def asked(command: Command) -> Ask:
    return asked_of(PROVISIONING, command, AT)


def decided(known: Known, asks: Iterable[Ask]) -> None:
    """What the engine does between load and save."""
    for ask in asks:
        decision = RULES[type(ask.message)](ask.message, known, ask.cause)
        known.apply(decision)
        for message in decision.says:
            known.next_sequence(Resource, message.key)


async def run_batch(conn: asyncpg.Connection, asks: Sequence[Ask]) -> None:
    known = Known()
    async with conn.transaction():
        await STORE.load(conn, asks, known)
        decided(known, asks)
        await STORE.save(conn, known)


def change(resource: str, request: str, action: Action = "convert", flavor: str | None = None) -> Ask:
    return asked(
        ChangeResource(
            request=request,
            resource=resource,
            account="acme",
            action=action,
            flavor=flavor,
            effective_at=AT,
        )
    )


def some_command(random: Random) -> Command:
    resource, request = random.choice("aB0"), f"r{random.randrange(12)}"
    match random.randrange(8):
        case 0:
            outcome, times = random.choice(get_args(Outcome)), random.randint(1, 3)
            action = random.choice([None, *get_args(Action)])
            return PlanOutcome(resource=resource, outcome=outcome, times=times, action=action)
        case 1:
            return CancelChange(request=request, resource=resource, account="acme", effective_at=AT)
        case _:
            return ChangeResource.model_validate(
                {"request": request, "resource": resource, "account": "acme", "effective_at": AT}
                | {"action": random.choice(get_args(Action)), "quantity": random.choice([None, 1, 100_000])}
                | {"flavor": random.choice([None, "s-general-2x4+boot-20"])}
            )


def remembered(known: Known, names: Iterable[tuple[str, str]]) -> list[object]:
    """What is known of these requests, and of their resources with the number of the last event."""
    found: list[object] = []
    for resource, request in names:
        if known.get(Resource, resource) is not None:
            found.append(known.row(Resource, resource))
        found.append(known.get(Request, f"{resource}/{request}"))
    return found


async def test_rules_find_the_same_however_their_commands_are_cut_into_batches(provisioning: str) -> None:
    random = seeded_random()
    asks = [asked(some_command(random)) for _ in range(400)]
    names = [(resource, f"r{number}") for resource in "aB0" for number in range(12)]
    whole = Known()
    decided(whole, asks)
    async with connected(provisioning) as conn:
        start = 0
        while start < len(asks):
            size = random.choice([1, 2, 5, 40])
            await run_batch(conn, asks[start : start + size])
            start += size
        found = Known()
        await STORE.load(conn, [change(*name) for name in names], found)
    assert remembered(found, names) == remembered(whole, names)
    assert sum(one is not None for one in remembered(found, names)) > 40


async def test_what_is_saved_is_loaded_again(provisioning: str) -> None:
    plan = PlanOutcome(resource="srv-1", outcome="late", times=2, action="resize")
    asks = [
        *(asked(plan), change("srv-1", "r-1", "resize", "s-general-2x4+boot-20"), change("srv-2", "r-1")),
        asked(CancelChange(request="r-9", resource="srv-2", account="acme", effective_at=AT)),
    ]
    async with connected(provisioning) as conn:
        await run_batch(conn, asks)
        known = Known()
        await STORE.load(
            conn, [change("srv-1", "r-1"), change("srv-2", "r-1"), change("srv-2", "r-9")], known
        )
    assert known.row(Resource, "srv-1") == (Resource("srv-1", Plan("late", 1, "resize")), 1)
    assert known.row(Resource, "srv-2") == (Resource("srv-2"), 2)
    assert known.get(Request, "srv-1/r-1") == Request(
        "srv-1", "r-1", "resize", "s-general-2x4+boot-20", None, "late", 1
    )
    assert known.get(Request, "srv-2/r-1") == Request("srv-2", "r-1", "convert", asked=1)
    assert known.get(Request, "srv-2/r-9") == Request("srv-2", "r-9", cancelled=True)


async def test_a_batch_costs_one_statement_per_table_each_way_whatever_its_size(provisioning: str) -> None:
    asks = [change(f"srv-{number}", "r-1") for number in range(50)]
    async with connected(provisioning) as conn:
        for _ in ("new", "asked again"):
            counting, known = Counting(conn), Known()
            await STORE.load(counting, asks, known)
            assert counting.statements == 2
            decided(known, asks)
            await STORE.save(counting, known)
            assert counting.statements == 4


async def test_a_resource_that_another_worker_added_meanwhile_is_not_overwritten(provisioning: str) -> None:
    async with connected(provisioning) as conn:
        known = Known()
        await STORE.load(conn, [change("srv-1", "r-1")], known)
        await run_batch(conn, [change("srv-1", "r-2")])
        decided(known, [change("srv-1", "r-1")])
        with pytest.raises(asyncpg.UniqueViolationError):
            await STORE.save(conn, known)


FORBIDDEN: Final = [
    "update provisioning.request set outcome = null",
    "update provisioning.request set action = 'delete'",
    "update provisioning.resource set resource_id = 'x'",
    "delete from provisioning.request",
    "delete from provisioning.resource",
]


@pytest.mark.parametrize("change_of_the_past", FORBIDDEN)
async def test_what_was_asked_and_how_it_goes_stays(provisioning: str, change_of_the_past: str) -> None:
    async with connected(provisioning) as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(change_of_the_past)


IMPOSSIBLE: Final = {
    "a plan without times": "insert into provisioning.resource values ('a', 'late', null, null, 1)",
    "a plan for no times": "insert into provisioning.resource values ('a', 'late', 0, null, 1)",
    "a plan without outcome": "insert into provisioning.resource values ('a', null, null, 'convert', 1)",
    "an unknown outcome": "insert into provisioning.resource values ('a', 'soon', 1, null, 1)",
    "asked for nothing": "insert into provisioning.request values ('a', 'r', null, null, null, null, 1, false)",
}


@pytest.mark.parametrize("statement", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_the_database_refuses_what_cannot_be(provisioning: str, statement: str) -> None:
    async with connected(provisioning) as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute(statement)
