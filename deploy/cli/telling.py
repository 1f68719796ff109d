"""What happened, each message as one short sentence for a person who watches."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.charges import Charged, GivenBack, HoldPlaced, HoldReleased
from shared.contracts.ends import ExpiryReminder, ResourceGraceBegan, ResourceReleased, ResourceSuspended
from shared.contracts.invoicing import InvoiceClosed, InvoiceIssued, UsageRecorded
from shared.contracts.lifecycle import (
    ClusterCleared,
    ClusterConverted,
    ResourceConverted,
    ResourceCreated,
    ResourceDeleted,
    ResourceExpired,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.message import Message
from shared.contracts.months import MonthCloseStarted, MonthRecorded
from shared.contracts.orders import (
    AutoRenewFailed,
    OrderCancelled,
    OrderCompleted,
    OrderPaid,
    OrderPlaced,
    PocStopped,
)
from shared.contracts.owed import InvoicePaid, InvoicePartlyPaid
from shared.contracts.payments import (
    GatewayAsked,
    PaymentAbandoned,
    PaymentCredited,
    PaymentFailed,
    PaymentLinkIssued,
    PaymentNoted,
    PaymentOpened,
    PaymentReceived,
    PaymentRequested,
)
from shared.contracts.reserving import CreditReserved, ReserveFreed

WALLETS = {"credit": "credit", "poc": "POC wallet"}


class Told(NamedTuple):
    """A sentence, and whether it is good news, bad, or neither."""

    words: str
    good: bool | None = None


def told(message: Message) -> Told | None:
    """The sentence; None for what nobody watches for."""
    for of_service in (_by_checkout, _by_hold, _set_aside, _by_lifecycle, _by_invoicing, _by_payments):
        if (found := of_service(message)) is not None:
            return found
    return _refusal(message)


def vnd(amount: int) -> str:
    """An amount as it is shown."""
    return f"{amount:,} VND"


def _by_checkout(message: Message) -> Told | None:
    match message:
        case OrderPlaced():
            paid = "" if message.pay == "none" else f", {vnd(message.total)} by {message.pay}"
            return Told(f"order placed: {message.action} of {message.lines}{paid}")
        case OrderPaid():
            return Told("order paid")
        case OrderCancelled():
            short = f"; {vnd(message.missing)} missing" if message.missing else ""
            return Told(f"order cancelled: {message.explanation} ({message.reason}){short}", good=False)
        case OrderCompleted():
            return Told(_ended(message.status, message.done, message.failed), good=not message.failed)
        case PocStopped():
            words = _ended(message.status, message.converted, len(message.failed))
            return Told(f"{words}; {message.left} still POC", good=not message.failed)
    return None


def _ended(status: str, done: int, failed: int) -> str:
    return f"order {status.replace('_', ' ')}: {done} done" + (f", {failed} failed" if failed else "")


def _by_hold(message: Message) -> Told | None:
    match message:
        case Charged():
            return Told(f"{vnd(message.amount)} paid from {WALLETS[message.wallet]}")
        case HoldPlaced():
            return Told(f"{vnd(message.amount)} of credit held for {message.product}")
        case HoldReleased():
            return Told(f"{vnd(message.amount)} of credit held for {message.product} released")
        case GivenBack():
            of = f" for {message.resource}" if message.resource else ""
            why = {"unused": "unused", "line_failed": "not provisioned", "order_cancelled": "order cancelled"}
            return Told(f"{vnd(message.amount)} back to {WALLETS[message.wallet]}{of}: {why[message.why]}")
    return None


def _set_aside(message: Message) -> Told | None:
    match message:
        case CreditReserved():
            return Told(f"{vnd(message.reserved)} of credit set aside until the rest is paid")
        case ReserveFreed():
            return Told(f"{vnd(message.freed)} of credit set aside is available again")
    return None


def _by_lifecycle(message: Message) -> Told | None:
    words = _changed(message)
    if words is None and isinstance(message, ResourceExpired):
        return Told(f"{message.resource} stopped, unpaid; it waits until {message.trash_until:%Y-%m-%d}")
    return _by_time(message) if words is None else Told(words, good=True)


def _by_time(message: Message) -> Told | None:
    match message:
        case AutoRenewFailed():
            return Told(f"{message.resource} not renewed by itself: {message.explanation}", good=False)
        case ResourceGraceBegan():
            return Told(f"{message.resource} has run out; it runs on until {message.next_at:%Y-%m-%d}")
        case ResourceSuspended():
            return Told(f"{message.resource} stopped; it waits until {message.next_at:%Y-%m-%d}", good=False)
        case ResourceReleased():
            return Told(f"{message.resource} is gone for good")
        case ExpiryReminder():
            return Told(f"{message.resource}: its owner is reminded of its end on {message.until:%Y-%m-%d}")
    return None


def _changed(message: Message) -> str | None:
    match message:
        case ResourceConverted():
            words = f"{message.resource} is {_billed(message.billing)} now"
        case ResourceCreated():
            words = f"{message.resource} created ({message.flavor})"
        case ResourceRenewed():
            until = f" until {message.line.until:%Y-%m-%d %H:%M}Z" if message.line else ""
            words = f"{message.resource} renewed{until}"
        case ResourceResized():
            words = f"{message.resource} resized: {message.before} to {message.flavor}"
        case ResourceRecovered():
            words = f"{message.resource} recovered"
        case ResourceDeleted():
            words = f"{message.resource} deleted"
        case ClusterConverted():
            words = f"all {message.resources} of {message.cluster} are metered now"
        case ClusterCleared():
            words = f"{message.cluster} is no longer POC"
        case _:
            return None
    return words


def _billed(billing: str) -> str:
    return {"prepaid": "paid", "hold": "metered", "postpaid": "metered", "poc": "POC"}[billing]


def _by_invoicing(message: Message) -> Told | None:
    match message:
        case InvoiceIssued():
            of = message.resource or "all that is paid by its use"
            return Told(f"invoice {message.number}: {of}, {vnd(message.amount)}, {message.status}")
        case InvoiceClosed():
            return Told(f"invoice {message.number} closed: {vnd(message.unused)} unused")
        case UsageRecorded(until=None):
            return Told(f"use of {message.resource} is metered from here on")
    return _of_months(message)


def _of_months(message: Message) -> Told | None:
    match message:
        case InvoicePaid():
            return Told(f"invoice {message.number} paid: {vnd(message.paid_now)} now", good=True)
        case InvoicePartlyPaid():
            return Told(
                f"invoice {message.number}: {vnd(message.paid_now)} paid, {vnd(message.outstanding)} still owed"
            )
        case MonthCloseStarted():
            return Told(f"the month {message.month} is being recorded, in {message.shards} shares")
        case MonthRecorded(page=1):
            return Told(f"use of {message.month} recorded: {vnd(message.amount)}")
    return None


def _by_payments(message: Message) -> Told | None:
    match message:
        case PaymentRequested():
            return Told(f"{vnd(message.total)} to be paid by {message.gateway}, until {message.until:%H:%M}")
        case GatewayAsked():
            words = "asked for a payment" if message.act == "create" else "asked how the payment stands"
            return Told(f"{message.gateway} {words}: {vnd(message.amount)}")
        case PaymentNoted():
            return Told(f"{message.gateway} says {message.outcome} ({message.verdict.replace('_', ' ')})")
        case PaymentOpened():
            return Told(
                f"{vnd(message.amount)} can be paid by {message.gateway}, until {message.until:%H:%M}"
            )
        case PaymentLinkIssued():
            return Told(f"{message.payer_email} has a link to pay {vnd(message.amount)}")
    return _paid_or_not(message)


def _paid_or_not(message: Message) -> Told | None:
    match message:
        case PaymentReceived():
            return Told(f"{vnd(message.amount)} received by {message.gateway}", good=True)
        case PaymentCredited():
            return Told(
                f"{vnd(message.amount)} received by {message.gateway}, not needed any more: it is credit now"
            )
        case PaymentFailed():
            return Told(f"not paid: {message.explanation} ({message.reason})", good=False)
        case PaymentAbandoned():
            return Told("the payment is not waited for any more")
    return None


def _refusal(message: Message) -> Told | None:
    if not type(message).__name__.endswith("Refused"):
        return None
    said = message.model_dump()
    about = said.get("resource") or said.get("cluster") or said.get("product")
    missing = f"; {vnd(said['missing'])} missing" if said.get("missing") else ""
    words = f"{said.get('explanation')} ({said.get('reason')}){missing}"
    return Told(f"{about}: {words}" if about else words, good=False)
