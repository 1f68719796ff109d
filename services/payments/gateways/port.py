"""The port that every gateway has: what is asked of it as an HTTP request, and what its bytes mean.

Nothing that comes by callback is believed before its signature is; amounts and orders are compared by the rules, which
know our own.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

from services.payments.gateways.keys import Account

# What a gateway says of a payment: `absent` knows nothing of it, `unclear` says nothing that can be relied on.
Outcome = Literal["pending", "paid", "failed", "absent", "unclear"]
RefundOutcome = Literal["done", "pending", "refused", "unclear"]


class Forged(Exception):
    """A callback that is not the gateway's, or not in its form. The text says which check, and repeats nothing of it."""


class Request(NamedTuple):
    """What is sent, by POST."""

    url: str
    content_type: str
    body: bytes


class Response(NamedTuple):
    """What came back."""

    status: int
    body: bytes


class Payment(NamedTuple):
    """What is to be paid. Asked again with the same order and instant, it is the same payment."""

    order: str
    account: str
    amount: int
    at: datetime
    until: datetime


class Refund(NamedTuple):
    """What is to be paid back of a payment; the same `id` is the same refund."""

    id: str
    transaction: str
    amount: int
    at: datetime


class Told(NamedTuple):
    """What a gateway said of an order's payment, in our words; `code` is its own."""

    order: str
    outcome: Outcome
    amount: int = 0
    transaction: str = ""
    pay_url: str = ""
    code: str = ""


class Answer(NamedTuple):
    """What a callback is answered with."""

    status: int
    body: bytes = b""


class Gateway(Protocol):
    """One gateway, as one merchant sees it."""

    # What one payment, and one refund, can be.
    least: int
    most: int

    def __init__(self, account: Account) -> None: ...

    def create(self, payment: Payment) -> Request:
        """Makes a payment that somebody can then pay."""

    def created(self, payment: Payment, response: Response) -> Told:
        """What that was answered with."""

    def query(self, payment: Payment, at: datetime) -> Request:
        """Asks how a payment stands."""

    def queried(self, payment: Payment, response: Response) -> Told:
        """What that was answered with."""

    def refund(self, refund: Refund) -> Request:
        """Pays back; ValueError where no such refund can be."""

    def refunded(self, response: Response) -> RefundOutcome:
        """What that was answered with."""

    def callback(self, body: bytes) -> Told:
        """What the gateway tells of its own accord; `Forged` where it is not the gateway."""

    def taken(self, *, again: bool) -> Answer:
        """For a callback that is stored."""

    def refused(self) -> Answer:
        """For one that is forged."""

    def not_now(self) -> Answer:
        """For one that could not be stored: it is to come again."""


def fields_of(response: Response) -> dict[str, Any] | None:
    """The answer's fields; None where it has none: an error page, or something cut off."""
    if response.status != 200:
        return None
    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def checked(refund: Refund, gateway: Gateway) -> int:
    """The number of what is paid back; ValueError where it is none, or a gateway pays no such amount back."""
    if not gateway.least <= refund.amount <= gateway.most:
        raise ValueError(f"a refund is {gateway.least} to {gateway.most} VND, not {refund.amount}")
    if (transaction := whole(refund.transaction)) is None:
        raise ValueError(f"a refund is of a transaction, which {refund.transaction!r} is not")
    return transaction


def whole(value: object) -> int | None:
    """The number, where it is a whole one; in JSON, true is none, and 1.0 is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    return None


def as_json(fields: object) -> bytes:
    """Fields as they are sent."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
