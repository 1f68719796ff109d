"""The bench of jobs at its smallest: all accounts are done in each trial, in slices, and the memory is looked at."""

from __future__ import annotations

import pytest

from deploy.bench.jobs.crowd import METERED
from deploy.bench.jobs.run import bench
from deploy.services import SERVICES

pytestmark = pytest.mark.postgres

ACCOUNTS = 48


async def test_all_accounts_are_done_in_each_trial(database: str) -> None:
    told: list[str] = []
    figures = await bench(database, SERVICES, ACCOUNTS, told.append)
    assert len(told) == 4
    assert figures["metered"] == ACCOUNTS * len(METERED)
    trials = figures["trials"]
    assert trials["auto_renewal"]["events"]["ResourceRenewed"] == ACCOUNTS
    assert trials["month_close"]["events"]["MonthRecorded"] == ACCOUNTS
    for trial in trials.values():
        assert trial["accounts_a_second"] > 0
        assert trial["batches"] >= 1
        assert trial["growth"] < 2
