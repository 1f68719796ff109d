"""Given what is known, when this is asked, then exactly this follows: how the rules of a service are tested.

    given = Spec("hold", RULES, at=AT).given
    given(account).when(TopUp(...)).then(ToppedUp(...), now=[...], adds=[...])

`then` names all that follows: one message, one changed entity or one added row more than named, and it fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.message import Message
from shared.engine.decision import Cause, Decision, Entity, Known, Rule


def cause_id(number: int) -> str:
    """The id of the number-th message asked in a test."""
    return f"00000000-0000-7000-8000-{number:012d}"


@dataclass
class Case:
    """What is known, and what has followed from what was asked so far."""

    service: str
    rules: Mapping[type[Message], Rule]
    at: datetime
    known: Known
    decisions: list[Decision] = field(default_factory=list)

    def when(self, *asks: Message, at: datetime | None = None) -> Case:
        """Asks these, one after the other, each on what the ones before have left; `at` is the instant from here on."""
        self.at = at or self.at
        for ask in asks:
            cause = Cause(cause_id(len(self.decisions) + 1), self.service, self.at)
            decision = self.rules[type(ask)](ask, self.known, cause)
            self.known.apply(decision)
            self.decisions.append(decision)
        return self

    def then(self, *says: Message, now: Sequence[Entity] = (), adds: Sequence[object] = ()) -> None:
        """Exactly these messages were said, in this order; these entities, and no others, were changed, and are
        so now; these rows, and no others, were added."""
        assert [message for decision in self.decisions for message in decision.says] == list(says)
        assert self._changed() == {(type(entity), entity.key): entity for entity in now}
        assert [row for decision in self.decisions for row in decision.adds] == list(adds)

    def _changed(self) -> dict[tuple[type[Entity], str], Entity]:
        return {
            (type(entity), entity.key): entity for decision in self.decisions for entity in decision.changes
        }


@dataclass(frozen=True)
class Spec:
    """A service's rules, and the instant at which its tests ask."""

    service: str
    rules: Mapping[type[Message], Rule]
    at: datetime

    def given(self, *entities: Entity) -> Case:
        """These are all that is known."""
        known = Known()
        for entity in entities:
            known.put(entity)
        return Case(self.service, self.rules, self.at, known)
