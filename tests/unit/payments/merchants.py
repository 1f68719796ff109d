"""A merchant at each gateway, as it has it itself and as the gateway has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from deploy.sandbox.ledger import Ledger
from deploy.sandbox.sides import Merchant, MomoSide, Side, ZalopaySide
from services.payments.gateways import GATEWAYS
from services.payments.gateways.keys import Account, Key
from services.payments.gateways.port import Gateway, Payment, Request, Response, as_json

AT: Final = datetime(2026, 3, 6, 18, 30, tzinfo=UTC)
ORDER: Final = "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11"
PAYMENT: Final = Payment(ORDER, "acme", 724_000, AT, AT + timedelta(minutes=15))


@dataclass
class Pair:
    """Our adapter and the gateway it speaks to."""

    name: str
    ours: Gateway
    theirs: Side
    ledger: Ledger

    def sent(self, request: Request) -> Response:
        """What the gateway answers."""
        act = request.url.rpartition("/")[2]
        if act == "create":
            answer, _ = self.theirs.create(request.body, AT, "http://sandbox")
        else:
            answer = (
                self.theirs.query(request.body, AT) if act == "query" else self.theirs.refund(request.body)
            )
        return Response(200, as_json(answer))

    def made(self, payment: Payment = PAYMENT) -> str:
        """Makes the payment; its id at the gateway."""
        self.sent(self.ours.create(payment))
        return list(self.ledger.entries)[-1]

    def told(self, id_: str, *, amount: int | None = None, forged: bool = False) -> bytes:
        """What the gateway tells of that payment."""
        entry = self.ledger.entries[id_]
        body = self.theirs.callback(entry, amount=amount or entry.amount, forged=forged)
        assert body is not None
        return body


def account(name: str) -> Account:
    """Ours."""
    merchant = {"momo": "MOMOTEST", "zalopay": "2553"}[name]
    keys = (Key(b"callback-key"),)
    urls = ("http://gateway", "http://door/callbacks", "http://door/returned")
    return Account(merchant, Key(b"request-key"), keys, *urls, ("access",))


def with_keys(name: str, *keys: str) -> Gateway:
    """Our adapter, taking callbacks signed with these."""
    checking = tuple(Key(key.encode()) for key in keys)
    return GATEWAYS[name](replace(account(name), checking=checking))


def pair(name: str) -> Pair:
    """Both sides, with nothing paid yet."""
    ledger = Ledger(Random(1))
    merchant = Merchant(account(name).merchant, "request-key", "callback-key", "access")
    sides: dict[str, type[MomoSide | ZalopaySide]] = {"momo": MomoSide, "zalopay": ZalopaySide}
    return Pair(name, GATEWAYS[name](account(name)), sides[name](merchant, ledger), ledger)
