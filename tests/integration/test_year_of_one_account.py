"""A year of one account: a vContainer cluster, three servers that renew themselves, a snapshot, two debts. It comes out as the
file says, is played in seconds, and the books hold."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from deploy.audit.checks import checks
from deploy.audit.look import look
from deploy.services import SERVICES
from deploy.simulate.parse import parse
from deploy.simulate.play import play
from deploy.simulate.stage import stage_on

pytestmark = pytest.mark.postgres

FILE: Final = Path(__file__).with_name("year-of-one-account.yaml")
MOST_S: Final = 20
# Prices of 30 days; from 09:05 on the first day to the end of the year.
NODES, VOLUME, MINUTES = 2 * 362_000, 90_007, 365 * 1440 - 9 * 60 - 5
WITHOUT_LINES: Final = """
select invoice_id from invoicing.invoice as invoice
where line is null and not exists (select from invoicing.use_line where invoice_id = invoice.invoice_id)
"""


@pytest.mark.timeout(300)
async def test_a_year_goes_by_in_seconds_and_the_books_hold(database: str) -> None:
    before = time.process_time()
    async with stage_on(database, list(SERVICES.values())) as stage:
        played = await play(stage, parse(FILE.read_bytes()), keep=True)
    assert time.process_time() - before < MOST_S
    assert played.mismatches == []
    found = await look(database, checks(list(SERVICES)), 0)
    assert {one.check.name: one.breaks[:3] for one in found if one.broken} == {}
    _explained(played.final["invoices"]["acme"], played.final["records"]["acme"])
    conn = await asyncpg.connect(database)
    try:
        assert await conn.fetch(WITHOUT_LINES) == []
    finally:
        await conn.close()


def _explained(invoices: list[dict[str, Any]], records: dict[str, Any]) -> None:
    """Twelve months, and thirteen of each server; the metered ones add up to the year's minutes."""
    assert [one["month"] for one in invoices if one["kind"] == "monthly"] == [
        f"2027-{month:02}" for month in range(1, 13)
    ]
    servers = [one for one in invoices if one["kind"] == "server"]
    assert sorted(one["resource"] for one in servers) == sorted(["srv-1", "srv-2", "srv-3"] * 13)
    assert {one["amount"] for one in servers} == {181_000}
    assert all(one["paid"] == one["amount"] for one in invoices)
    used = sum(month["vcontainer"] for month in records.values())
    exact = (NODES + VOLUME) * MINUTES // 43_200
    # Each month rounds each of three lines once.
    assert abs(used - exact) <= 3 * 12
