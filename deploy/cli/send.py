"""`stoppoc send`: asks for something as a portal does, and prints the answer."""

from __future__ import annotations

import asyncio
import os
import re
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

from deploy.cli import where
from deploy.cli.commands import REHEARSALS, command_named, example, message_from, public_commands, read_data
from deploy.cli.desk import Answer, desk_at, envelope_of
from deploy.cli.fields import fields_of
from deploy.cli.say import (
    FAILED,
    SILENT,
    WRONG,
    AsJson,
    Trouble,
    as_document,
    flat,
    line,
    me,
    note,
    quoted,
    table,
)
from shared import ids
from shared.contracts import topics
from shared.contracts.asyncapi import summary
from shared.contracts.cloudevents import Envelope
from shared.contracts.message import Message

_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m)?", re.ASCII)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Sending(TyperCommand):
    """`send`, which after a command's name helps with that command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, unless help is asked for one command."""
        if args and not args[0].startswith("-") and "--help" in args:
            _help(command_named(args[0]), as_json="--json" in args)
            raise typer.Exit
        return super().parse_args(ctx, args)


def send(
    command: Annotated[
        str | None, typer.Argument(help="Its name, as --list prints it.", show_default=False)
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Its data: JSON, @FILE, or - for standard input.", show_default=False)
    ] = None,
    message_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="UUID", help="Its id; sent again with the same id it has no second effect."
        ),
    ] = None,
    wait: Annotated[str, typer.Option(help="How long to wait for the answer; 0: not at all.")] = "10s",
    traceparent: Annotated[
        str | None, typer.Option(help="A W3C trace context to carry; else $TRACEPARENT, if set.")
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List what can be asked, with an example each.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask for something as a portal does: check the data, put the command on its topic, print what answers it.

    `stoppoc send COMMAND --help` tells a command's fields. Exit status: 0 done, 1 refused, 2 the data is not as it must be (nothing was sent), 3 no answer in time (it was
    sent, and takes effect once; ask again with the same --id to see how it ended).
    """
    if list_:
        _list(as_json=as_json)
        return
    if command is None:
        raise Trouble("which command? `stoppoc send --list` shows what can be asked", WRONG)
    model = command_named(command)
    if data is None:
        raise Trouble(
            f"what data? For example: {typed(model)}\n`stoppoc send {command} --help` tells its fields", WRONG
        )
    wait_s, own = seconds(wait), _id(message_id)
    message = message_from(model, read_data(data))
    envelope = envelope_of(message, own, _trace(traceparent or os.environ.get("TRACEPARENT")))
    answer = asyncio.run(_ask(where.kafka(), message, envelope, wait_s, sent_before=own is not None))
    _report(message, envelope, answer, wait_s, as_json=as_json)
    raise typer.Exit(_status(answer, wait_s))


async def _ask(
    kafka: str, message: Message, envelope: Envelope, wait_s: float, *, sent_before: bool
) -> Answer | None:
    async with desk_at(kafka) as desk:
        if wait_s == 0:
            await desk.send(message, envelope)
            return None
        return await desk.ask(message, envelope, wait_s, sent_before=sent_before)


def _status(answer: Answer | None, wait_s: float) -> int:
    if answer is None:
        return SILENT if wait_s else 0
    return FAILED if answer.refused else 0


def _report(
    message: Message, envelope: Envelope, answer: Answer | None, wait_s: float, *, as_json: bool
) -> None:
    if as_json:
        as_document(_document(message, envelope, answer, wait_s))
    elif answer is None:
        line(f"{type(message).__name__} {envelope.id} is on {topics.topic_of(type(message))}.")
    else:
        line(f"{answer.name}, {answer.seconds * 1000:,.0f} ms after {type(message).__name__} {envelope.id}")
        table(("field", "value"), flat(answer.body))
        if not answer.refused and (order := order_in(answer)):
            line(f"\nFollow it: {me()} watch {order}")
    if answer is None and wait_s:
        note(
            f"No answer within {wait_s:g} s. It is not lost: `stoppoc lag` shows whether somebody reads, `stoppoc parked"
            f" ls` whether its key waits; the same again with --id {envelope.id} finds the answer."
        )


def _document(message: Message, envelope: Envelope, answer: Answer | None, wait_s: float) -> dict[str, Any]:
    sent = {
        "id": envelope.id,
        "type": envelope.type,
        "key": envelope.key,
        "data": message.model_dump(mode="json"),
    }
    said = answer and {
        "type": answer.headers["ce_type"],
        "id": answer.headers["ce_id"],
        "sequence": _number(answer.headers.get("ce_sequence")),
        "data": answer.body,
        "milliseconds": round(answer.seconds * 1000, 1),
    }
    return {"ok": _status(answer, wait_s) == 0, "sent": sent, "answer": said}


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def order_in(answer: Answer) -> str | None:
    """The order that was placed, where the answer is that one was."""
    return answer.body.get("order") if answer.name == "OrderPlaced" else None


def _list(*, as_json: bool) -> None:
    known = {**public_commands(), **REHEARSALS}
    if as_json:
        rows = (
            {"command": name, "type": model.type, "meaning": summary(model), "example": model.example}
            for name, model in known.items()
        )
        as_document(list(rows))
        return
    for name, model in known.items():
        line(f"{name}: {summary(model)}")
        line(f"  {typed(model)}\n")
    line("`stoppoc send COMMAND --help` tells a command's fields.")


def typed(model: type[Message]) -> str:
    """What one types to send its example."""
    # A quote inside would end the shell's.
    data = example(model).replace("'", "'\\''")
    return f"stoppoc send {model.__name__} --data '{data}'"


def _help(model: type[Message], *, as_json: bool) -> None:
    fields = fields_of(model)
    if as_json:
        as_document(
            {
                "command": model.__name__,
                "type": model.type,
                "topic": topics.topic_of(model),
                "meaning": summary(model),
                "fields": [field._asdict() for field in fields],
                "example": model.example,
            }
        )
        return
    line(f"{model.__name__}: {summary(model)}\n")
    rows = ((one.path, "" if one.required else "optional", one.is_a, one.meaning) for one in fields)
    table(("field", "", "is", "means"), rows)
    line(f"\nIt goes to {topics.topic_of(model)}. Example:\n  {typed(model)}")


def seconds(text: str) -> float:
    """The length of time that was given as `--wait`."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Trouble(f"--wait is {quoted(text)}, not a time as 10s, 500ms or 2m", WRONG)
    return float(found[1]) * _UNITS[found[2]]


def _id(text: str | None) -> str | None:
    try:
        return None if text is None else ids.canonical(text)
    except ValueError:
        raise Trouble(f"--id is {quoted(text or '')}, not a UUID", WRONG) from None


def _trace(text: str | None) -> str | None:
    if text is not None and not _TRACEPARENT.fullmatch(text):
        raise Trouble(
            f"the traceparent is {quoted(text)}, not as W3C has it: 00-<32 hex>-<16 hex>-<2 hex>", WRONG
        )
    return text
