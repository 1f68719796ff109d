"""The `stoppoc` command: what it can do, and what becomes of a failure."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from socket import gaierror
from typing import Annotated, Any, Final, NamedTuple

import asyncpg
import typer
from typer.core import TyperGroup

from deploy.cli import where
from deploy.cli.say import FAILED, SILENT, WRONG, Trouble, as_document, examples, line, note
from deploy.local.guarded import StartError
from deploy.topics import BrokerSilent, TopicsRefused
from shared.engine.migrate import MigrationRefused


class _Kept(NamedTuple):
    """Where a command is kept, what one would type, and who reads its arguments; a group says that of its own."""

    module: str
    name: str
    typed: tuple[str, ...] = ()
    reader: str = ""


# In the order in which one meets them.
_COMMANDS: Final[Mapping[str, _Kept]] = {
    "demo": _Kept("demo", "demo", ("stoppoc demo", "stoppoc demo --json")),
    "up": _Kept("up", "up", ("stoppoc up", "stoppoc up --workers hold=2")),
    "send": _Kept("send", "send", (
        """stoppoc send TopUp --data '{"account": "acme", "amount": 1000000, "reference": "VCB-1"}'""",
        "stoppoc send OpenAccount --data @account.json --wait 30s --json",
        "stoppoc send --list",
        "stoppoc send TopUp --help",
    ), "Sending"),
    "watch": _Kept("watch", "watch", ("stoppoc watch k1", "stoppoc watch ORDER --wait 10s --json")),
    "show": _Kept("show", "show"),
    "month": _Kept("month", "month"),
    "simulate": _Kept("simulate", "simulate", (
        "stoppoc simulate docs/scenarios", "stoppoc simulate --json my-rule.yaml",
    )),
    "lag": _Kept("operate", "lag", ("stoppoc lag", "stoppoc lag hold --partitions --json")),
    "jobs": _Kept("jobs", "jobs", ("stoppoc jobs", "stoppoc jobs hold --json")),
    "audit": _Kept("audit", "audit", ("stoppoc audit", "stoppoc audit --wait 60s --json")),
    "dlq": _Kept("dlq", "dlq"),
    "parked": _Kept("parked", "parked"),
    "mail": _Kept("mail", "app"),
    "run": _Kept("run", "run", ("stoppoc run hold --http-port 8080",)),
    "pay": _Kept("pay", "pay", ("stoppoc pay", "stoppoc pay --http-port 8070")),
    "sandbox": _Kept("pay", "play", (
        "stoppoc sandbox", "stoppoc sandbox --way never", "stoppoc sandbox --way any --seed 7",
    )),
    "topics": _Kept("operate", "topics"),
    "migrate": _Kept("operate", "migrate", (
        "stoppoc migrate", "STOPPOC_POSTGRES=postgresql://... stoppoc migrate --json",
    )),
    "contracts": _Kept("contracts", "app"),
    "bench": _Kept("bench", "bench"),
}  # fmt: skip
_REFUSED: Final = (TopicsRefused, MigrationRefused, StartError)


class _Imported(Mapping[str, Any]):
    """Each command by its name, imported when it is asked for: most of what a command takes is its imports."""

    def __getitem__(self, name: str) -> Any:
        kept = _COMMANDS[name]
        module = import_module(f"deploy.cli.{kept.module}")
        found = getattr(module, kept.name)
        if isinstance(found, typer.Typer):
            group = typer.main.get_group(found)
            group.name = name
            return group
        alone = typer.Typer(add_completion=False)
        reader = getattr(module, kept.reader) if kept.reader else None
        alone.command(name, cls=reader, epilog=examples(*kept.typed))(found)
        return typer.main.get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class Commands(TyperGroup):
    """Ends each command that fails with a sentence and an exit status; a traceback is for what nobody foresaw."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given | {"commands": _Imported()})

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, without importing them."""
        return list(self.commands)

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
