"""`stoppoc show`: how things stand, as a portal sees them.

A portal has topics and nothing else, so the account is read from the state topic. Its history is the ledger's, which
is no topic: that is an operator's view, and needs the database.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from deploy.cli import where
from deploy.cli.records import reading
from deploy.cli.say import FAILED, WRONG, AsJson, Trouble, as_document, examples, flat, line, quoted, table
from services.hold import books
from shared.contracts import topics
from shared.contracts.cloudevents import timestamp
from shared.contracts.message import Id

show = typer.Typer(no_args_is_help=True, help="How things stand, as a portal sees them.")

_ID: TypeAdapter[str] = TypeAdapter(Id)


@show.command(epilog=examples("stoppoc show account acme", "stoppoc show account acme --history --json"))
def account(
    account_id: Annotated[str, typer.Argument(metavar="ID", help="The account, as the contract names it.")],
    history: Annotated[
        bool,
        typer.Option(
            "--history", help="Every movement of its money too, from the ledger (needs the database)."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Both wallets of an account, read from the state topic; exit 1 when there is no such account."""
    key = _id(account_id)
    state = asyncio.run(_last_state(where.kafka(), topics.state("hold").name, key))
    if state is None:
        raise Trouble(f"there is no account {key}", FAILED)
    movements = asyncio.run(books.history(where.postgres(), key)) if history else None
    if as_json:
        as_document(
            state
            if movements is None
            else {**state, "history": [one._asdict() | {"at": timestamp(one.at)} for one in movements]}
        )
        return
    table(("field", "value"), flat(state))
    if movements is not None:
        line()
        table(
            ("nr", "at", "kind", "wallet", "amount", "balance after", "reference", "caused by"),
            (
                (
                    m.sequence,
                    timestamp(m.at),
                    m.kind,
                    m.book,
                    m.amount,
                    m.balance_after,
                    m.reference,
                    m.cause_id,
                )
                for m in movements
            ),
        )


async def _last_state(kafka: str, topic: str, key: str) -> Mapping[str, Any] | None:
    """What is said last about a key. A crash may repeat what was said before: the highest sequence counts."""
    best, last = -1, None
    async with reading(kafka) as reader:
        async for record in reader.whole([await reader.place_of(topic, key)]):
            if record.key == key.encode() and (sequence := _sequence(record.headers)) >= best:
                best, last = sequence, record.value
    return None if last is None else json.loads(last)


def _sequence(headers: Any) -> int:
    return int(dict(headers).get("ce_sequence", b"0"))


def _id(text: str) -> str:
    try:
        return _ID.validate_python(text)
    except ValidationError:
        raise Trouble(
            f"{quoted(text)} is no account: at most 64 letters, digits and . _ : -, beginning with one of the first",
            WRONG,
        ) from None
