"""`stoppoc pay` and `stoppoc sandbox`: who speaks to payment gateways, and a gateway to try it with."""

from __future__ import annotations

import asyncio
import secrets
from random import Random
from typing import Annotated, Final

import typer

from deploy.cli import where
from deploy.cli.listening import HttpHost, listening
from deploy.cli.say import WRONG, Trouble, line, quoted
from deploy.local.ports import LOOPBACK
from deploy.pay.process import serve, server_of
from deploy.pay.settings import DOOR_PORT, PaySettings
from deploy.sandbox.given import environment, sandbox
from deploy.sandbox.ledger import BEHAVIOURS, MEANING, Behaviour
from deploy.sandbox.server import Pace
from shared.engine.log import set_up

_SANDBOX: Final = 8071


def pay(
    http_port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="The door's port; 0: any free one.")
    ] = DOOR_PORT,
    http_host: HttpHost = LOOPBACK,
) -> None:
    """Speak to payment gateways, until SIGTERM or Ctrl-C: ask them what is to be asked, and take their callbacks.

    The merchant's accounts come from the environment, keys also from files (docs/operations.md): at least STOPPOC_PAY_URL
    (where the door is seen from outside), STOPPOC_PAY_LINK_KEY, and those of one gateway, as `stoppoc sandbox` prints them.
    """
    try:
        settings = PaySettings.from_environment(where.kafka(), where.postgres())
    except LookupError as error:
        raise Trouble(str(error.args[0]), WRONG) from None
    set_up("pay", settings.worker)
    listener = listening(http_host, http_port)
    asyncio.run(serve(settings, listener))


def play(
    ways: Annotated[
        list[str] | None,
        typer.Option(
            "--way",
            metavar="WAY",
            help="How payments go, drawn for each; all of them: any.",
            show_default=False,
        ),
    ] = None,
    http_port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65535, help="Its port.")] = _SANDBOX,
    door: Annotated[str, typer.Option(metavar="URL", help="Where `stoppoc pay` is.")] = (
        f"http://{LOOPBACK}:{DOOR_PORT}"
    ),
    seed: Annotated[int | None, typer.Option(metavar="N", help="The same N draws alike.")] = None,
) -> None:
    """Be ZaloPay and MoMo on this machine, until Ctrl-C: payments that go as you say, and a page to pay on by hand.

    Prints the environment for `stoppoc pay`. Ways: pays, declines, late, twice, early, never (pay on the page), silent,
    forged, wrong_amount, error, cut_off, pays_twice; any. Its ledger is at /ledger.
    """
    chosen = _ways(ways or ["pays"])
    drawn = secrets.randbits(32) if seed is None else seed
    listener = listening(LOOPBACK, http_port)
    base = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    line(f"# A gateway to try things with, at {base}; seed {drawn}. For `stoppoc pay`, in another terminal:")
    for name, value in environment(base, door).items():
        line(f"export {name}={value}")
    for way in chosen:
        line(f"# {way}: {MEANING[way]}")
    dice = Random(drawn)  # noqa: S311 - it draws how payments go, no secret
    asyncio.run(server_of(sandbox(base, dice, chosen, Pace())).serve([listener]))


def _ways(given: list[str]) -> list[Behaviour]:
    if "any" in given:
        return list(BEHAVIOURS)
    for way in given:
        if way not in BEHAVIOURS:
            raise Trouble(f"there is no way {quoted(way)}: it is one of {', '.join(BEHAVIOURS)}", WRONG)
    return [way for way in BEHAVIOURS if way in given]
