"""What is due in a real PostgreSQL: found by its index, taken in slices, done once, and never while something is waited for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.lifecycle import passing, when
from services.lifecycle.passing import MOST_STOPPED
from services.lifecycle.service import LIFECYCLE
from services.lifecycle.state import Cluster, PocEnd, Resource, Watch
from shared.contracts.checkout import RenewDue
from shared.contracts.ends import ExpiryReminder, PocEnded, ResourceGraceBegan
from shared.contracts.holding import PocWalletEnded
from shared.contracts.message import Message
from shared.contracts.orders import AutoRenewFailed
from shared.contracts.resources import CheckEnds, CheckLife, EndPoc, StopMetered
from shared.engine.decision import Slice
from shared.engine.migrate import migrate
from shared.engine.sql import read_queries
from shared.shards import SHARDS, shard_of
from tests.support.lifecycle_rows import MINUTE, STORE, asked, connected, put, run_batch, stands
from tests.unit.lifecycle.cases import (
    AT,
    CONVERT,
    CREATE,
    POC_TO,
    RENEW,
    RESIZE,
    WHOLE,
    but,
    cluster,
    held,
    line,
    metered,
    node,
    poc,
    waiting,
)
from tests.unit.lifecycle.time import DAY, END, GONE, T, ends, life, look, morning, poc_ends

pytestmark = pytest.mark.postgres

ITS = {"shard": shard_of("acme")}
_SQL = read_queries(Path(passing.__file__).with_name("queries.sql"))


@pytest.fixture
async def lifecycle(database: str) -> str:
    """The DSN of a database with lifecycle's schema."""
    await migrate(database, [LIFECYCLE])
    return database


def minute(at: datetime, **more: object) -> Any:
    return asked(but(life(at), **ITS, **more))


def eight(at: datetime, **more: object) -> Any:
    return asked(but(morning(at), **ITS, **more))


async def status(conn: asyncpg.Connection, name: str = "srv-1") -> str:
    found = await stands(conn, name)
    resource, _ = found[Resource, name]
    assert isinstance(resource, Resource)
    return resource.status


def reasons(said: list[Message]) -> list[str]:
    return [each.model_dump()["reason"] for each in said]


def kinds(said: list[Message]) -> Counter[str]:
    return Counter(type(each).__name__ for each in said)


async def test_what_is_due_is_done_once_and_wakes_no_one_again(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, ends(), cluster(0, 1, poc=False))
        assert await STORE.first_life(conn) == END
        assert kinds(await run_batch(conn, minute(END - timedelta(minutes=1)))) == {}
        assert kinds(await run_batch(conn, minute(END))) == {"ResourceGraceBegan": 1}
        assert kinds(await run_batch(conn, minute(END))) == {}
        assert await STORE.first_life(conn) == END + 15 * DAY
        said = await run_batch(conn, minute(GONE))
        assert kinds(said) == {"ResourceSuspended": 1, "ResourceReleased": 1, "ChangeResource": 2}
        assert (await stands(conn, "k1"))[Cluster, "k1"][0] == cluster(0, 0, poc=False, version=2)
        assert await STORE.first_life(conn) is None


