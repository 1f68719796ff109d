"""What lifecycle answers an order's lines: each is done, or given back; with the last of them the order ends.

A line is answered while its resource is in the order's hands. Whatever comes after that, or again, changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from services.checkout.rules.cancelling import held_item, lines_of, not_renewed, returned
from services.checkout.rules.projections import after
from services.checkout.state import Item, Order, OrderLine, StillPoc, line_key
from shared import catalogue
from shared.contracts.charges import GiveBack, ReleaseHold
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceExpired,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.message import Message
from shared.contracts.orders import MOST_FAILURES_TOLD, Ended, Failure, OrderCompleted, PocStopped
from shared.contracts.parts import Product
from shared.contracts.refusals import (
    ClusterConversionRefused,
    ConversionRefused,
    CreationRefused,
    ExpiryRefused,
    RecoveryRefused,
    RenewalRefused,
    ResizeRefused,
)
from shared.contracts.resources import Status
from shared.engine.decision import Cause, Decision, Entity, Known

Done = (
    ResourceCreated
    | ResourceConverted
    | ResourceRenewed
    | ResourceResized
    | ResourceRecovered
    | ResourceExpired
)
Failed = (
    CreationRefused | ConversionRefused | RenewalRefused | ResizeRefused | RecoveryRefused | ExpiryRefused
)

NOTHING: Final = Decision()

# Stopped elsewhere meanwhile: it needed nothing any more, and nobody has failed.
_NO_FAILURE: Final = "already_stopped"
# What is not POC any more, or not there: known before its state tells it (docs/decisions/0303).
_NOT_LEFT: Final[Mapping[str, Status]] = {
    _NO_FAILURE: "expired",
    "resource_deleted": "trash",
    "resource_unknown": "released",
}
# What others say is told on, cut to what a sentence takes: 200 of them stay one message.
_MOST_REASON_CHARACTERS: Final = 60
_MOST_EXPLANATION_CHARACTERS: Final = 240


class _Open(NamedTuple):
    """A line that waits for its answer."""

    order: Order
    line: OrderLine
    item: Item


def line_done(event: Done, known: Known, cause: Cause) -> Decision:
    """The line is had. The resource is known as it is now at once: its own state may be told later."""
    found = _open(event.order, event.resource, known)
    if found is None:
        return NOTHING
    order, line, item = found
    order = order.having(done=order.done + 1)
    return _onward(order, [line.ended("done")], [after(item, event).freed()], [], known, cause)


def line_failed(event: Failed, known: Known, cause: Cause) -> Decision:
    """The line cannot be had: what was paid for it is given back, and the others stand."""
    found = _open(event.order, event.resource, known)
    if found is None:
        return NOTHING
    order, line, item = found
    why = _why(event)
    failed, ended = _failed(order, [line], why), line.ended("failed", why.reason)
    says = [*_given_back(order, [line], cause), *not_renewed(order, [line], (*why, 0), cause)]
    return _onward(failed, [ended], [_as_refused(item.dropped(), why)], says, known, cause)


def cluster_failed(event: ClusterConversionRefused, known: Known, cause: Cause) -> Decision:
    """A metered cluster is converted whole or not at all: none of its lines can be had."""
    order = known.get(Order, event.order)
    if order is None or order.status != "provisioning":
        return NOTHING
    lines = [line for line in lines_of(order, known) if line.status == "pending"]
    why = _why(event)
    items = [_as_refused(item.freed(), why) for line in lines if (item := held_item(line, known)) is not None]
    ended = [line.ended("failed", why.reason) for line in lines]
    return _onward(_failed(order, lines, why), ended, items, _given_back(order, lines, cause), known, cause)


def _open(order: str | None, resource: str, known: Known) -> _Open | None:
    found = known.get(Order, order) if order is not None else None
    item = known.get(Item, resource)
    if found is None or found.status != "provisioning" or item is None or item.open_order != found.id:
        return None
    line = known.get(OrderLine, line_key(found.id, item.open_line))
    assert line is not None, f"line {item.open_line} of order {found.id} is not known"
    return _Open(found, line, item)


class _Why(NamedTuple):
    reason: str
    explanation: str


def _why(event: Failed | ClusterConversionRefused) -> _Why:
    return _Why(event.reason[:_MOST_REASON_CHARACTERS], event.explanation[:_MOST_EXPLANATION_CHARACTERS])


def _as_refused(item: Item, why: _Why) -> Item:
    status = _NOT_LEFT.get(why.reason)
    return replace(item, status=status) if status is not None and item.is_poc else item


def _failed(order: Order, lines: Sequence[OrderLine], why: _Why) -> Order:
    count = len(lines)
    told = [Failure(resource=line.resource, reason=why.reason, explanation=why.explanation) for line in lines]
    return order.having(
        failed=order.failed + count,
        spared=order.spared + (count if why.reason == _NO_FAILURE else 0),
        left=order.left + (count if order.action == "stop_poc" and why.reason not in _NOT_LEFT else 0),
        given_back=order.given_back + sum(_paid(order, line) for line in lines),
        failures=(*order.failures, *told)[:MOST_FAILURES_TOLD],
    )


def _paid(order: Order, line: OrderLine) -> int:
    if order.pay == "hold":
        return line.metered.to_hold if line.metered else 0
    return line.amount


def _given_back(order: Order, lines: Sequence[OrderLine], cause: Cause) -> list[Message]:
    if order.pay == "hold":
        return _released(order, lines, cause)
    return [
        GiveBack(
            account=order.account,
            wallet="poc" if order.pay == "poc" else "credit",
            amount=line.amount,
            why="line_failed",
            order=order.id,
            resource=line.resource,
            effective_at=cause.at,
        )
        for line in lines
        if line.amount > 0
    ]


def _released(order: Order, lines: Sequence[OrderLine], cause: Cause) -> list[Message]:
    amounts: Counter[Product] = Counter()
    for line in lines:
        amounts[catalogue.of(line.kind).product] += _paid(order, line)
    return [
        ReleaseHold(
            account=order.account, order=order.id, product=product, amount=amount, effective_at=cause.at
        )
        for product, amount in amounts.items()
        if amount > 0
    ]


def _onward(
    order: Order,
    lines: Sequence[OrderLine],
    items: Sequence[Item],
    says: Sequence[Message],
    known: Known,
    cause: Cause,
) -> Decision:
    """The order with these lines answered; ended, where they were the last."""
    changes: list[Entity] = [order, *lines, *items]
    if order.done + order.failed < order.lines:
        return Decision(tuple(changes), (), tuple(says))
    status: Ended = "completed" if order.failed == order.spared else "partly_completed"
    ended = order.having(status=status, left=_left(order, items, known), version=order.version)
    # Nothing of it stands: nobody has had the coupon.
    coupon = returned(order, known) if order.done == 0 else ()
    told = (
        _poc_stopped(ended, status, cause) if ended.action == "stop_poc" else _completed(ended, status, cause)
    )
    return Decision((ended, *changes[1:], *coupon), (), (*says, told))


def _left(order: Order, answered: Sequence[Item], known: Known) -> int:
    """How many of its cluster are POC now. Meanwhile another order may have stopped what this one was not for."""
    found = None if order.cluster is None else known.get(StillPoc, order.cluster)
    if found is None:
        return order.left
    now = {item.resource: item for item in answered}
    items = (now.get(resource) or known.get(Item, resource) for resource in found.resources)
    return sum(item is None or item.is_poc for item in items)


def _completed(order: Order, status: Ended, cause: Cause) -> OrderCompleted:
    return OrderCompleted(
        order=order.id,
        subject=order.subject,
        account=order.account,
        action=order.action,
        pay=order.pay,
        auto=order.auto,
        status=status,
        total=order.total,
        given_back=order.given_back,
        done=order.done,
        failed=order.failed,
        effective_at=cause.at,
    )


def _poc_stopped(order: Order, status: Ended, cause: Cause) -> PocStopped:
    return PocStopped(
        order=order.id,
        subject=order.subject,
        account=order.account,
        cluster=order.cluster,
        pay=order.pay,
        status=status,
        total=order.total,
        given_back=order.given_back,
        converted=order.done,
        failed=list(order.failures),
        left=order.left,
        effective_at=cause.at,
    )
