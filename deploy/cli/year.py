"""`stoppoc simulate --year`: many accounts from a seed, on a database of their own, and the sum of their books."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Final

import typer
import uvloop

from deploy.cli.say import FAILED, as_document, line, note, plain
from deploy.local.postgres import embedded_postgres
from deploy.services import SERVICES
from deploy.simulate.world import Broken
from deploy.simulate.year import books
from deploy.simulate.year.live import Lived, Plan, live

_TOLD_EVERY: Final = 10
_MOST_TOLD: Final = 20
# In a year: short outages, and one over the end of a month.
_OUTAGES_A_YEAR: Final = 4


def play_year(plan: Plan, *, as_json: bool) -> None:
    """Lives the plan with outages drawn from its seed; tells how it went."""
    plan = replace(plan, outages=outages(plan.seed, plan.days))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            lived = runner.run(_live(plan))
    except Broken as broken:
        lived = Lived(breaks=[str(broken)])
    if as_json:
        whole = asdict(lived) | {
            "ok": not lived.breaks,
            "plan": asdict(plan),
            "sum": books.together(lived.books),
        }
        as_document(whole)
    else:
        _tell(plan, lived)
    if lived.breaks:
        raise typer.Exit(FAILED)


def outages(seed: int, days: int) -> tuple[tuple[int, int], ...]:
    """First days and lengths: one to three days each; the first lies over the end of a month."""
    chance = Random(f"outages/{seed}")  # noqa: S311 - a game, from a seed
    found = [(29, 3)] if days > 33 else []
    for _ in range(round(days / 365 * _OUTAGES_A_YEAR)):
        found.append((chance.randrange(35, max(days - 4, 36)), chance.randint(1, 3)))
    return tuple(one for one in sorted(found) if sum(one) < days)


async def _live(plan: Plan) -> Lived:
    directory = Path(tempfile.mkdtemp(prefix="stoppoc-year-"))
    try:
        async with embedded_postgres(directory) as server:
            return await live(server.dsn, list(SERVICES.values()), plan, _told)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _told(day: int, lived: Lived) -> None:
    if (day + 1) % _TOLD_EVERY == 0:
        note(f"day {day + 1}: {lived.asked:,} commands, {lived.batches:,} batches, {lived.audits} audits")


def _tell(plan: Plan, lived: Lived) -> None:
    down = ", ".join(f"day {first + 1} for {length}" for first, length in plan.outages) or "never"
    line(f"{lived.days:,} days of {plan.accounts:,} accounts, seed {plan.seed}; down: {down}.")
    line(
        f"{lived.asked:,} commands, {sum(lived.counted.values()):,} messages, {lived.batches:,} batches, "
        f"{lived.killed:,} of them killed and done again; {lived.payments:,} payments at gateways; {lived.audits} audits; "
        f"{lived.seconds:,.0f} s."
    )
    for broken in lived.breaks[:_MOST_TOLD]:
        line(f"BROKEN  {plain(broken)}")
    line(f"The books: {books.together(lived.books)}" if lived.books else "There are no books.")
