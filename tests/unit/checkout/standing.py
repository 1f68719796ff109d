"""What the tests of acts on resources that stand start from: acme's server, what things cost, and orders as they
are placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from services.checkout.reasons import Reason
from services.checkout.rules import RULES
from services.checkout.state import Held, Item, Order, OrderLine, Price, PriceVersion
from shared import catalogue
from shared.contracts.charges import PlaceCharge, PlaceHold
from shared.contracts.checkout import Action, PaidBy
from shared.contracts.message import Command, Message
from shared.contracts.orders import OrderPaid, OrderPlaced, OrderRefused
from shared.contracts.parts import Kind, Line, Metered, Part, Per, Term
from shared.engine.decision import Cause, Entity, Known
from tests.support.spec import Spec, cause_id
from tests.unit.checkout.instants import AT, DAY, MINUTE, MONTH, TODAY

given: Final = Spec("checkout", RULES, AT).given
ORDER: Final = Cause(cause_id(1), "checkout", AT).derive("order")

# A month was bought twenty days ago: ten days of it are left.
BOUGHT: Final = TODAY - 20 * DAY
ENDS: Final = TODAY + 10 * DAY
TERM: Final = Term(starts=BOUGHT, until=ENDS, paid=181_000)
SERVER: Final = Item("srv-1", "acme", "server", "s-1x1", 1, "k1", until=ENDS, terms=(TERM,), version=3)
ON_POC: Final = replace(SERVER, billing="poc")
NODE: Final = Item("node-1", "acme", "k8s_node", "n-2x4", 2, "k1", billing="hold", version=3)
TRASHED: Final = replace(SERVER, status="trash", until=TODAY - DAY, terms=(), trash_until=TODAY + 6 * DAY)


def price(kind: Kind, flavor: str, vnd: int, *, per: Per = "30d", discount: int = 0) -> Price:
    """It has always cost that."""
    return Price(kind, flavor, (PriceVersion(BOUGHT, vnd, per, discount),))


PRICES: Final = (
    price("server", "s-1x1", 181_000),
    price("server", "s-2x4", 362_000),
    price("server", "boot-20", 20_000),
    price("server", "on-sale", 100_000, discount=10),
    price("server", "dear", 9 * 10**15),
    price("k8s_node", "n-2x4", 300_000),
    price("k8s_node", "n-4x8", 600_000),
    price("snapshot", "snapshot", 5, per="gb_hour"),
)


def known(*entities: Entity) -> Known:
    """These are all that is known."""
    return given(*entities).known


def line(starts: datetime, until: datetime, *parts: Part, item: Item = SERVER, **said: Any) -> Line:
    """A line of these parts; what lowers it is said."""
    gross, discount = sum(part.amount for part in parts), sum(part.discount for part in parts)
    lowered = discount + said.get("coupon", 0) + said.get("carried", 0)
    whole = {
        "resource": item.resource, "kind": item.kind, "flavor": "+".join(part.flavor for part in parts),
        "quantity": item.quantity, "starts": starts, "until": until, "minutes": (until - starts) // MINUTE,
        "parts": list(parts), "gross": gross, "discount": discount, "amount": gross - lowered,
    }  # fmt: skip
    return Line.model_validate(whole | said)


def month_of(
    starts: datetime, *, vnd: int = 181_000, flavor: str = "s-1x1", item: Item = SERVER, **said: Any
) -> Line:
    """A line of one part for one month."""
    part = Part(flavor=flavor, vnd=vnd, amount=vnd * item.quantity)
    return line(starts, starts + MONTH, part, item=item, **said)


class Ordered(NamedTuple):
    """What follows from placing an order."""

    says: tuple[Message, ...]
    now: tuple[Entity, ...]


def ordered(
    action: Action,
    *priced: tuple[Item, Line | Metered],
    pay: PaidBy = "credit",
    coupon: str | None = None,
    asks: Sequence[Message] | None = None,
) -> Ordered:
    """The order over these, its payment asked for; or, where it `asks` lifecycle at once, paid already."""
    lines = [_line(number, item, each) for number, (item, each) in enumerate(priced, start=1)]
    holds = tuple(
        Held(catalogue.of(line.kind).product, line.metered.to_hold)
        for line in lines
        if line.metered and line.metered.to_hold
    )
    total = sum(line.amount for line in lines) + sum(hold.amount for hold in holds)
    said: dict[str, Any] = {
        "order": ORDER, "account": "acme", "subject": lines[0].resource, "action": action, "pay": pay,
        "total": total, "effective_at": AT,
    }  # fmt: skip
    placed = OrderPlaced.model_validate(said | {"lines": len(lines), "coupon": coupon})
    order = Order(
        *(ORDER, lines[0].resource, "acme", action, pay, "awaiting_payment", total, len(lines), AT),
        coupon=coupon,
        holds=holds,
    )
    items = [item.claimed(ORDER, number) for number, (item, _) in enumerate(priced, start=1)]
    if asks is not None:
        paid = OrderPaid.model_validate(said)
        return Ordered((placed, paid, *asks), (replace(order, status="provisioning"), *lines, *items))
    return Ordered((placed, *_payment(order)), (order, *lines, *items))


def _line(number: int, item: Item, priced: Line | Metered) -> OrderLine:
    line, metered = (priced, None) if isinstance(priced, Line) else (None, priced)
    return OrderLine(
        *(
            ORDER,
            number,
            item.resource,
            item.kind,
            priced.flavor,
            priced.quantity,
            line,
            metered,
            item.cluster,
        )
    )


def _payment(order: Order) -> list[Message]:
    said: dict[str, Any] = {"account": "acme", "order": ORDER, "effective_at": AT}
    if order.pay == "hold":
        return [PlaceHold(product=hold.product, amount=hold.amount, **said) for hold in order.holds]
    return [PlaceCharge(wallet="poc" if order.pay == "poc" else "credit", amount=order.total, **said)]


def refused(ask: Command, action: Action, reason: Reason) -> OrderRefused:
    """Nothing was ordered."""
    return OrderRefused(
        subject=ask.key,
        account="acme",
        action=action,
        reason=reason.value,
        explanation=reason.sentence,
        effective_at=AT,
    )
