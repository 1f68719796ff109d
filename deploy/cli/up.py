"""`stoppoc up`: the whole system on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from deploy.cli.commands import example, public_commands
from deploy.cli.home import Home, Running, find_home
from deploy.cli.outside import Gateway, gateway
from deploy.cli.run import service_named
from deploy.cli.say import WRONG, AsJson, Trouble, as_document, line, me, note, plain, quoted, table
from deploy.cli.system import System, system
from deploy.local.kafka import Kafka
from deploy.local.place import POSTGRES
from deploy.local.ports import LOOPBACK
from deploy.services import SERVICES
from shared.contracts.cloudevents import timestamp
from shared.contracts.topics import PARTITIONS

_COUNT: Final = re.compile(r"([a-z]+)=([0-9]{1,2})", re.ASCII)
# In this order the examples of the contracts follow from each other.
_TRY: Final = ("PublishPrices", "OpenAccount", "TopUp", "Buy")
_LOOK: Final = ("watch k1", "show cluster k1", "show account acme --history", "lag", "audit", "send --list")
_TOLD: Final = ("warning", "error", "critical")


def up(
    workers: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERVICE=N", help="So many workers of a service, instead of one.", show_default=False
        ),
    ] = None,
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Also a payment gateway to try things with: all who pay there do."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the whole system on this machine until Ctrl-C: broker, database, topics, schema, one worker a service.

    Where STOPPOC_KAFKA and STOPPOC_POSTGRES are set it runs on those; else on parts of its own, whose data is kept
    in .stoppoc (remove the folder to begin anew). Other commands find it from this folder and those below it. Where
    the environment names a mail server, or a merchant at a gateway, mails are sent and the gateway is spoken to.
    """
    counts = _counts(workers or [])
    home = find_home()
    with home.taken():
        asyncio.run(_up(home, counts, sandbox=sandbox, as_json=as_json))


async def _up(home: Home, counts: dict[str, int], *, sandbox: bool, as_json: bool) -> None:
    async with AsyncExitStack() as stack:
        played = await stack.enter_async_context(gateway()) if sandbox else None
        more = played.environment if played else {}
        here = await stack.enter_async_context(system(home.directory, counts, heard=_heard, more=more))
        await here.ready()
        running = _running(here)
        home.tell(running)
        _introduce(here, running, played, as_json=as_json)
        await here.supervisor.serve()
        note("Stopping.")


def _running(here: System) -> Running:
    return Running(
        pid=os.getpid(),
        started_at=timestamp(datetime.now(UTC)),
        kafka=here.place.kafka,
        postgres=None if os.environ.get(POSTGRES) else here.place.postgres,
        workers=here.ports,
    )


def _introduce(here: System, running: Running, played: Gateway | None, *, as_json: bool) -> None:
    if as_json:
        as_document({"ok": True, "pid": running.pid, "kafka": running.kafka, "workers": running.workers})
        return
    line(f"Topics made or mended: {len(here.made)}; schema files applied: {len(here.applied)}.\n")
    gateways = [("gateway", f"{played.url}/ledger", "")] if played else []
    table(("part", "where", "kept in"), [*_parts(here), *gateways])
    line("\nTry, in another terminal (in this folder):")
    for name in _TRY:
        line(f"  {me()} send {name} --data '{example(public_commands()[name])}'")
    for asked in _LOOK:
        line(f"  {me()} {asked}")
    line("\nCtrl-C stops everything.")


def _parts(here: System) -> list[tuple[str, str, str]]:
    broker, database = here.place.kafka_server, here.place.postgres_server
    named = f"named by {POSTGRES}"
    return [
        ("broker", here.place.kafka, str(broker.directory) if isinstance(broker, Kafka) else ""),
        ("database", here.place.postgres if database else named, str(database.directory) if database else ""),
        *(
            (name, f"http://{LOOPBACK}:{port}/ready, /metrics", str(here.logs / f"{name}.log"))
            for name, port in here.ports.items()
        ),
    ]


def _heard(worker: str, said: str) -> None:
    """What a worker warns of, in short. The rest is in its log, and what its client said of the broker: the worker
    says itself what that means for it."""
    try:
        record = json.loads(said)
        if record["level"] in _TOLD and not record["logger"].startswith("aiokafka"):
            note(f"{worker}: {record['level']}: {plain(record['text'])}")
    except (ValueError, KeyError, TypeError):
        note(f"{worker}: {plain(said)}")


def _counts(given: Sequence[str]) -> dict[str, int]:
    counts = dict.fromkeys(SERVICES, 1)
    for text in given:
        found = _COUNT.fullmatch(text)
        if found is None:
            raise Trouble(f"--workers is {quoted(text)}, not SERVICE=N as hold=2", WRONG)
        service, count = service_named(found[1]).name, int(found[2])
        if not 1 <= count <= PARTITIONS:
            raise Trouble(
                f"{service} can have 1 to {PARTITIONS} workers, one a partition; not {count}", WRONG
            )
        counts[service] = count
    return counts
