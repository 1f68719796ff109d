"""The rules of change: may the messages as they are now stand beside every version published before?

Commands are BACKWARD_TRANSITIVE (who asks may be old), events and state FULL_TRANSITIVE (who asks and who
listens may be old). A type, once published, stays, with its topic, its key and its openness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.contracts import topics
from shared.contracts.containment import Doubt, Finding, findings
from shared.contracts.message import Form, Message
from shared.contracts.schema import schema_of


class Contract(BaseModel):
    """One message type as it is published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    kind: Form
    topic: str
    key: str
    public: bool
    message_schema: dict[str, Any]

    @property
    def name(self) -> str:
        """`ToppedUp` of `billing.hold.ToppedUp.v1`."""
        return self.type.split(".")[2]


Contracts = Mapping[str, Contract]


class Break(BaseModel):
    """One reason why the messages as they are now may not stand beside a published version."""

    model_config = ConfigDict(frozen=True)

    type: str
    version: str
    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


def contract_of(message: type[Message]) -> Contract:
    """What a message type promises now."""
    return Contract(
        type=message.type,
        kind=message.form,
        topic=topics.topic_of(message),
        key=message.key_field,
        public=message.public,
        message_schema=schema_of(message),
    )


def contracts_of(messages: Iterable[type[Message]]) -> dict[str, Contract]:
    """What these message types promise now, by type."""
    return {message.type: contract_of(message) for message in messages}


def breaks(current: Contracts, published: Mapping[str, Contracts]) -> tuple[Break, ...]:
    """Everything in `current` that breaks somebody who keeps to one of the `published` versions."""
    return tuple(
        found
        for version, contracts in published.items()
        for old in contracts.values()
        for found in _Promise(old, version).broken_by(current.get(old.type))
    )


@dataclass(frozen=True, slots=True)
class _Promise:
    """A message type as one version published it."""

    old: Contract
    version: str

    def broken_by(self, new: Contract | None) -> Iterator[Break]:
        if new is None:
            yield self._break(
                f"published in version {self.version}, gone now: who still sends or reads it is cut off"
            )
            return
        yield from map(self._break, self._delivery(new))
        for found in findings(writer=self.old.message_schema, reader=new.message_schema):
            sentence = "a producer of version {version} writes {writes}, the version now reads {reads}"
            yield self._break(self._why(found, sentence), found.path)
        if self.old.kind == "command":
            return
        for found in findings(writer=new.message_schema, reader=self.old.message_schema):
            sentence = "a consumer of version {version} reads {reads}, the version now writes {writes}"
            yield self._break(self._why(found, sentence), found.path)

    def _delivery(self, new: Contract) -> Iterator[str]:
        old, then = self.old, f"in version {self.version}"
        if new.kind != old.kind:
            yield f"{_a(old.kind)} {then}, {_a(new.kind)} now"
        if new.topic != old.topic:
            yield f"on topic {old.topic} {then}, on {new.topic} now: who reads the old one hears no more of it"
        if new.key != old.key:
            yield f"keyed by {old.key} {then}, by {new.key} now: what was said in order no longer is"
        if old.public and not new.public:
            yield f"public {then}, private now: a portal may no longer send it"

    def _why(self, found: Finding, sentence: str) -> str:
        if isinstance(found, Doubt):
            return f"cannot be shown compatible: {found.what} is not understood"
        return sentence.format(version=self.version, writes=found.writes, reads=found.reads)

    def _break(self, why: str, path: str = "") -> Break:
        return Break(type=self.old.type, version=self.version, where=f"{self.old.name}{path}", why=why)


def _a(kind: Form) -> str:
    return {"command": "a command", "event": "an event", "state": "a state"}[kind]
