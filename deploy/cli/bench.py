"""`stoppoc bench`: what the engine costs, and what a Stop POC costs, measured here and now."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.bench.engine import FULL, QUICK, Bench, Plan
from deploy.bench.ground import Unfit, prepared
from deploy.bench.report import report
from deploy.bench.stop_poc import bench as stop_poc
from deploy.bench.stop_poc.ground import prepared as stop_poc_servers
from deploy.bench.stop_poc.growth import QUICKLY_STORED, STORED
from deploy.bench.stop_poc.report import report as stop_poc_report
from deploy.bench.trial import Size
from deploy.cli.bench_jobs import day_close, jobs
from deploy.cli.say import FAILED, WRONG, AsJson, Trouble, as_document, examples, line, note

bench = typer.Typer(no_args_is_help=True, help="What the engine and a Stop POC cost, measured here.")

_MILLION = 1_000_000


@bench.callback()
def _group() -> None:
    """What is measured is named: `bench engine`, `bench stop-poc`, `bench day-close`, `bench jobs`."""


def engine(  # noqa: PLR0913, PLR0917 - one for each option
    messages: Annotated[
        int | None,
        typer.Option(min=1000, metavar="N", help="Top-ups in each trial of ours.", show_default=False),
    ] = None,
    accounts: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Accounts they are spread over.", show_default=False),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Turns of ours, naive and floors.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another one draws other accounts and amounts.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small and short: shows that it works, not how fast.")
    ] = False,
    latency: Annotated[bool, typer.Option("--latency", help="Also one message at a time.")] = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="Also the worker's memory over a million messages.")
    ] = False,
    accounts_compare: Annotated[
        bool, typer.Option("--accounts-compare", help="Also 10,000 against 1,000,000 stored accounts.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="All of it.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 when a required figure is missed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure the engine against a plain consumer, and against what the database and the broker alone take.

    On a broker and a database of its own, or on those that STOPPOC_KAFKA and STOPPOC_POSTGRES name; the broker must not
    have hold's topics, because they are made and taken away. Needs a machine with nothing else to do.
    """
    plan = _plan(QUICK if quick else FULL, messages, accounts, rounds)
    plan = replace(
        plan,
        seed=seed,
        **_extras(
            quick=quick, latency=latency or every, memory=memory or every, stored=accounts_compare or every
        ),
    )
    try:
        figures = asyncio.run(_measured(plan))
    except Unfit as reason:
        raise Trouble(str(reason), FAILED) from None
    _tell(figures, report, check=check, as_json=as_json)


def _tell(
    figures: dict[str, Any], report: Callable[[dict[str, Any]], str], *, check: bool, as_json: bool
) -> None:
    if as_json:
        as_document(figures)
    else:
        line(report(figures))
    if check and not all(one["met"] for one in figures["requirements"]):
        raise typer.Exit(FAILED)


bench.command(
    epilog=examples(
        "stoppoc bench engine --quick", "stoppoc bench engine --all --check --json > figures.json"
    )
)(engine)


def stop(
    clusters: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Clusters of 30 in each trial of ours.", show_default=False),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Turns of ours, naive and floors.", show_default=False),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small and short: shows that it works, not how fast.")
    ] = False,
    grown: Annotated[
        bool, typer.Option("--grown", help="Also with 10,000, 100,000 and 1,000,000 resources stored.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="All of it.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 when a required figure is missed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure Stop POC through all services, beside a naive twin, and what the database and the broker alone take.

    On a broker and a database of its own, or on those that STOPPOC_KAFKA and STOPPOC_POSTGRES name; the broker must not
    have the services' topics, because they are made and taken away. Needs a machine with nothing else to do.
    """
    base = stop_poc.QUICK if quick else stop_poc.FULL
    plan = base.resized(clusters or base.ours.clusters, rounds or base.rounds)
    if grown or every:
        plan = replace(plan, stored=QUICKLY_STORED if quick else STORED)
    try:
        figures = asyncio.run(_stopped(plan))
    except Unfit as reason:
        raise Trouble(str(reason), FAILED) from None
    _tell(figures, stop_poc_report, check=check, as_json=as_json)


bench.command(
    "stop-poc",
    epilog=examples(
        "stoppoc bench stop-poc --quick", "stoppoc bench stop-poc --all --check --json > figures.json"
    ),
)(stop)


bench.command(
    "jobs", epilog=examples("stoppoc bench jobs --quick", "stoppoc bench jobs --json > figures.json")
)(jobs)
bench.command("day-close", epilog=examples("stoppoc bench day-close --accounts 20000 --json"))(day_close)


async def _stopped(plan: stop_poc.Plan) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="stoppoc-bench-") as work:
        async with stop_poc_servers(Path(work)) as ground:
            return await stop_poc.Bench(ground, plan, Path(work), note).run()


async def _measured(plan: Plan) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="stoppoc-bench-") as work:
        async with prepared(Path(work)) as ground:
            return await Bench(ground, plan, Path(work), note).run()


def _plan(base: Plan, messages: int | None, accounts: int | None, rounds: int | None) -> Plan:
    if accounts is not None and accounts > _MILLION * 9:
        raise Trouble(f"at most {_MILLION * 9:,} accounts: their ids have seven digits", WRONG)
    return replace(
        base,
        ours=Size(base.ours.warm, messages or base.ours.messages),
        accounts=accounts or base.accounts,
        rounds=rounds or base.rounds,
    )


def _extras(*, quick: bool, latency: bool, memory: bool, stored: bool) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if latency:
        extras["latency_messages"] = 100 if quick else 500
    if memory:
        extras["memory"] = Size(5_000, 50_000 if quick else _MILLION)
    if stored:
        extras |= (
            {"stored": Size(5_000, 5_000), "stored_accounts": (1_000, 50_000), "stored_rounds": 1}
            if quick
            else {"stored": Size(40_000, 40_000)}
        )
    return extras