async def test_nothing_is_due_while_the_provider_is_about_to_change_it(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        whole = replace(waiting(RESIZE), target="cluster/k1")
        await put(
            conn, ends(), ends(id="srv-2", cluster=None), whole, replace(whole, target="resource/srv-2")
        )
        assert await STORE.first_life(conn) is None
        assert kinds(await run_batch(conn, minute(GONE))) == {}
        await put(conn, whole.over())
        await conn.execute("delete from change")
        assert await STORE.first_life(conn) == END


async def test_a_slice_takes_one_share_behind_the_last_key_and_tells_whether_there_is_more(
    lifecycle: str,
) -> None:
    async with connected(lifecycle) as conn:
        other = next(name for name in map(str, range(99)) if shard_of(name) != shard_of("acme"))
        await put(conn, *(ends(id=f"srv-{number:03}", cluster=None) for number in range(501)))
        await put(conn, ends(id="srv-other", cluster=None, account=other))
        assert kinds(await run_batch(conn, minute(END))) == {"ResourceGraceBegan": 500}
        said = await run_batch(conn, minute(END, after="srv-499"))
        assert [each.resource for each in said if isinstance(each, ResourceGraceBegan)] == ["srv-500"]
        assert await status(conn, "srv-other") == "active"


async def test_a_morning_finds_what_is_due_by_account_and_not_again(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        week = T - 7 * DAY
        await put(
            conn,
            ends(auto_renew=True),
            ends(id="srv-2"),
            ends(id="srv-3", until=END + DAY),
            poc_ends(id="poc"),
        )
        assert await STORE.first_morning(conn) == week
        assert kinds(await run_batch(conn, eight(week))) == {"RenewDue": 1, "ExpiryReminder": 1}
        assert kinds(await run_batch(conn, eight(week))) == {}
        assert await STORE.first_morning(conn) == week + DAY
        assert kinds(await run_batch(conn, minute(GONE))) != {}
        assert await status(conn) == "active"


async def test_an_unanswered_renewal_holds_time_up_and_an_answer_lets_it_go_on(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, ends(auto_renew=True))
        (due,) = await run_batch(conn, eight(T))
        assert isinstance(due, RenewDue)
        assert await STORE.first_life(conn) is None
        why = {"reason": "credit_short", "explanation": "Less credit is available than that.", "missing": 1}
        about = {
            "account": "acme",
            "resource": "srv-1",
            "until": END,
            "amount": 1,
            "due": T,
            "effective_at": T,
        }
        said = await run_batch(conn, asked(AutoRenewFailed.model_validate(about | why)))
        assert [each.days for each in said if isinstance(each, ExpiryReminder)] == [0]
        assert await STORE.first_life(conn) == END
        renew = but(RENEW, line=line(END), effective_at=T, auto=True)
        await run_batch(conn, asked(renew))
        assert await STORE.first_life(conn) == END + 30 * DAY
        assert await STORE.first_morning(conn) == T + 23 * DAY


async def test_the_end_of_a_poc_wallet_takes_so_many_at_a_time(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        names = [f"srv-{number:04}" for number in range(MOST_STOPPED + 1)]
        await put(conn, *(poc(id=name) for name in names), cluster(len(names), len(names)))
        await put(conn, poc(id="other", account="other", cluster=None), held(id="node", cluster=None))
        said = await run_batch(conn, asked(EndPoc(account="acme", effective_at=AT)))
        assert [each.resources for each in said if isinstance(each, PocEnded)] == [MOST_STOPPED]
        (more,) = (each for each in said if isinstance(each, EndPoc))
        said = await run_batch(conn, asked(more))
        assert [each.resources for each in said if isinstance(each, PocEnded)] == [1]
        left = (await stands(conn, "k1"))[Cluster, "k1"][0]
        assert isinstance(left, Cluster)
        assert (left.poc, left.poc_remaining, left.resources) == (False, 0, 0)
        assert await status(conn, "other") == "active"


async def test_the_end_of_a_poc_wallet_is_kept_looked_at_twice_and_wakes_no_one_again(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        ended = json.dumps(PocWalletEnded.example | {"account": "acme", "effective_at": AT.isoformat()})
        await put(conn, node(), cluster(1, 1))
        assert await STORE.first_poc_end(conn) is None
        assert await run_batch(conn, asked(PocWalletEnded.model_validate_json(ended))) == []
        for due, says in ((AT, []), (AT + when.POC_ENDS_AFTER, [EndPoc(account="acme", effective_at=AT)])):
            assert await STORE.first_poc_end(conn) == due
            assert await run_batch(conn, asked(but(look(due - MINUTE), **ITS))) == []
            assert await run_batch(conn, asked(but(look(due), **ITS))) == says
        assert await STORE.first_poc_end(conn) is None
        await run_batch(conn, asked(EndPoc(account="acme", effective_at=AT)))
        said = await run_batch(conn, asked(but(WHOLE, metered=[metered("node-1")])))
        assert reasons(said) == ["resource_deleted"]


async def test_what_was_paid_by_a_poc_wallet_that_has_ended_is_refused(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, poc(id="srv-2", cluster=None), PocEnd("acme", AT + MINUTE, None))
        buy = but(CREATE, billing="poc", auto_renew=False)
        longer = but(RENEW, resource="srv-2", line=line(POC_TO, resource="srv-2"))
        assert reasons(await run_batch(conn, asked(buy), asked(longer))) == ["poc_ended", "poc_ended"]
        assert kinds(await run_batch(conn, asked(CREATE))) == {"ChangeResource": 1}


async def test_poc_that_waits_for_its_conversion_ends_when_that_has_failed(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, poc(), cluster(1, 1), waiting(CONVERT))
        await run_batch(conn, asked(EndPoc(account="acme", effective_at=AT)))
        assert await STORE.first_life(conn) is None
        await conn.execute("delete from change")
        assert await STORE.first_life(conn) == AT
        await run_batch(conn, minute(AT + timedelta(minutes=30)))
        assert await status(conn) == "trash"


async def test_what_is_metered_is_stopped_and_nothing_of_others(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, held(), held(id="other", account="other"), poc(cluster=None))
        stop = StopMetered(account="acme", product="vcontainer", effective_at=AT)
        said = await run_batch(conn, asked(stop), asked(but(stop, account="nobody")))
        assert kinds(said) == {"ResourceSuspended": 1, "ChangeResource": 1, "MeteredStopped": 2}
        assert await STORE.first_life(conn) is not None


async def test_both_jobs_find_their_rows_by_index_whatever_else_is_stored(lifecycle: str) -> None:
    async with connected(lifecycle) as conn:
        await put(conn, *(ends(id=f"srv-{number:05}", cluster=None) for number in range(2_000)))
        await put(
            conn,
            *(ends(id=f"far-{number:05}", cluster=None, until=GONE + 90 * DAY) for number in range(2_000)),
        )
    async with connected(lifecycle, role="postgres") as conn:
        await conn.execute("analyze lifecycle.resource")
        for query, index in (("find_life", "resource_next"), ("find_ends", "resource_morning")):
            plan = await _plan(conn, query)
            assert index in plan, plan
            assert "Seq Scan on resource" not in plan, plan


async def _plan(conn: asyncpg.Connection, query: str) -> str:
    rows = await conn.fetch(f"explain {_SQL[query]}", ["m"], [shard_of("acme")], [""], [END - 60 * DAY], 501)
    return "\n".join(row[0] for row in rows)


def test_the_share_of_a_resource_is_its_accounts() -> None:
    assert ends().shard == shard_of("acme") < SHARDS
    assert Watch("srv-1").key == "srv-1"
    assert Slice("m", ()).key == "m"
    assert {CheckEnds, CheckLife} <= set(LIFECYCLE.rules)
