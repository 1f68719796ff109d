"""Dead letters as an operator has them: each once, however often a crash sent it, and whether it is settled.

A letter is settled by a record behind it on the same topic that names its coordinates and says what was done:
nothing is deleted, what was done is kept as long as the letter, and no other store is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

from aiokafka import ConsumerRecord

from shared.engine.deadletters import PREFIX
from shared.engine.publisher import Publisher

Settlement = Literal["replayed", "dropped"]
Headers = Sequence[tuple[str, bytes | None]]

# The last header of a settling record, and of no letter: the engine's own come last on those.
_SETTLED: Final = "x-dlq-settled"
_PLACE: Final = ("topic", "partition", "offset", "group")
_ABOUT: Final = tuple(PREFIX + name for name in (*_PLACE, "error", "first-seen"))


class Coordinates(NamedTuple):
    """Where a letter was read, and by which group."""

    topic: str
    partition: int
    offset: int
    group: str

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that its group could not read, as it was, and why."""

    at: Coordinates
    error: str
    first_seen: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    copies: int = 1
    settled: Settlement | None = None


@dataclass(slots=True)
class Mailbox:
    """The letters of one dead-letter topic, in the order of their coordinates."""

    topic: str
    letters: list[Letter] = field(default_factory=list)
    # Records that are no letters: somebody else wrote them.
    strangers: int = 0

    @property
    def open(self) -> list[Letter]:
        """Those nothing was done about yet."""
        return [letter for letter in self.letters if letter.settled is None]

    def settled(self, how: Settlement) -> int:
        """How many were settled so."""
        return sum(letter.settled == how for letter in self.letters)


def sort(topic: str, records: Iterable[ConsumerRecord]) -> Mailbox:
    """The letters in these records."""
    letters: dict[Coordinates, Letter] = {}
    settled: dict[Coordinates, Settlement] = {}
    strangers = 0
    for record in records:
        at = _coordinates(record.headers)
        if at is None:
            strangers += 1
        elif record.headers[-1][0] == _SETTLED:
            settled[at] = "replayed" if record.headers[-1][1] == b"replayed" else "dropped"
        elif at in letters:
            letters[at] = replace(letters[at], copies=letters[at].copies + 1)
        else:
            letters[at] = _letter(at, record)
    found = [replace(letter, settled=settled.get(at)) for at, letter in sorted(letters.items())]
    return Mailbox(topic, found, strangers)


def _letter(at: Coordinates, record: ConsumerRecord) -> Letter:
    about = _last(record.headers)
    return Letter(
        at,
        about.get(PREFIX + "error", b"").decode(errors="replace"),
        about.get(PREFIX + "first-seen", b"").decode(errors="replace"),
        record.key,
        record.value,
        _without_ours(record.headers),
    )


def _coordinates(headers: Headers) -> Coordinates | None:
    about = _last(headers)
    try:
        topic, partition, offset, group = (about[PREFIX + name].decode() for name in _PLACE)
        return Coordinates(topic, int(partition), int(offset), group)
    except (KeyError, ValueError):
        return None


def _last(headers: Headers) -> dict[str, bytes]:
    """What the engine said: it wrote after whatever the record carried itself."""
    return {name: value for name, value in headers if name.startswith(PREFIX) and value is not None}


def _without_ours(headers: Headers) -> Headers:
    ours = {name: place for place, (name, _) in enumerate(headers) if name in _ABOUT}
    return [header for place, header in enumerate(headers) if place not in ours.values()]


async def replay(publisher: Publisher, topic: str, letter: Letter) -> None:
    """Puts the record back on the topic it came from, as it was, and notes it.

    A crash in between leaves the letter open: replayed again it has no second effect where it was read, and is a new
    letter where it still cannot be.
    """
    await publisher.send(letter.at.topic, letter.value, letter.key, letter.headers)
    await _settle(publisher, topic, letter, "replayed")


async def drop(publisher: Publisher, topic: str, letter: Letter) -> None:
    """Notes that nothing will be done about it. The record stays until the topic's retention removes it."""
    await _settle(publisher, topic, letter, "dropped")


async def _settle(publisher: Publisher, topic: str, letter: Letter, how: Settlement) -> None:
    place = zip(_PLACE, letter.at, strict=True)
    headers = [*((PREFIX + name, str(value).encode()) for name, value in place), (_SETTLED, how.encode())]
    await publisher.send(topic, None, str(letter.at).encode(), headers)
