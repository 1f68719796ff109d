"""`stoppoc dlq`: what could not be read, why, and what becomes of it."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import typer
from aiokafka.errors import KafkaError

from deploy import letters
from deploy.cli import where
from deploy.cli.commands import near
from deploy.cli.records import reading
from deploy.cli.say import SILENT, WRONG, AsJson, Trouble, as_document, examples, line, plain, quoted, table
from deploy.letters import Letter, Mailbox
from deploy.services import SERVICES
from deploy.topics import dead_letter_topics
from shared.engine.publisher import Publisher

dlq = typer.Typer(
    no_args_is_help=True,
    help="Dead letters: what could not be read, why, and what becomes of it.",
)

_MOST_VALUE: Final = 2000
_MOST_BINARY: Final = 256
_MOST_ERROR: Final = 100

Topic = Annotated[str | None, typer.Argument(metavar="TOPIC", help="A dead-letter topic, as `ls` prints it.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="LETTER...", help="TOPIC/PARTITION/OFFSET, as `ls TOPIC` prints it."),
]
All = Annotated[str | None, typer.Option("--all", metavar="TOPIC", help="Every open letter of that topic.")]


@dlq.command(epilog=examples("stoppoc dlq ls", "stoppoc dlq ls billing.hold.commands.v1.hold.dlq --json"))
def ls(
    topic: Topic = None,
    settled: Annotated[
        bool, typer.Option("--settled", help="Those already replayed or dropped too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The dead-letter topics with their counts; with TOPIC its open letters, one a line.

    A letter is counted once, however often a crash sent it.
    """
    if topic is None:
        _list_topics(asyncio.run(_mailboxes(_topics(None))), as_json=as_json)
    else:
        (mailbox,) = asyncio.run(_mailboxes(_topics(topic)))
        _list_letters(mailbox.letters if settled else mailbox.open, as_json=as_json)


@dlq.command(epilog=examples("stoppoc dlq show billing.hold.commands.v1/3/17"))
def show(
    letter: Annotated[str, typer.Argument(metavar="LETTER", help="As `ls TOPIC` prints it.")],
    as_json: AsJson = False,
) -> None:
    """One letter whole: why it could not be read, its key, headers and value. Bytes that are no text are shown as hex."""
    ((_, found),) = _find(asyncio.run(_mailboxes(_topics(None))), [letter])
    if as_json:
        as_document(_whole(found))
        return
    table(("field", "value"), _fields(found))
    line("\nheaders:")
    for name, value in found.headers:
        line(f"  {plain(name)}: {_preview(value)}")
    line(
        f"\nvalue ({'null' if found.value is None else f'{len(found.value)} bytes'}):\n  {_preview(found.value)}"
    )


@dlq.command(
    epilog=examples(
        "stoppoc dlq replay billing.hold.commands.v1/3/17",
        "stoppoc dlq replay --all billing.hold.commands.v1.hold.dlq",
    )
)
def replay(names: Names = None, all_: All = None, as_json: AsJson = False) -> None:
    """Put letters back on the topic they came from, key, value and headers as they were, and note that it was done.

    In the order in which they came. What was mended meanwhile takes effect, once; what still cannot be read comes
    back as a new letter.
    """
    _settle(names or [], all_, letters.replay, "replayed", as_json=as_json)


@dlq.command(epilog=examples("stoppoc dlq drop billing.hold.commands.v1/3/17"))
def drop(names: Names = None, all_: All = None, as_json: AsJson = False) -> None:
    """Note that nothing will be done about letters: `ls` no longer counts them. The records stay until they expire."""
    _settle(names or [], all_, letters.drop, "dropped", as_json=as_json)


_Act = Callable[[Publisher, str, Letter], Awaitable[None]]


def _settle(names: Sequence[str], all_: str | None, act: _Act, done: str, *, as_json: bool) -> None:
    if bool(names) == (all_ is not None):
        raise Trouble("name the letters, or a topic with --all", WRONG)
    settled = asyncio.run(_act(names, all_, act))
    if as_json:
        as_document({"ok": True, done: [str(letter.at) for letter in settled]})
        return
    for letter in settled:
        line(f"{done}  {letter.at}")
    line(f"{len(settled)} {done}.")


async def _act(names: Sequence[str], all_: str | None, act: _Act) -> list[Letter]:
    mailboxes = await _mailboxes(_topics(all_))
    chosen = (
        [(mailbox.topic, letter) for mailbox in mailboxes for letter in mailbox.open]
        if all_
        else _find(mailboxes, names)
    )
    if already := [str(letter.at) for _, letter in chosen if letter.settled]:
        raise Trouble(f"{', '.join(already)}: settled already", WRONG)
    async with _publishing(where.kafka()) as publisher:
        for topic, letter in chosen:
            await act(publisher, topic, letter)
    return [letter for _, letter in chosen]


