"""Four services' own rules, joined by a queue: what a customer asks runs to its end, and every VND is followed.

No broker and no database: what is proved here is that the rules of pricing, paying, resources and wallets, each
right by itself, add up.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final

from services.checkout.rules import RULES as CHECKOUT
from services.hold.rules import RULES as HOLD
from services.hold.rules import snapshot as account_said
from services.hold.state import Account
from services.lifecycle.rules import RULES as LIFECYCLE
from services.lifecycle.rules.telling import resource_snapshot
from services.lifecycle.state import Resource
from services.provisioning.rules import RULES as PROVISIONING
from shared.contracts.message import Message
from shared.engine.decision import Cause, Decision, Entity, Known, Rule
from shared.period import minutes_between, unused
from tests.support.spec import cause_id

RULES: Final[Mapping[str, Mapping[type[Message], Rule]]] = {
    "checkout": CHECKOUT,
    "hold": HOLD,
    "lifecycle": LIFECYCLE,
    "provisioning": PROVISIONING,
}


@dataclass
class Used:
    """What was used of the periods that are over, by the wallet that paid: as it was booked, and exactly."""

    vnd: Counter[str] = field(default_factory=Counter)
    exact: Fraction = Fraction(0)
    periods: int = 0

    def ended(self, before: Resource, after: Resource, at: datetime) -> None:
        """The periods it had and has no longer are over."""
        for term in before.terms:
            if term not in after.terms:
                whole = minutes_between(term.starts, term.until)
                gone = min(max(minutes_between(term.starts, at), 0), whole)
                self.vnd[wallet_of(before)] += term.paid - unused(term.paid, term.starts, term.until, at)
                self.exact += Fraction(term.paid * gone, whole)
                self.periods += 1


class World:
    """The services, what each knows, and what is still to be read."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.used = Used()
        self.said: list[Message] = []
        self.entities: dict[str, dict[tuple[type, str], None]] = {name: {} for name in RULES}
        self._known = {name: Known() for name in RULES}
        self._queue: deque[tuple[str, Message]] = deque()
        self._causes = 0

    def ask(self, *asks: Message) -> None:
        """These, one right after the other, before anything follows from the first; then all that follows."""
        for ask in asks:
            self._queue.append((ask.service, ask))
        while self._queue:
            self._decide(*self._queue.popleft())

    def next_order(self) -> str:
        """The id of the order that the next message asked for will have."""
        return Cause(cause_id(self._causes + 1), "checkout", self.at).derive("order")

    def all_of(self, service: str, kind: type[Entity]) -> Iterator[Entity]:
        """Everything of a kind that a service knows."""
        for of, key in self.entities[service]:
            entity = self._known[service].get(of, key) if of is kind else None
            if entity is not None:
                yield entity

    def _decide(self, service: str, message: Message) -> None:
        self._causes += 1
        at = getattr(message, "effective_at", self.at)
        known = self._known[service]
        decision = RULES[service][type(message)](message, known, Cause(cause_id(self._causes), service, at))
        self._follow(known, decision, at)
        known.apply(decision)
        self.entities[service] |= {(type(each), each.key): None for each in decision.changes}
        self.said += decision.says
        for each in (*decision.says, *_snapshots(decision)):
            self._queue.extend((name, each) for name, rules in RULES.items() if type(each) in rules)

    def _follow(self, known: Known, decision: Decision, at: datetime) -> None:
        for after in decision.changes:
            before = known.get(Resource, after.key) if isinstance(after, Resource) else None
            if before is not None and isinstance(after, Resource):
                self.used.ended(before, after, at)


def wallet_of(resource: Resource) -> str:
    """Which wallet its periods were paid from."""
    return "poc" if resource.billing == "poc" else "credit"


def _snapshots(decision: Decision) -> Iterator[Message]:
    for entity in decision.changes:
        if isinstance(entity, Resource):
            yield resource_snapshot(entity)
        elif isinstance(entity, Account):
            yield account_said(entity)
