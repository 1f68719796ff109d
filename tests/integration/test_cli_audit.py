"""`stoppoc audit` on a running system: all of it holds, topics included, and a snapshot that is not told is found."""

from __future__ import annotations

import asyncpg
import pytest

from tests.support.system import Folder

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def test_all_of_it_holds_while_work_goes_on(system: Folder) -> None:
    assert system.send("OpenAccount", account="audit-1", mode="prepaid", email="a@b.example").status == 0
    assert system.send("TopUp", account="audit-1", amount=5, reference="A-1").status == 0
    told = system.ok("audit", "--wait", "20s")
    checks = {one["check"]: one for one in told["checks"]}
    assert checks["hold.commands_have_one_outcome"]["looked"] >= 2
    assert checks["hold.events_have_no_gap"]["looked"] >= 2
    assert checks["hold.state_is_told"]["looked"] >= 1


async def test_what_stands_otherwise_than_was_told_is_found(system: Folder) -> None:
    assert system.send("OpenAccount", account="audit-2", mode="prepaid", email="a@b.example").status == 0
    conn = await asyncpg.connect(system.running["postgres"])
    try:
        await conn.execute("update hold.account set email = 'x@b.example' where account_id = 'audit-2'")
        said = system.stoppoc("audit", "--wait", "0", "--json")
        [check] = [one for one in said.document["checks"] if one["check"] == "hold.state_is_told"]
        assert said.status == 1
        assert [one["id"].rpartition("@")[0] for one in check["first"]] == ["Account/audit-2"]
        await conn.execute("update hold.account set email = 'a@b.example' where account_id = 'audit-2'")
    finally:
        await conn.close()
