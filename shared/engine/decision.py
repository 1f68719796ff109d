"""What a rule is given and what it gives back. Pure: no clock, no I/O, nothing is changed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from shared import ids
from shared.contracts.message import Message

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Entity(Protocol):
    """One remembered thing: a frozen dataclass with the id it is found by."""

    @property
    def key(self) -> str: ...


E = TypeVar("E", bound=Entity)
R = TypeVar("R")


class Cause(NamedTuple):
    """Why a rule runs: the message's id, the service it runs in, and the instant at which it takes effect."""

    id: str
    service: str
    at: datetime

    def derive(self, part: str) -> str:
        """The id of one consequence: the same however often the message is decided."""
        return ids.derived_id(self.id, f"{self.service}/{part}", (self.at - _EPOCH) // _MILLISECOND)


class Decision(NamedTuple):
    """What follows from one message: entities as they are now, rows to add for ever, messages to say."""

    changes: tuple[Entity, ...] = ()
    adds: tuple[object, ...] = ()
    says: tuple[Message, ...] = ()


def said(*messages: Message) -> Decision:
    """Nothing changes; this is the answer."""
    return Decision(says=messages)


def joined(*decisions: Decision) -> Decision:
    """All of them, one after the other."""
    return Decision(
        tuple(entity for decision in decisions for entity in decision.changes),
        tuple(row for decision in decisions for row in decision.adds),
        tuple(message for decision in decisions for message in decision.says),
    )


def changed(*changes: Entity, says: Iterable[Message], adds: Iterable[object] = ()) -> Decision:
    """These entities are so now, these rows are added, this is said."""
    return Decision(changes, tuple(adds), tuple(says))


class Row:
    """One entity as a batch holds it: its value now, the number of the last message said about it, and whether
    it was not there before."""

    __slots__ = ("entity", "made", "sequence")

    def __init__(self, entity: Entity, sequence: int, *, made: bool = False) -> None:
        self.entity = entity
        self.sequence = sequence
        self.made = made


class Known:
    """What a batch knows. The store fills it, rules read it, the engine alone changes it, between messages."""

    __slots__ = ("_added", "_changed", "_rows")

    def __init__(self) -> None:
        self._rows: dict[tuple[type, str], Row] = {}
        self._changed: dict[tuple[type, str], Row] = {}
        self._added: list[object] = []

    def get(self, kind: type[E], key: str) -> E | None:
        """The entity of that kind and key, as it stands after the messages before this one."""
        row = self._rows.get((kind, key))
        return None if row is None else row.entity  # type: ignore[return-value]  # rows are kept under their own type

    def put(self, entity: Entity, sequence: int = 0) -> None:
        """For stores: this is how it stands in the database, and the last sequence said about it."""
        self._rows[type(entity), entity.key] = Row(entity, sequence)

    def apply(self, decision: Decision) -> None:
        """For the engine: what was decided is what the next message finds."""
        for entity in decision.changes:
            name = (type(entity), entity.key)
            row = self._rows.get(name)
            if row is None:
                row = self._rows[name] = Row(entity, 0, made=True)
            else:
                row.entity = entity
            self._changed[name] = row
        self._added.extend(decision.adds)

    def after(self, decision: Decision) -> Known:
        """For rules of two steps: what is known once this is decided too. The batch knows nothing of it yet."""
        if not decision.changes:
            return self
        then = Known()
        then._rows = self._rows | {(type(one), one.key): Row(one, 0) for one in decision.changes}
        return then

    def next_sequence(self, kind: type[Entity], key: str) -> int | None:
        """For the engine: the number of what is said next about that entity; None when there is no such thing."""
        row = self._rows.get((kind, key))
        if row is None:
            return None
        row.sequence += 1
        self._changed[kind, key] = row
        return row.sequence

    def row(self, kind: type[Entity], key: str) -> tuple[Entity, int]:
        """For the engine: an entity that is known to be there, and the number of the last message said about it."""
        row = self._rows[kind, key]
        return row.entity, row.sequence

    def changed(self, kind: type[E]) -> list[tuple[E, int]]:
        """For stores: the changed entities of a kind, each once and as it is now, with its last sequence, by key."""
        rows = [row for (of, _), row in self._changed.items() if of is kind]
        return sorted(((row.entity, row.sequence) for row in rows), key=_key)  # type: ignore[misc]

    def made(self, kind: type[E]) -> set[str]:
        """For stores: the keys of those that were not there. They are inserted, and nothing else: where another
        worker has made one meanwhile, an update would undo what it did."""
        return {key for (of, key), row in self._changed.items() if of is kind and row.made}

    def added(self, kind: type[R]) -> list[R]:
        """For stores: the rows of a kind to add, in the order they were decided."""
        return [row for row in self._added if isinstance(row, kind)]


def _key(pair: tuple[Entity, int]) -> str:
    return pair[0].key


class Slice(NamedTuple):
    """The keys that one slice of a job decides, in order, and whether there are more after them. It has no table: the
    store finds it (slices.py), under the id of the message."""

    key: str
    keys: tuple[str, ...]
    more: bool = False


def sliced(known: Known, cause: Cause) -> tuple[str, ...]:
    """For the rule of a job: the keys it is to decide now."""
    found = known.get(Slice, cause.id)
    if found is None:
        raise LookupError("the store has found no slice for this message")
    return found.keys


Rule = Callable[[Any, Known, Cause], Decision]