def _find(mailboxes: Sequence[Mailbox], names: Sequence[str]) -> list[tuple[str, Letter]]:
    known = {str(letter.at): (mailbox.topic, letter) for mailbox in mailboxes for letter in mailbox.letters}
    if unknown := [name for name in names if name not in known]:
        raise Trouble(
            f"there is no letter {', '.join(map(quoted, unknown))}: `stoppoc dlq ls` shows where they are"
        )
    return [known[name] for name in dict.fromkeys(names)]


def _topics(given: str | None) -> list[str]:
    every = dead_letter_topics(SERVICES.values())
    if given is None:
        return every
    if given not in every:
        raise Trouble(f"there is no dead-letter topic {quoted(given)}{near(given, every)}", WRONG)
    return [given]


async def _mailboxes(topics: Sequence[str]) -> list[Mailbox]:
    found: dict[str, list[Any]] = {topic: [] for topic in topics}
    async with reading(where.kafka()) as reader:
        async for record in reader.whole(await reader.places(*topics)):
            found[record.topic].append(record)
    return [letters.sort(topic, records) for topic, records in found.items()]


@asynccontextmanager
async def _publishing(kafka: str) -> AsyncIterator[Publisher]:
    publisher = Publisher(kafka, "stoppoc-cli")
    try:
        yield publisher
    except (KafkaError, TimeoutError, OSError) as error:
        raise Trouble(
            f"the broker at {kafka} did not take it: {error!r}; what was not noted is still open", SILENT
        ) from error
    finally:
        await publisher.stop()


def _list_topics(mailboxes: Sequence[Mailbox], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "topic": box.topic,
                "open": len(box.open),
                "replayed": box.settled("replayed"),
                "dropped": box.settled("dropped"),
                "strangers": box.strangers,
                "errors": Counter(letter.error for letter in box.open),
            }
            for box in mailboxes
        ]
        as_document({"ok": True, "open": sum(len(box.open) for box in mailboxes), "topics": rows})
        return
    table(
        ("topic", "open", "replayed", "dropped", "oldest open", "most often"),
        (
            (
                box.topic,
                len(box.open),
                box.settled("replayed"),
                box.settled("dropped"),
                _oldest(box),
                _commonest(box),
            )
            for box in mailboxes
        ),
    )


def _oldest(mailbox: Mailbox) -> str | None:
    return min((letter.first_seen for letter in mailbox.open), default=None)


def _commonest(mailbox: Mailbox) -> str | None:
    counted = Counter(letter.error for letter in mailbox.open).most_common(1)
    return counted[0][0][:_MOST_ERROR] if counted else None


def _list_letters(found: Sequence[Letter], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"letter": str(one.at), "first_seen": one.first_seen, "error": one.error, "settled": one.settled}
            for one in found
        ]
        as_document({"ok": True, "letters": rows})
        return
    table(
        ("letter", "first seen", "key", "settled", "error"),
        (
            (str(one.at), one.first_seen, _preview(one.key)[:64], one.settled, one.error[:_MOST_ERROR])
            for one in found
        ),
    )


def _fields(letter: Letter) -> list[tuple[str, object]]:
    return [
        ("letter", str(letter.at)),
        ("group", letter.at.group),
        ("error", letter.error),
        ("first seen", letter.first_seen),
        ("copies", str(letter.copies)),
        ("settled", letter.settled),
        ("key", _preview(letter.key)),
    ]


def _preview(value: bytes | None) -> str:
    """The bytes as text where they are text, else as hex; not all of a long value."""
    if value is None:
        return "null"
    try:
        text = plain(value.decode())
    except UnicodeDecodeError:
        shown = value[:_MOST_BINARY].hex(" ")
        return f"(no UTF-8) {shown}{' ...' if len(value) > _MOST_BINARY else ''}"
    return text if len(text) <= _MOST_VALUE else f"{text[:_MOST_VALUE]} ..."


def _whole(letter: Letter) -> dict[str, object]:
    return {
        "letter": str(letter.at),
        "group": letter.at.group,
        "error": letter.error,
        "first_seen": letter.first_seen,
        "copies": letter.copies,
        "settled": letter.settled,
        "key": _exact(letter.key),
        "headers": [[name, _exact(value)] for name, value in letter.headers],
        "value": _exact(letter.value),
    }


def _exact(value: bytes | None) -> object:
    """Text where it is text, else its base64, said to be that: nothing is lost."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value or b"").decode()}
