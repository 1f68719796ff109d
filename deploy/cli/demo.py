"""`stoppoc demo`: the system on this machine from start to stop, and the story of a Stop POC told as it happens."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from deploy.cli.desk import desk_at
from deploy.cli.ear import listening
from deploy.cli.outside import gateway, letters
from deploy.cli.outside_story import Outside, OutsideStory
from deploy.cli.say import FAILED, WRONG, AsJson, Trouble, as_document, me, quoted
from deploy.cli.scene import Scene
from deploy.cli.story import Story
from deploy.cli.system import system
from deploy.cli.teller import Teller
from deploy.services import SERVICES

_PAYS: Final = ("credit", "top_up")


def demo(
    pay: Annotated[
        str, typer.Option(metavar="credit|top_up", help="How Stop POC is paid: top_up through a gateway.")
    ] = "credit",
    as_json: AsJson = False,
) -> None:
    """Watch it work, in under a minute: a cluster on POC is stopped, one volume refuses, and a worker is killed.

    You see each thing asked and its answer, the order as it fans out to servers and volumes, both wallets before and
    after, the invoices, and what becomes of the button; then Stop POC is pressed again until nothing is left, and
    everything is audited. With --pay top_up there is less credit: the rest comes through a gateway, played on this machine,
    and you read the mail that tells of it. All on parts of its own in a temporary folder (or where STOPPOC_KAFKA and
    STOPPOC_POSTGRES say); what it starts it stops. Exit status 0 only if everything was as it must be, to the dong.
    """
    if pay not in _PAYS:
        raise Trouble(f"--pay is {quoted(pay)}, not one of {', '.join(_PAYS)}", WRONG)
    out = Console(stderr=as_json, highlight=False, soft_wrap=True)
    started = perf_counter()
    with tempfile.TemporaryDirectory(prefix="stoppoc-demo-", ignore_cleanup_errors=True) as directory:
        tell = _tell(out, Path(directory)) if pay == "credit" else _tell_with_outside(out, Path(directory))
        told = asyncio.run(tell)
    told["seconds"] = round(perf_counter() - started, 1)
    if as_json:
        as_document(told)
    _end(out, told)
    raise typer.Exit(0 if told["ok"] else FAILED)


async def _tell_with_outside(out: Console, directory: Path) -> dict[str, Any]:
    async with gateway() as gate, letters() as (box, where_mails_go):
        return await _tell(out, directory, Outside(gate, box), {**gate.environment, **where_mails_go})


async def _tell(
    out: Console,
    directory: Path,
    outside: Outside | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    teller = Teller(out)
    started = perf_counter()

    def say(words: str) -> None:
        out.print(words, markup=False)

    async with system(directory, dict.fromkeys(SERVICES, 1), say=say, more=more) as here:
        with out.status("the services start"):
            await here.ready()
        out.print(
            f"Topics made: {len(here.made)}, schema files applied: {len(here.applied)}, workers: "
            f"{', '.join(here.ports)}; ready after {perf_counter() - started:.1f} s."
        )
        # On a broker and a database that others use too, these are ours.
        scene = Scene(secrets.token_hex(2), datetime.now(UTC), "credit" if outside is None else "top_up")
        async with desk_at(here.place.kafka) as desk, listening(here.place.kafka) as ear:
            told_of = (here, desk, ear, teller, scene)
            story = Story(*told_of) if outside is None else OutsideStory(*told_of, outside)
            await story.tell()
        restarts = {name: here.supervisor.restarts(name) for name in here.ports}
    return {
        "ok": all(finding.right for finding in teller.findings),
        "found": [finding._asdict() for finding in teller.findings],
        **story.facts,
        "killed_and_restarted": sum(restarts.values()),
    }


def _end(out: Console, told: dict[str, Any]) -> None:
    words = "Everything was as it must be" if told["ok"] else "NOT everything was as it must be"
    out.print(f"\n{words}, and is stopped again; {told['seconds']} s in all. Next:")
    for typed, what in (
        ("demo --pay top_up", "the same, paid through a gateway, with the mail that tells of it"),
        ("up", "the same system, kept running, to use from another terminal"),
        ("send --list", "what can be asked of it, with an example each"),
        ("send StopPoc --help", "one command's fields"),
        ("watch ORDER", "an order as it goes"),
        ("show cluster ID", "a portal's view"),
        ("audit", "all that must always be true, checked"),
        ("--help", "everything else"),
    ):
        out.print(f"  {me()} {typed:<20} [dim]{what}[/dim]")
