"""What is on the topics, judged: each command has one outcome, what is said of a thing is numbered without a gap, and a
message that was said twice says the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zlib import crc32

from deploy.audit.look import Break
from shared.contracts import topics
from shared.contracts.cloudevents import Headers, Unreadable
from shared.contracts.jobs import JobSlice
from shared.contracts.message import Message
from shared.contracts.pages import named_answers
from shared.engine import intake
from shared.engine.intake import StoredRecord
from shared.engine.service import Service

_PREFIX: Final = "x-dlq-"

# A command's id, or the id all that follows from it has in common; and the key that was asked.
_Asked = tuple[str, str]


class Command(NamedTuple):
    """One command that was accepted."""

    id: str
    model: type[Message]
    correlation: str
    key: str


@dataclass(slots=True)
class Said:
    """All that is on the topics of one service, as far as it was read."""

    service: Service
    commands: dict[str, Command] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    letters: set[str] = field(default_factory=set)
    gaps: list[Break] = field(default_factory=list)
    differing: list[Break] = field(default_factory=list)
    events: int = 0
    _sums: dict[str, int] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _caused: Counter[tuple[_Asked, str]] = field(default_factory=Counter)
    _followed: Counter[tuple[_Asked, str]] = field(default_factory=Counter)
    _about: Counter[tuple[str, str]] = field(default_factory=Counter)

    def command(self, record: StoredRecord) -> None:
        """A record on its commands: a message, or one that must be a dead letter."""
        try:
            read = intake.read(record, self.service)
        except Unreadable as reason:
            self.unreadable[_place(record)] = str(reason)
            return
        # What time brings is answered by its progress, and its slices are many.
        if read is not None and not isinstance(read.ask.message, JobSlice):
            envelope = read.ask.envelope
            # The same id again is the same command.
            self.commands.setdefault(
                envelope.id,
                Command(envelope.id, type(read.ask.message), envelope.correlation_id, read.ask.key),
            )

    def event(self, record: StoredRecord, *, from_first: bool) -> None:
        """A record on its events. A copy, which a crash may leave, counts once."""
        headers = texts(record.headers)
        if self._is_copy(headers.get("ce_id", ""), record):
            return
        self.events += 1
        name = headers.get("ce_type", "..").split(".")[2]
        for about in {(record.key or b"").decode(), headers.get("ce_subject", "")}:
            self._caused[(headers.get("ce_causationid", ""), about), name] += 1
            self._followed[(headers.get("ce_correlationid", ""), about), name] += 1
            self._about[about, name] += 1
        if "ce_sequence" in headers:
            self._number(headers, from_first=from_first)

    def letter(self, record: StoredRecord) -> None:
        """A record among its dead letters."""
        about = texts(record.headers)
        self.letters.add("/".join(about.get(_PREFIX + name, "") for name in ("topic", "partition", "offset")))

    def _is_copy(self, id_: str, record: StoredRecord) -> bool:
        said = crc32(record.value or b"")
        if id_ not in self._sums:
            self._sums[id_] = said
            return False
        if self._sums[id_] != said:
            self.differing.append(Break(id_, f"says another thing at {_place(record)}"))
        return True

    def _number(self, headers: Mapping[str, str], *, from_first: bool) -> None:
        about, number = headers.get("ce_subject", ""), int(headers["ce_sequence"])
        before = self._numbers.get(about, 0 if from_first else number - 1)
        if number != before + 1:
            self.gaps.append(Break(about, f"{number} follows {before} ({headers.get('ce_id')})"))
        self._numbers[about] = max(number, before)

    def lost(self) -> Iterator[Break]:
        """What could not be read and is no dead letter either."""
        for place, reason in self.unreadable.items():
            if place not in self.letters:
                yield Break(place, f"is no message and no dead letter: {reason}")

    def unanswered(self, waiting: Iterable[str]) -> Iterator[Break]:
        """Commands without an outcome, or with more than one; not those whose keys wait for somebody outside."""
        waits = set(waiting)
        left: defaultdict[tuple[type[Message], str, str], list[Command]] = defaultdict(list)
        # Outcomes that are some command's, of all those about a key.
        taken: Counter[tuple[type[Message], str]] = Counter()
        for command in self.commands.values():
            direct = self._count(self._caused, command, command.id)
            taken[command.model, command.key] += direct
            if direct > 1:
                yield Break(command.id, f"{command.model.__name__} of {command.key} has {direct} outcomes")
            elif direct == 0:
                left[command.model, command.correlation, command.key].append(command)
        silent: list[Command] = []
        for (model, _, key), commands in left.items():
            # One that waited for somebody is answered by what he said: by its correlation it is known.
            later = self._count(self._followed, commands[0], commands[0].correlation)
            taken[model, key] += later
            if later > len(commands) and not model.public:
                yield Break(
                    commands[0].id, f"{len(commands)} {model.__name__} of {key} have {later} outcomes"
                )
            silent += [] if key in waits else commands[later:]
        yield from self._not_called_off(silent, taken)

    def _not_called_off(
        self, silent: Iterable[Command], taken: Counter[tuple[type[Message], str]]
    ) -> Iterator[Break]:
        """Whoever calls off what is under way answers it, and that answer follows from him: it is nobody else's."""
        for command in silent:
            model, key = command.model, command.key
            if taken[model, key] < sum(self._about[key, name] for name in named_answers(model)):
                taken[model, key] += 1
            else:
                yield Break(command.id, f"{model.__name__} of {key} has no outcome")

    def _count(self, counted: Counter[tuple[_Asked, str]], command: Command, by: str) -> int:
        return sum(counted[(by, command.key), name] for name in named_answers(command.model))


def texts(headers: Headers) -> dict[str, str]:
    """Headers as text, the last of a name."""
    return {name: value.decode(errors="replace") for name, value in headers if value is not None}


def _place(record: StoredRecord) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def topics_of(service: Service) -> tuple[str, ...]:
    """What is read of a service: what it was asked, what has happened in it, and what it could not read."""
    asked, happened, _ = topics.of(service.name)
    return asked.name, happened.name, topics.dead_letters(asked.name, service.group).name
