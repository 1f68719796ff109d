"""`stoppoc watch`: an order as it goes, from what services say, until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, NamedTuple

import typer
from rich.console import Console

from deploy.cli import shown, where
from deploy.cli.hearing import Heard, heard_between, hearing, places_of, read, since
from deploy.cli.live import screen
from deploy.cli.progress import Progress, number_of
from deploy.cli.records import Reader, reading
from deploy.cli.say import FAILED, SILENT, AsJson, Trouble, as_document, console, line, note, quoted, sections
from deploy.cli.send import seconds
from deploy.cli.telling import told
from shared.contracts import topics
from shared.contracts.cloudevents import timestamp
from shared.contracts.orders import Order, OrderPlaced
from shared.contracts.registry import REGISTRY

# What follows an order's end: its invoices.
_LINGER_S: Final = 3.0
_CHECKOUT: Final = "checkout"


def watch(
    order: Annotated[
        str, typer.Argument(metavar="ORDER", help="The order; or a cluster or resource: its latest order.")
    ],
    wait: Annotated[str, typer.Option(help="How long to wait for its end.")] = "5m",
    as_json: AsJson = False,
) -> None:
    """Follow an order until it ends: what is said about it as it happens, and how far each line is.

    One that has ended is told again from its beginning. Exit status: 0 completed, 1 partly completed or cancelled, 3
    not ended in time.
    """
    wait_s = seconds(wait)
    # Nobody looks at a picture where a document was asked for.
    out = Console(quiet=True) if as_json else console()
    watched = asyncio.run(_watch(where.kafka(), order, wait_s, out))
    state = watched.progress.order
    if as_json:
        as_document(_document(watched))
    elif state is not None:
        line()
        sections(shown.order(state, sorted(watched.progress.lines.values(), key=number_of)))
    if state is None or not watched.progress.ended:
        note(f"the order has not ended within {wait_s:g} s")
        raise typer.Exit(SILENT)
    raise typer.Exit(0 if state.status == "completed" else FAILED)


@dataclass(slots=True)
class Watched:
    """How far an order came, and all that was heard on the way."""

    order: str
    progress: Progress = field(default_factory=Progress)
    heard: list[Heard] = field(default_factory=list)

    def take(self, heard: Heard, correlation: str) -> bool:
        """Takes in what is about the order, by name or as a consequence of what placed it."""
        of = getattr(heard.message, "order", None)
        if of != self.order and (of is not None or heard.correlation != correlation):
            return False
        self.progress.take(heard.message)
        self.heard.append(heard)
        return True


async def follow(
    said: AsyncIterator[Heard], watched: Watched, correlation: str, wait_s: float
) -> AsyncIterator[Heard]:
    """What is about the order, as it comes, until it is over, or time is up."""
    clock = asyncio.get_running_loop().time
    progress = watched.progress
    until = clock() + (min(wait_s, _LINGER_S) if progress.ended else wait_s)
    while not progress.is_over:
        try:
            async with asyncio.timeout_at(until):
                heard = await anext(said)
        except TimeoutError:
            return
        had_ended = progress.ended
        if watched.take(heard, correlation):
            yield heard
        if progress.ended and not had_ended:
            until = min(until, clock() + _LINGER_S)


class _Found(NamedTuple):
    order: str
    correlation: str
    placed_ms: int


async def _watch(kafka: str, asked: str, wait_s: float, out: Console) -> Watched:
    async with reading(kafka, fetch_wait_ms=10) as reader:
        found = await _find(reader, asked)
        places = await places_of(reader, ("event", "state"), REGISTRY.services)
        starts, now = await since(reader, places, found.placed_ms), await reader.ends(places)
        watched = Watched(found.order)
        with screen(out, watched.progress) as picture:
            for heard in await heard_between(reader, starts, now):
                if watched.take(heard, found.correlation):
                    picture.tell(heard)
            async with aclosing(hearing(reader, now)) as said:
                async for heard in follow(said, watched, found.correlation, wait_s):
                    picture.tell(heard)
    return watched


async def _find(reader: Reader, asked: str) -> _Found:
    """The order of that name; else the latest one about it."""
    state = await _state(reader, asked)
    place = await reader.place_of(topics.events(_CHECKOUT).name, asked if state is None else state.subject)
    last: _Found | None = None
    async for record in reader.whole([place]):
        heard = read(record)
        if heard is None or not isinstance(placed := heard.message, OrderPlaced):
            continue
        if asked in (placed.order, placed.subject):
            last = _Found(placed.order, heard.correlation, record.timestamp)
    if last is None:
        raise Trouble(f"there is no order {quoted(asked)}, and none about it", FAILED)
    return last


async def _state(reader: Reader, order: str) -> Order | None:
    found: Order | None = None
    async for record in reader.whole([await reader.place_of(topics.state(_CHECKOUT).name, order)]):
        if record.key == order.encode() and (heard := read(record)) and isinstance(heard.message, Order):
            found = heard.message
    return found


def _document(watched: Watched) -> dict[str, Any]:
    state, lines = watched.progress.order, watched.progress.lines
    return {
        "ok": state is not None and watched.progress.ended and state.status == "completed",
        "order": None if state is None else state.model_dump(mode="json"),
        "lines": [lines[nr].model_dump(mode="json") for nr in sorted(lines)],
        "heard": [_told(heard) for heard in watched.heard if told(heard.message)],
    }


def _told(heard: Heard) -> dict[str, Any]:
    found = told(heard.message)
    return {
        "at": timestamp(heard.at),
        "type": heard.message.type,
        "words": found.words if found else "",
        "data": heard.message.model_dump(mode="json"),
    }
