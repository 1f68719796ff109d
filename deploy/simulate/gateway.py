"""The payment gateways of a world: our adapters speak to the sandbox's side of both protocols, byte by byte, and payers
act at virtual instants. There is no network, so nothing is delayed but what a payment's way delays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple, cast

from deploy.pay.asker import Asked, link_for, payment_of, read_ask
from deploy.pay.posting import NO_ANSWER
from deploy.pay.reports import answer_of, callback_of
from deploy.pay.settings import PaySettings
from deploy.sandbox.given import environment, sides_of
from deploy.sandbox.ledger import Behaviour, Entry, Ledger
from deploy.sandbox.payer import acted
from deploy.sandbox.sides import Side
from services.payments.gateways.port import Forged, Response, as_json
from shared.contracts.payments import GatewayName
from shared.engine.intake import StoredRecord
from shared.engine.outbox import Outgoing

_BASE: Final = "https://gateway.example"
_DOOR: Final = "https://door.example"
_ERROR: Final = Response(500, b"")


@dataclass(frozen=True, slots=True)
class Ways:
    """How the payments go that are made, one after the other; the last way is that of all that follow. And when their
    payers act, from the making on."""

    ways: Sequence[Behaviour] = ("pays",)
    soon: timedelta = timedelta(minutes=1)
    late: timedelta = timedelta(minutes=10)


class _Turn(NamedTuple):
    """When a payer acts."""

    at: datetime
    transaction: int
    entry: Entry


class Gateways:
    """All of them, with one ledger."""

    def __init__(self, ways: Ways) -> None:
        self.ledger = Ledger(Random(0))  # noqa: S311 - nothing is drawn: each payment's way is given
        self._ways = ways
        self.settings = PaySettings.from_environment("", "", environment(_BASE, _DOOR))
        self.sides = sides_of(self.ledger)
        self._turns: list[_Turn] = []

    @property
    def next_at(self) -> datetime | None:
        """When a payer acts next."""
        return min((turn.at for turn in self._turns), default=None)

    def act(self, at: datetime) -> list[Outgoing]:
        """The payer whose turn it is does what he does; what the gateway tells of it."""
        turn = min(self._turns)
        self._turns.remove(turn)
        return self._told(turn.entry, at)

    def answers(self, records: Sequence[StoredRecord], at: datetime) -> list[Outgoing]:
        """What they say to what they are asked now."""
        asked = [ask for record in records if (ask := read_ask(record)) is not None]
        return [said for ask in asked for said in self._answer(ask, at)]

    def _answer(self, asked: Asked, at: datetime) -> list[Outgoing]:
        ask, envelope = asked
        ours, side = self.settings.gateways[ask.gateway], self.sides[ask.gateway]
        payment = payment_of(ask)
        if ask.act == "query":
            response = Response(200, as_json(side.query(ours.query(payment, at).body, at)))
            return [answer_of(ask.gateway, "query", ours.queried(payment, response), envelope)]
        before, response = self._create(side, ours.create(payment).body, at)
        told = ours.created(payment, response)
        return [*before, answer_of(ask.gateway, "create", told, envelope, link_for(ask, self.settings))]

    def _create(self, side: Side, body: bytes, at: datetime) -> tuple[list[Outgoing], Response]:
        payment = side.payment_of(body)
        drawn = self.ledger.drawn
        drawn.setdefault(payment, self._ways.ways[min(len(drawn), len(self._ways.ways) - 1)])
        if self.ledger.fails_now(payment):
            return [], _ERROR
        answer, made = side.create(body, at, _BASE)
        response = Response(200, as_json(answer))
        if made is None:
            return [], response
        if made.behaviour == "early":
            return self._told(made, at), response
        later = self._ways.late if made.behaviour == "late" else self._ways.soon
        self._turns.append(_Turn(at + later, made.transaction, made))
        return [], NO_ANSWER if made.behaviour == "cut_off" else response

    def _told(self, entry: Entry, at: datetime) -> list[Outgoing]:
        name = cast("GatewayName", entry.gateway)
        told = []
        for body in acted(self.sides[name], entry, at):
            try:
                told.append(callback_of(name, self.settings.gateways[name].callback(body), body))
            except Forged:
                # The door refuses it: nothing of it comes to a topic.
                continue
        return told
