"""What a payer does with a payment, as its way has it, and what the gateway tells of that, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from deploy.sandbox.ledger import Entry
from deploy.sandbox.sides import Side

# So much more than was paid is told, where a wrong amount is.
_WRONG_VND: Final = 1_000


def acted(side: Side, entry: Entry, now: datetime) -> list[bytes]:
    """Pays, declines, or does nothing."""
    if entry.behaviour == "never":
        return []
    return declined(side, entry) if entry.behaviour == "declines" else paid(side, entry, now)


def paid(side: Side, entry: Entry, now: datetime) -> list[bytes]:
    """Pays, while that is possible."""
    if not entry.pay(now) or entry.behaviour == "silent":
        return []
    wrong = _WRONG_VND if entry.behaviour == "wrong_amount" else 0
    forged = entry.behaviour == "forged"
    told = [
        side.callback(replace(entry, transaction=number), amount=entry.amount + wrong, forged=forged)
        for number in entry.payments
    ]
    return [body for body in told if body is not None] * (2 if entry.behaviour == "twice" else 1)


def declined(side: Side, entry: Entry) -> list[bytes]:
    """Says no, unless it is paid."""
    if entry.status != "unpaid":
        return []
    entry.status = "declined"
    told = side.callback(entry, amount=entry.amount, forged=False)
    return [told] if told is not None else []
