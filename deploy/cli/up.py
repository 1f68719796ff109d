"""`stoppoc up` and `stoppoc run`: the whole system on this machine, and one worker of it."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from deploy.cli import where
from deploy.cli.commands import example, near, public_commands
from deploy.cli.home import Home, Running, find_home
from deploy.cli.say import WRONG, AsJson, Trouble, as_document, line, me, note, plain, quoted, table
from deploy.cli.system import System, system
from deploy.local.kafka import Kafka
from deploy.local.place import KAFKA, POSTGRES
from deploy.local.ports import LOOPBACK
from deploy.services import SERVICES
from shared.contracts.cloudevents import timestamp
from shared.contracts.topics import PARTITIONS
from shared.engine.app import listen, serve
from shared.engine.log import set_up
from shared.engine.service import Service
from shared.engine.settings import Settings
from shared.engine.worker import Worker

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
    as_json: AsJson = False,
) -> None:
    """Run the whole system on this machine until Ctrl-C: broker, database, topics, schema, one worker a service.

    Where STOPPOC_KAFKA and STOPPOC_POSTGRES are set it runs on those; else on parts of its own, whose data is kept
    in .stoppoc (remove the folder to begin anew). Other commands find it from this folder and those below it.
    """
    counts = _counts(workers or [])
    home = find_home()
    with home.taken():
        asyncio.run(_up(home, counts, as_json=as_json))


async def _up(home: Home, counts: dict[str, int], *, as_json: bool) -> None:
    async with system(home.directory, counts, heard=_heard) as here:
        await here.ready()
        running = _running(here)
        home.tell(running)
        _introduce(here, running, as_json=as_json)
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


def _introduce(here: System, running: Running, *, as_json: bool) -> None:
    if as_json:
        as_document({"ok": True, "pid": running.pid, "kafka": running.kafka, "workers": running.workers})
        return
    line(f"Topics made or mended: {len(here.made)}; schema files applied: {len(here.applied)}.\n")
    table(("part", "where", "kept in"), _parts(here))
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


def service_named(name: str) -> Service:
    """The service of that name; `Trouble` suggests those that are near."""
    if (found := SERVICES.get(name)) is not None:
        return found
    raise Trouble(f"there is no service {quoted(name)}{near(name, SERVICES)}", WRONG)


def run(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Its name.")],
    http_port: Annotated[
        int,
        typer.Option(metavar="PORT", min=0, max=65535, help="For /live, /ready, /metrics; 0: any free one."),
    ] = 0,
    http_host: Annotated[str, typer.Option(metavar="HOST", help="And on this address.")] = LOOPBACK,
) -> None:
    """Run one worker of one service, until SIGTERM or Ctrl-C: it finishes its batch and leaves its group.

    What containers start, and what one starts more of: at most 12 of a service work, one a partition, others are
    spares. Settings come from the environment: STOPPOC_KAFKA, STOPPOC_POSTGRES and those in docs/operations.md;
    without the first two it joins what `stoppoc up` runs here. Its log goes to standard error.
    """
    chosen = service_named(service)
    try:
        settings = Settings.from_environment({**os.environ, KAFKA: where.kafka(), POSTGRES: where.postgres()})
    except LookupError as error:
        raise Trouble(str(error.args[0]), WRONG) from None
    set_up(chosen.name, settings.worker)
    try:
        listener = listen(http_host, http_port)
    except OSError as error:
        raise Trouble(f"cannot listen on {http_host}:{http_port}: {error.strerror}") from None
    raise typer.Exit(
        serve(chosen, lambda metrics, health: Worker(chosen, settings, metrics, health), listener)
    )
