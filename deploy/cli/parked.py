"""`stoppoc parked`: keys that wait for an operator, because the rule of one of their messages raised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any, Final, TypeVar

import asyncpg
import typer

from deploy.cli import where
from deploy.cli.run import service_named
from deploy.cli.say import (
    FAILED,
    WRONG,
    AsJson,
    Trouble,
    as_document,
    examples,
    line,
    note,
    plain,
    quoted,
    table,
)
from deploy.services import SERVICES
from shared import ids
from shared.contracts.cloudevents import timestamp
from shared.engine import parking, unparking
from shared.engine.database import pool_for
from shared.engine.intake import StoredRecord
from shared.engine.service import Service
from shared.engine.unparking import ParkedKey, Retried

T = TypeVar("T")

parked = typer.Typer(
    no_args_is_help=True, help="Keys that wait, because the rule of one of their messages raised."
)

# At the eleventh key in ten minutes a worker stops; more than this means that nobody looked for days.
_MOST_KEYS: Final = 1000
_MOST_ERROR: Final = 100

Key = Annotated[str, typer.Argument(metavar="KEY", help="As `ls` prints it: an account, for hold.")]
Of = Annotated[
    str | None,
    typer.Option(
        "--service", metavar="SERVICE", help="Where it waits; else it is looked for.", show_default=False
    ),
]


@parked.command(epilog=examples("stoppoc parked ls", "stoppoc parked ls --json"))
def ls(as_json: AsJson = False) -> None:
    """Every key that waits, the longest wait first, and why. All other keys go on meanwhile."""
    found = asyncio.run(_all_parked())
    if as_json:
        rows = [{"service": service, **_document(key)} for service, key in found]
        as_document({"ok": True, "keys": rows})
        return
    if not found:
        line("No key waits.")
        return
    table(
        ("service", "key", "messages", "since", "error"),
        (
            (service, one.key, one.messages, timestamp(one.since), (one.error or "")[:_MOST_ERROR])
            for service, one in found
        ),
    )


@parked.command(epilog=examples("stoppoc parked show acme"))
def show(key: Key, service: Of = None, as_json: AsJson = False) -> None:
    """The messages of one key, in the order in which they wait. The first is the one that failed."""
    (found,) = _waiting(key, service)
    queue = _in_service(found, lambda conn, _: parking.queue_of(conn, key))
    if as_json:
        as_document({"ok": True, "key": key, "messages": [_message(*one) for one in queue]})
        return
    table(
        ("message", "type", "read at", "data"),
        ((one["id"], one["type"], one["record"], one["data"]) for one in (_message(*each) for each in queue)),
    )


@parked.command(epilog=examples("stoppoc parked retry acme", "stoppoc parked retry --all"))
def retry(
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="As `ls` prints it.")] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Every key that waits; with --service, in that one.")
    ] = False,
    service: Of = None,
    as_json: AsJson = False,
) -> None:
    """Let a key go on, once its rule is mended: its messages are decided in order, here and by the rules as they are now.

    A message that still fails stays, and the rest behind it; then the exit status is 1. What is said is published by
    the service's workers within five seconds.
    """
    if (key is None) == (not all_):
        raise Trouble("name the key, or --all", WRONG)
    waiting = _all_waiting(service) if key is None else [(one, key) for one in _waiting(key, service)]
    outcomes = [(of, one, _retried(of, one)) for of, one in waiting]
    left = sum(outcome.left for *_, outcome in outcomes)
    if as_json:
        rows = [{"service": of, "key": one, **asdict(outcome)} for of, one, outcome in outcomes]
        as_document({"ok": not left, "keys": rows})
    else:
        _say_retried(outcomes)
    raise typer.Exit(FAILED if left else 0)


def _say_retried(outcomes: Sequence[tuple[str, str, Retried]]) -> None:
    for service, key, outcome in outcomes:
        line(f"{service}: {plain(key)}: {outcome.decided} decided, {outcome.left} left")
        if outcome.error:
            note(f"{service}: {plain(key)}: {plain(outcome.error)}")


@parked.command(epilog=examples("stoppoc parked drop acme 01a1fd77-ead3-78bb-894b-88c805c7e108"))
def drop(
    key: Key,
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE", help="Its id, as `show` prints it.")],
    service: Of = None,
    as_json: AsJson = False,
) -> None:
    """Give one message of a key up, for ever: nobody will be answered. What is behind it waits for `retry`."""
    try:
        wanted = ids.canonical(message_id)
    except ValueError:
        raise Trouble(f"{quoted(message_id)} is no message's id", WRONG) from None
    (found,) = _waiting(key, service)
    if not _in_service(found, lambda conn, _: unparking.drop(conn, key, wanted)):
        raise Trouble(f"{wanted} does not wait behind {quoted(key)} in {found}", FAILED)
    if as_json:
        as_document({"ok": True, "dropped": wanted})
    else:
        line(f"dropped  {wanted}; `stoppoc parked retry {plain(key)}` lets the rest go on.")


_Work = Callable[[asyncpg.Connection, Service], Coroutine[Any, Any, T]]


def _waiting(key: str, service: str | None) -> list[str]:
    """The one service in which the key waits."""
    found = [of for of, one in _all_waiting(service) if one == key]
    if not found:
        raise Trouble(f"{quoted(key)} does not wait{f' in {service}' if service else ''}", FAILED)
    if len(found) > 1:
        raise Trouble(f"{quoted(key)} waits in {' and in '.join(found)}: say which by --service", WRONG)
    return found


def _all_waiting(service: str | None) -> list[tuple[str, str]]:
    asked = SERVICES.values() if service is None else [service_named(service)]
    return [(one.name, key.key) for one in asked for key in _in_service(one.name, _keys)]


def _retried(service: str, key: str) -> Retried:
    return _in_service(service, lambda conn, of: unparking.retry(conn, of, key))


def _in_service(name: str, work: _Work[T]) -> T:
    return asyncio.run(_work_in(service_named(name), work))


async def _work_in(service: Service, work: _Work[T]) -> T:
    async with _as_service(service) as conn:
        return await work(conn, service)


@asynccontextmanager
async def _as_service(service: Service) -> AsyncIterator[asyncpg.Connection]:
    """One transaction with the service's own rights, and no more than those."""
    async with (
        pool_for(service, where.postgres(), "operator") as pool,
        pool.acquire() as conn,
        conn.transaction(),
    ):
        yield conn


async def _keys(conn: asyncpg.Connection, _: Service) -> list[ParkedKey]:
    return await unparking.parked_keys(conn, _MOST_KEYS)


async def _all_parked() -> Sequence[tuple[str, ParkedKey]]:
    found = [(service.name, key) for service in SERVICES.values() for key in await _work_in(service, _keys)]
    return sorted(found, key=lambda pair: pair[1].since)


def _document(key: ParkedKey) -> dict[str, object]:
    return asdict(key) | {"since": timestamp(key.since)}


def _message(message_id: str, record: StoredRecord) -> dict[str, object]:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    return {
        "id": message_id,
        "type": headers.get("ce_type"),
        "record": f"{record.topic}/{record.partition}/{record.offset}",
        "data": (record.value or b"").decode(errors="replace"),
    }
