"""The `stoppoc` command: what it can do, and what becomes of a failure."""

from __future__ import annotations

import logging
import sys
from functools import partial
from importlib.metadata import version
from io import TextIOWrapper
from socket import gaierror
from typing import Annotated, Any, Final

import asyncpg
import typer
from typer.core import TyperGroup

from deploy.cli import contracts, mail, operate, where
from deploy.cli.audit import audit
from deploy.cli.bench import bench
from deploy.cli.demo import demo
from deploy.cli.dlq import dlq
from deploy.cli.jobs import jobs
from deploy.cli.month import month
from deploy.cli.parked import parked
from deploy.cli.pay import pay, play
from deploy.cli.say import FAILED, SILENT, WRONG, Trouble, as_document, examples, line, note
from deploy.cli.send import Sending, send
from deploy.cli.show import show
from deploy.cli.simulate import simulate
from deploy.cli.up import run, up
from deploy.cli.watch import watch
from deploy.local.guarded import StartError
from deploy.topics import BrokerSilent, TopicsRefused
from shared.engine.migrate import MigrationRefused

_ORDER: Final = [
    "demo",
    "up",
    "send",
    "watch",
    "show",
    "month",
    "simulate",
    "lag",
    "audit",
    "dlq",
    "parked",
    "mail",
    "run",
    "pay",
    "sandbox",
    "topics",
    "migrate",
    "contracts",
    "bench",
]
_REFUSED: Final = (TopicsRefused, MigrationRefused, StartError)


class Commands(TyperGroup):
    """Ends each command that fails with a sentence and an exit status; a traceback is for what nobody foresaw."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order in which one meets them."""
        known = super().list_commands(ctx)
        return [*(name for name in _ORDER if name in known), *(name for name in known if name not in _ORDER)]

    def invoke(self, ctx: Any) -> Any:
        given = [*getattr(ctx, "_protected_args", ()), *ctx.args]
        try:
            return super().invoke(ctx)
        except Trouble as trouble:
            _tell(str(trouble), given)
            raise typer.Exit(trouble.status) from None
        except _REFUSED as refusal:
            _tell(str(refusal), given)
            raise typer.Exit(FAILED) from None
        except BrokerSilent as reason:
            _tell(f"the broker: {reason}", given)
            raise typer.Exit(SILENT) from None
        except BrokenPipeError:
            # Whoever read our output has enough of it.
            raise
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            ConnectionError,
            gaierror,
            TimeoutError,
        ) as error:
            _tell(f"the database: {error or 'no answer in time'}", given)
            raise typer.Exit(SILENT) from None
        except OSError as error:
            _tell(str(error), given)
            raise typer.Exit(FAILED) from None


def _tell(sentence: str, given: list[str]) -> None:
    note(sentence)
    if "--json" in given:
        as_document({"ok": False, "error": sentence})


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Billing for a cloud provider's proof-of-concept resources: run it, ask it, look after it.",
)


def _version(asked: bool) -> None:
    if asked:
        line(f"stoppoc {version('stoppoc')}")
        raise typer.Exit


@app.callback()
def _begin(
    ctx: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Before any command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if any("\udc80" <= char <= "\udcff" for char in "".join(sys.argv)):
        raise Trouble("an argument is not UTF-8", WRONG)
    where.adopt_catalogue()
    # What a client cannot do is told by the command, once; `run` sets up logging of its own.
    client = logging.getLogger("aiokafka")
    ctx.call_on_close(partial(client.setLevel, client.level))
    client.setLevel(logging.CRITICAL)


app.command(epilog=examples("stoppoc demo", "stoppoc demo --json"))(demo)
app.command(epilog=examples("stoppoc up", "stoppoc up --workers hold=2"))(up)
app.command(
    cls=Sending,
    epilog=examples(
        """stoppoc send TopUp --data '{"account": "acme", "amount": 1000000, "reference": "VCB-1"}'""",
        "stoppoc send OpenAccount --data @account.json --wait 30s --json",
        "stoppoc send --list",
        "stoppoc send TopUp --help",
    ),
)(send)
app.command(epilog=examples("stoppoc watch k1", "stoppoc watch ORDER --wait 10s --json"))(watch)
app.add_typer(show, name="show")
app.add_typer(month, name="month")
app.command(epilog=examples("stoppoc simulate docs/scenarios", "stoppoc simulate --json my-rule.yaml"))(
    simulate
)
app.command(epilog=examples("stoppoc lag", "stoppoc lag hold --partitions --json"))(operate.lag)
app.command(epilog=examples("stoppoc jobs", "stoppoc jobs hold --json"))(jobs)
app.command(epilog=examples("stoppoc audit", "stoppoc audit --wait 60s --json"))(audit)
app.command(epilog=examples("stoppoc run hold --http-port 8080"))(run)
app.command(epilog=examples("stoppoc pay", "stoppoc pay --http-port 8070"))(pay)
app.command(
    "sandbox",
    epilog=examples("stoppoc sandbox", "stoppoc sandbox --way never", "stoppoc sandbox --way any --seed 7"),
)(play)
app.add_typer(operate.topics, name="topics")
app.command(epilog=examples("stoppoc migrate", "STOPPOC_POSTGRES=postgresql://... stoppoc migrate --json"))(
    operate.migrate
)
app.add_typer(dlq, name="dlq")
app.add_typer(parked, name="parked")
app.add_typer(mail.app, name="mail")
app.add_typer(contracts.app, name="contracts")
app.add_typer(bench, name="bench")
