"""`stoppoc bench jobs`: what the close of a day and of a month cost, and renewals by themselves."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.bench.jobs.run import FULL, TRIALS, bench
from deploy.cli.say import AsJson, as_document, line, note, table
from deploy.local.postgres import embedded_postgres
from deploy.services import SERVICES

_QUICK = 600

Accounts = Annotated[int | None, typer.Option(min=24, metavar="N", help="How many.", show_default=False)]
Quick = Annotated[bool, typer.Option("--quick", help="Small and short: shows that it works, not how fast.")]


def jobs(accounts: Accounts = None, quick: Quick = False, as_json: AsJson = False) -> None:
    """Measure what time brings: a day's close (holds), a month's close (records, invoices, settling) and renewals at 08:00.

    100,000 accounts with ten metered resources and one that renews itself, in slices as a worker does them, on a
    PostgreSQL of its own. One process for all services, what is said kept in memory: a broker takes no part.
    """
    _measure(TRIALS, accounts, quick=quick, as_json=as_json)


def day_close(accounts: Accounts = None, quick: Quick = False, as_json: AsJson = False) -> None:
    """Measure the close of a day alone: 1,000,000 metered resources of 100,000 accounts, and the hold of each account.

    As `bench jobs` does, of which it is the first part.
    """
    _measure(("day_close",), accounts, quick=quick, as_json=as_json)


def _measure(names: Collection[str], accounts: int | None, *, quick: bool, as_json: bool) -> None:
    figures = asyncio.run(_measured(accounts or (_QUICK if quick else FULL), names))
    if as_json:
        as_document(figures)
        return
    line(f"{figures['accounts']:,} accounts, {figures['metered']:,} metered resources; one process.")
    table(
        ("job", "seconds", "accounts a second", "batches", "memory, MiB", "growth"),
        (
            (name, one["seconds"], one["accounts_a_second"], one["batches"], one["rss_mib"], one["growth"])
            for name, one in figures["trials"].items()
        ),
    )
    line("Growth: the memory of the last quarter of the batches over that of the second.")


async def _measured(accounts: int, names: Collection[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="stoppoc-bench-") as work:
        async with embedded_postgres(Path(work)) as server:
            return await bench(server.dsn, SERVICES, accounts, note, names)
