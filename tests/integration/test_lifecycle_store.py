"""lifecycle's tables in a real PostgreSQL: what is saved is found again, workers neither wait in a circle nor miscount,
and the database itself refuses what can never be true."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from typing import Any, Final, get_args

import asyncpg
import pytest

from services.lifecycle.service import LIFECYCLE
from services.lifecycle.state import Change, Cluster, Due, Members, Resource
from services.lifecycle.store import MOST_DUE
from shared.contracts.message import Message
from shared.contracts.parts import Kind, Term
from shared.contracts.provisioning import ResourceChangeRefused
from shared.contracts.resources import (
    Billing,
    CheckChanges,
    ClearCluster,
    DeleteCluster,
    DeleteResource,
    ReportPocStopped,
    SetAutoRenew,
    Status,
)
from shared.engine.decision import Decision, Entity, Known
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from tests.support.lifecycle_rows import (
    MINUTE,
    STORE,
    answers,
    asked,
    connected,
    put,
    run_batch,
    stands,
)
from tests.support.seeds import seeded_random
from tests.unit.lifecycle.cases import (
    AT,
    CONVERT,
    CREATE,
    DAY,
    POC_TO,
    RECOVER,
    RESIZE,
    WHOLE,
    but,
    cluster,
    held,
    line,
    metered,
    node,
    paid,
    poc,
    waiting,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
async def lifecycle(database: str) -> str:
    """The DSN of a database with lifecycle's schema."""
    await migrate(database, [LIFECYCLE])
    return database


def some_resource(random: Random, name: str) -> Resource:
    billing = random.choice(get_args(Billing))
    terms = [] if billing == "hold" else [_term(random) for _ in range(random.randrange(3))]
    return Resource(
        id=name,
        account="acme",
        cluster=random.choice([None, "k1", "k2"]),
        kind=random.choice(get_args(Kind)),
        flavor=random.choice(["s-general-1x1", "s-general-2x4+boot-20"]),
        quantity=random.randint(1, 100_000),
        billing=billing,
        status=random.choice(get_args(Status)),
        starts=AT,
        until=random.choice([None, POC_TO]),
        auto_renew=billing != "poc" and random.random() < 0.5,
        months=random.randint(1, 60),
        terms=tuple(terms),
        metered=metered(name) if billing == "hold" and random.random() < 0.5 else None,
        trash_until=random.choice([None, AT + DAY]),
        usage_at=random.choice([None, AT]),
        version=random.randint(1, 2**40),
    )


def _term(random: Random) -> Term:
    return Term(
        starts=AT - DAY * random.randint(1, 9),
        until=AT + DAY * random.randint(1, 9),
        paid=random.randrange(10**9),
    )


async def test_what_is_saved_is_found_again(lifecycle: str) -> None:
    random = seeded_random()
    names = [f"{random.choice('aAzZ09')}-{number:03}" for number in range(60)]
    clusters: dict[str, str | None] = {}
    async with connected(lifecycle) as conn:
        expected: dict[tuple[type[Entity], str], tuple[Entity, int]] = {}
        for _ in range(3):
            known = Known()
            asks = [asked(SetAutoRenew(account="acme", resource=name, on=True)) for name in names]
            await STORE.load(conn, asks, known)
            for name in random.sample(names, 40):
                resource = some_resource(random, name)
                resource = replace(resource, cluster=clusters.setdefault(name, resource.cluster))
                known.apply(Decision((resource,)))
                known.next_sequence(Resource, name)
                before = expected.get((Resource, name), (resource, 0))[1]
                expected[Resource, name] = (resource, before + 1)
            await STORE.save(conn, known)
        assert await stands(conn, *names) == expected


async def test_a_cluster_that_is_saved_is_found_again(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        for saved in (
            Cluster("k1", "acme", poc=True, poc_remaining=3, resources=5),
            Cluster("k1", "acme", version=9),
        ):
            known = Known()
            await STORE.lock(conn, Cluster, ["k1"], known)
            known.apply(Decision((saved,)))
            known.next_sequence(Cluster, "k1")
            await STORE.save(conn, known)
        assert await stands(conn, "k1") == {(Cluster, "k1"): (saved, 2)}


ASKS: Final = (CREATE, CONVERT, WHOLE, RESIZE, but(RESIZE, line=None, metered=metered("srv-1")), RECOVER)


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: type(ask).__name__)
async def test_a_change_that_waits_is_found_again_until_it_is_over(lifecycle: str, ask: Any) -> None:
    async with connected(lifecycle) as conn:
        for change in (waiting(ask), waiting(ask, asked=2, due=10 * MINUTE)):
            known = Known()
            await STORE.load(
                conn, [asked(DeleteResource(account="acme", resource=ask.key)), *_clear(ask.key)], known
            )
            known.apply(Decision((change,)))
            await STORE.save(conn, known)
            assert (await stands(conn, ask.key))[Change, change.target] == (change, 0)
            assert await STORE.first_due(conn) == change.due_at
        known.apply(Decision((change.over(),)))
        await STORE.save(conn, known)
        assert await stands(conn, ask.key) == {}
        assert await STORE.first_due(conn) is None


