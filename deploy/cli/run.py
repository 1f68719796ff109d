"""`stoppoc run`: one worker of one service. It imports little: a system of seven starts as fast as these do."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from deploy.cli import where
from deploy.cli.commands import near
from deploy.cli.listening import HttpHost, HttpPort, listening
from deploy.cli.say import WRONG, Trouble, quoted
from deploy.local.place import KAFKA, POSTGRES
from deploy.local.ports import LOOPBACK
from deploy.services import SERVICES
from shared.engine.app import serve
from shared.engine.log import set_up
from shared.engine.service import Service
from shared.engine.settings import Settings
from shared.engine.worker import Worker


def service_named(name: str) -> Service:
    """The service of that name; `Trouble` suggests those that are near."""
    if (found := SERVICES.get(name)) is not None:
        return found
    raise Trouble(f"there is no service {quoted(name)}{near(name, SERVICES)}", WRONG)


def run(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Its name.")],
    http_port: HttpPort = 0,
    http_host: HttpHost = LOOPBACK,
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
    listener = listening(http_host, http_port)
    raise typer.Exit(
        serve(chosen, lambda metrics, health: Worker(chosen, settings, metrics, health), listener)
    )
