"""What is asked of lifecycle once an order is paid: one command for each line, or one for a whole metered cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from services.checkout.state import Order, OrderLine
from shared.contracts.checkout import Action
from shared.contracts.message import Message
from shared.contracts.orders import OrderPaid
from shared.contracts.resources import (
    Billing,
    ConvertCluster,
    ConvertResource,
    CreateResource,
    ExpireResource,
    RecoverResource,
    RenewResource,
    ResizeResource,
)

_BILLING: Final[Mapping[str, Billing]] = {"poc": "poc", "hold": "hold", "postpaid": "postpaid"}


def begun(order: Order, lines: Sequence[OrderLine], at: datetime) -> tuple[Order, list[Message]]:
    """The order, paid and being done, and what is said of it. However late it is paid, it is done as of the order's instant:
    so it was priced, and from there on it was paid for."""
    paid = OrderPaid(
        order=order.id,
        subject=order.subject,
        account=order.account,
        action=order.action,
        pay=order.pay,
        auto=order.auto,
        total=order.total,
        effective_at=at,
    )
    return order.having(status="provisioning"), [paid, *_asked(order, lines)]


def _asked(order: Order, lines: Sequence[OrderLine]) -> list[Message]:
    at = order.placed_at
    if order.action == "stop_poc" and order.pay == "hold" and order.cluster is not None:
        return [_convert_cluster(order, lines, at)]
    ask = _expire if order.pay == "none" else _ASKS[order.action]
    return [ask(order, line, at) for line in lines]


def _convert_cluster(order: Order, lines: Sequence[OrderLine], at: datetime) -> Message:
    metered = [line.metered for line in lines if line.metered is not None]
    return ConvertCluster(
        account=order.account,
        order=order.id,
        cluster=order.cluster or order.subject,
        metered=metered,
        effective_at=at,
    )


def _expire(order: Order, line: OrderLine, at: datetime) -> Message:
    return ExpireResource(account=order.account, order=order.id, resource=line.resource, effective_at=at)


def _convert(order: Order, line: OrderLine, at: datetime) -> Message:
    return ConvertResource(
        account=order.account,
        order=order.id,
        resource=line.resource,
        line=line.line,
        metered=line.metered,
        auto_renew=line.auto_renew,
        months=line.months,
        effective_at=at,
    )


def _create(order: Order, line: OrderLine, at: datetime) -> Message:
    return CreateResource(
        account=order.account,
        order=order.id,
        resource=line.resource,
        cluster=line.cluster,
        kind=line.kind,
        flavor=line.flavor,
        quantity=line.quantity,
        billing=_BILLING.get(order.pay, "prepaid"),
        line=line.line,
        metered=line.metered,
        auto_renew=line.auto_renew,
        months=line.months,
        effective_at=at,
    )


def _renew(order: Order, line: OrderLine, at: datetime) -> Message:
    assert line.line is not None
    return RenewResource(
        account=order.account,
        order=order.id,
        resource=line.resource,
        line=line.line,
        auto=order.auto,
        effective_at=at,
    )


def _resize(order: Order, line: OrderLine, at: datetime) -> Message:
    return ResizeResource(
        account=order.account,
        order=order.id,
        resource=line.resource,
        line=line.line,
        metered=line.metered,
        effective_at=at,
    )


def _recover(order: Order, line: OrderLine, at: datetime) -> Message:
    return RecoverResource(
        account=order.account,
        order=order.id,
        resource=line.resource,
        line=line.line,
        metered=line.metered,
        effective_at=at,
    )


_ASKS: Final[Mapping[Action, Callable[[Order, OrderLine, datetime], Message]]] = {
    "stop_poc": _convert,
    "buy": _create,
    "renew": _renew,
    "resize": _resize,
    "recover": _recover,
}
