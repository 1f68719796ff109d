"""A message may be about another thing than its key: the key says where it goes, what it is about is its subject and is
numbered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from shared.contracts.cloudevents import Envelope
from shared.contracts.message import Command, Event, Id, Message
from shared.contracts.registry import Registry
from shared.engine.batch import decide
from shared.engine.decision import Cause, Decision, Known, changed
from shared.engine.intake import Read, StoredRecord
from shared.engine.service import Ask, Service, Store


class Order(Command, service="shop", key="shelf"):
    """Orders."""

    shelf: Id


class Ordered(Event, service="shop", key="shelf", about="basket"):
    """An order was placed."""

    shelf: Id
    basket: Id


@dataclass(frozen=True)
class Basket:
    """What is numbered."""

    key: str


def _order(ask: Order, _known: Known, _cause: Cause) -> Decision:
    return changed(Basket("b-1"), says=(Ordered(shelf=ask.shelf, basket="b-1"),))


def _asked(number: int, message: Message) -> Read:
    cause = Cause(f"00000000-0000-7000-8000-{number:012d}", "shop", datetime(2026, 3, 6, tzinfo=UTC))
    record = StoredRecord("billing.shop.commands.v1", 3, number, 0, None, None, ())
    return Read(
        record,
        Ask(message.key, message, Envelope(cause.id, message.type, "/test", message.key, cause.id), cause),
    )


def test_an_event_goes_by_its_key_and_is_numbered_by_what_it_is_about() -> None:
    registry = Registry((Order, Ordered))
    rules: dict[type[Message], Any] = {Order: _order}
    shop = Service("shop", registry, rules, (Basket,), {}, cast(Store, None), Path())
    result = decide(shop, [_asked(nr, Order(shelf="s-1")) for nr in (1, 2)], Known(), set())
    [bundle] = result.bundles
    said = [outgoing.envelope for outgoing in bundle.messages]
    assert [(one.key, one.subject, one.sequence) for one in said] == [("s-1", "b-1", 1), ("s-1", "b-1", 2)]
