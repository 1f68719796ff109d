"""Signed links for somebody else who is to pay: an order and an instant, which nobody but us can have written. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from services.payments.gateways.keys import Key, is_signed


def link_of(door: str, order: str, until: datetime, key: Key) -> str:
    """The link that is good for that order, until then."""
    good = f"{order}~{int(until.timestamp())}"
    return f"{door}/pay/{good}~{key.sign(f'pay/{good}')}"


def order_in(token: str, keys: Sequence[Key], now: datetime) -> str | None:
    """The order that the link's last part is for; None where it is not ours, or its time is over."""
    good, _, signature = token.rpartition("~")
    if not is_signed(f"pay/{good}", signature, keys):
        return None
    order, _, until = good.rpartition("~")
    return order if now < datetime.fromtimestamp(int(until), UTC) else None