def _clear(cluster: str) -> list[Ask]:
    return [asked(ClearCluster(account="acme", cluster=cluster, effective_at=AT))]


async def test_what_begins_and_ends_in_one_batch_leaves_no_change(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, poc(cluster=None))
        said = await run_batch(
            conn, asked(CONVERT), asked(ReportPocStopped(account="acme", resource="srv-1"))
        )
        assert [type(each).__name__ for each in said][-2:] == ["ConversionRefused", "CancelChange"]
        assert await conn.fetchval("select count(*) from lifecycle.change") == 0
        again = but(RECOVER, effective_at=AT)
        await run_batch(conn, asked(again))
        await run_batch(conn, asked(DeleteResource(account="acme", resource="srv-1")), asked(again))
        assert [key for key in await stands(conn, "srv-1") if key[0] is Change] == [
            (Change, "resource/srv-1")
        ]


async def test_a_stop_poc_goes_from_resource_to_cluster(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        creates = [
            but(CREATE, resource=f"srv-{n}", billing="poc", line=line(until=POC_TO, resource=f"srv-{n}"))
            for n in (1, 2)
        ]
        await run_batch(conn, *answers(await run_batch(conn, *map(asked, creates))))
        assert (await stands(conn, "k1"))[Cluster, "k1"] == (cluster(2, 2, version=4), 0)
        converts = [but(CONVERT, resource=f"srv-{n}", line=line(resource=f"srv-{n}")) for n in (1, 2)]
        await run_batch(conn, *answers(await run_batch(conn, *map(asked, converts))))
        found = await stands(conn, "k1", "srv-1", "srv-2")
        assert found[Cluster, "k1"] == (cluster(0, 2, poc=False, version=6), 1)
        assert [found[Resource, f"srv-{n}"][0].billing for n in (1, 2)] == ["prepaid", "prepaid"]  # type: ignore[attr-defined]
        assert len(found) == 3


@pytest.mark.parametrize("refused", [False, True])
async def test_a_whole_cluster_is_found_by_its_answer(lifecycle: str, refused: bool) -> None:
    nodes = [node(1), node(2), node(3, status="trash")]
    async with connected(lifecycle) as conn:
        await put(conn, *nodes, cluster(2, 2))
        (answer,) = answers(await run_batch(conn, asked(WHOLE)))
        if refused:
            no = dict(answer.message) | {"reason": "planned", "explanation": "No."}
            answer = asked(ResourceChangeRefused.model_validate(no))
        await run_batch(conn, answer)
        found = await stands(conn, "k1", "node-1", "node-2")
    assert found[Cluster, "k1"][0] == (cluster(2, 2) if refused else cluster(0, 2, poc=False, version=2))
    billing = "poc" if refused else "hold"
    assert {found[Resource, f"node-{n}"][0].billing for n in (1, 2)} == {billing}  # type: ignore[attr-defined]
    assert len(found) == 3


async def test_a_cluster_of_two_thousand_is_converted_and_deleted(lifecycle: str) -> None:
    many = [node(number) for number in range(2_000)]
    ask = but(WHOLE, metered=[metered(each.id) for each in many])
    async with connected(lifecycle) as conn:
        await put(conn, *many, cluster(2_000, 2_000))
        await run_batch(conn, *answers(await run_batch(conn, asked(ask))))
        assert (await stands(conn, "k1"))[Cluster, "k1"][0] == cluster(0, 2_000, poc=False, version=2)
        await run_batch(conn, asked(DeleteCluster(account="acme", cluster="k1")))
        assert (await stands(conn, "k1"))[Cluster, "k1"][0] == cluster(0, 0, poc=False, version=3)
        assert (
            await conn.fetchval("select count(*) from lifecycle.resource where status = 'released'") == 2_000
        )


async def test_a_check_finds_what_fell_due_of_its_share_and_no_more_than_it_can_look_after(
    lifecycle: str,
) -> None:
    asks = [but(CONVERT, resource=f"srv-{number}") for number in range(4 * MOST_DUE + 400)]
    changes = [waiting(ask, due=number * MINUTE / 60) for number, ask in enumerate(asks)]
    async with connected(lifecycle) as conn:
        await put(conn, *changes)
        for shard in range(4):
            ask = CheckChanges(shard=f"shard-{shard}", minute=AT)
            known, late = Known(), asked(ask, AT + DAY)
            await STORE.load(conn, [late, asked(CheckChanges(shard="other", minute=AT))], known)
            mine = [change.target for change in changes if change.shard == shard]
            due = known.get(Due, f"shard-{shard}")
            assert due is not None
            assert list(due.targets) == mine[:MOST_DUE]
            known = Known()
            await STORE.load(conn, [asked(ask, AT)], known)
            assert (known.get(Due, f"shard-{shard}") or Due("", ())).targets == tuple(
                change.target for change in changes[:1] if change.shard == shard
            )


async def test_a_silent_provider_is_given_up_from_what_is_in_the_database(lifecycle: str) -> None:
    asks = [CREATE, but(CREATE, resource="srv-2", line=line(resource="srv-2"))]
    async with connected(lifecycle) as conn:
        await run_batch(conn, *map(asked, asks))
        said: list[Message] = []
        for minute in range(1, 40):
            at = AT + minute * MINUTE
            checks = [asked(CheckChanges(shard=f"shard-{shard}", minute=at), at) for shard in range(4)]
            said += await run_batch(conn, *checks)
        told = [type(each).__name__ for each in said if type(each).__name__ != "ChangesChecked"]
        assert sorted(told) == ["CancelChange"] * 2 + ["ChangeResource"] * 4 + ["CreationRefused"] * 2
        found = await stands(conn, "k1", "srv-1", "srv-2")
        assert found[Cluster, "k1"][0].resources == 0  # type: ignore[attr-defined]
        assert len(found) == 3


IMPOSSIBLE: Final = {
    "POC that renews itself": "update resource set auto_renew = true where resource_id = 'srv-1'",
    "a price without hold": """update resource set metered = '{}' where resource_id = 'srv-1'""",
    "a status nobody knows": "update resource set status = 'lost' where resource_id = 'srv-1'",
    "nothing of it": "update resource set quantity = 0 where resource_id = 'srv-1'",
    "more POC than there is": "update cluster set poc_remaining = 3",
    "fewer than none": "update cluster set poc_remaining = -1",
    "POC in what is not": "update cluster set poc = false",
}


@pytest.mark.parametrize("statement", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_the_database_refuses_what_cannot_be(lifecycle: str, statement: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, poc(), cluster(1, 2))
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute(statement)


async def test_ids_owners_and_clusters_stay_and_nothing_is_removed(lifecycle: str) -> None:
    forbidden = [
        *(f"update resource set {column} = 'x'" for column in ("resource_id", "account_id", "cluster_id")),
        *(f"update cluster set {column} = 'x'" for column in ("cluster_id", "account_id")),
        "delete from resource",
        "delete from cluster",
    ]
    async with connected(lifecycle) as conn:
        for statement in forbidden:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute(statement)


async def test_a_resource_made_by_another_worker_meanwhile_is_not_overwritten(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, held(), Cluster("k1", "acme", resources=1))
        for entity in (held(), Cluster("k1", "acme")):
            with pytest.raises(asyncpg.UniqueViolationError):
                await put(conn, entity)


async def test_of_two_workers_who_give_one_id_two_meanings_one_is_refused(lifecycle: str) -> None:
    """The database refuses the one who is later; the engine has it tried again, and then the rule sees why not."""
    asks = (
        but(CREATE, resource="twice", line=line(resource="twice")),
        but(CREATE, resource="srv-9", cluster="twice", line=line(resource="srv-9")),
    )
    async with connected(lifecycle) as first, connected(lifecycle) as second:
        await asyncio.gather(
            *(run_batch(conn, asked(ask)) for conn, ask in zip((first, second), asks, strict=True)),
            return_exceptions=True,
        )
        again = [await run_batch(first, asked(ask)) for ask in asks]
        reasons = sorted(getattr(each, "reason", "") for said in again for each in said)
        assert reasons == ["name_taken", "resource_exists"]
        assert (
            await first.fetchval(
                "select count(*) from resource join cluster on resource_id = cluster.cluster_id"
            )
            == 0
        )
        with pytest.raises(asyncpg.UniqueViolationError):
            await put(first, Cluster("twice", "acme"), paid(id="twice"))


async def test_members_are_what_is_there(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        gone = [poc(id=f"gone-{status}", status=status) for status in ("expired", "trash", "released")]
        there = [
            poc(id=f"there-{status}", status=status)
            for status in ("active", "creating", "grace", "suspended")
        ]
        await put(conn, *gone, *there, poc(id="other", cluster="k2"), Cluster("k1", "acme"))
        known = Known()
        await STORE.load(conn, [asked(DeleteCluster(account="acme", cluster="k1"))], known)
        assert known.get(Members, "k1") == Members("k1", tuple(each.id for each in there))
        assert all(known.get(Resource, each.id) == each for each in there)
