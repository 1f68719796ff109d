"""What the tests of invoicing's rules start from: instants, lines, what lifecycle tells, and the documents that follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from services.invoicing.metered import DueUse, Usage
from services.invoicing.rules import RULES
from services.invoicing.rules import told as telling
from services.invoicing.state import Closing, Invoice
from shared.contracts.invoicing import ClosedBy, InvoiceAction, InvoiceClosed, InvoiceIssued, UsageRecorded
from shared.contracts.lifecycle import ResourceCreated, UsageReported
from shared.contracts.message import Event
from shared.contracts.parts import Line, Metered, Part
from shared.engine.decision import Cause
from shared.money import prorated
from shared.period import minutes_between, months_after, to_minute
from tests.support.spec import Spec, cause_id

AT: Final = datetime(2026, 3, 6, 2, 0, 30, tzinfo=UTC)
NOW: Final = to_minute(AT)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
NEXT_MONTH: Final = months_after(AT, 1)
HALF: Final = AT + 15 * DAY

given: Final = Spec("invoicing", RULES, AT).given

E = TypeVar("E", bound=Event)


def line(
    starts: datetime = NOW,
    until: datetime | None = None,
    *,
    vnd: int = 181_000,
    coupon: int = 0,
    carried: int = 0,
    resource: str = "srv-1",
) -> Line:
    """One server for a month, priced as checkout does."""
    until = until or months_after(starts, 1)
    minutes = minutes_between(starts, until)
    gross = prorated(vnd, 1, minutes)
    return Line(
        resource=resource,
        kind="server",
        flavor="s-general-1x1",
        quantity=1,
        starts=starts,
        until=until,
        minutes=minutes,
        parts=[Part(flavor="s-general-1x1", vnd=vnd, amount=gross)],
        gross=gross,
        coupon=coupon,
        carried=carried,
        amount=gross - coupon - carried,
    )


def metered(quantity: int = 1, vnd: int = 362_000, resource: str = "node-1") -> Metered:
    """One Kubernetes node, by the minute."""
    return Metered(
        resource=resource,
        kind="k8s_node",
        flavor="s-general-2x4",
        quantity=quantity,
        vnd=vnd,
        per="30d",
        estimate=vnd * quantity // 10,
    )


def told(event: type[E], at: datetime = AT, **fields: Any) -> E:
    """What lifecycle tells of srv-1, a server that is paid for a period, as far as nothing else is said."""
    of_server: dict[str, Any] = {
        "account": "acme", "resource": "srv-1", "cluster": "k1", "kind": "server", "product": "vserver",
        "flavor": "s-general-1x1", "quantity": 1, "billing": "prepaid", "order": "o-1", "version": 2,
        "effective_at": at,
        "before": "s-general-2x4", "before_quantity": 1, "trash_until": at + 7 * DAY,
    }  # fmt: skip
    return event.model_validate(of_server | fields)


def told_of_node(event: type[E], at: datetime = AT, **fields: Any) -> E:
    """What lifecycle tells of node-1, whose use is metered."""
    of_node = {
        "resource": "node-1", "cluster": "kube-1", "kind": "k8s_node", "product": "vcontainer",
        "flavor": "s-general-2x4", "billing": "hold", "metered": metered(),
    }  # fmt: skip
    return told(event, at, **(of_node | fields))


def told_of_snapshot(quantity: int = 10, at: datetime = AT) -> ResourceCreated:
    """What lifecycle tells of snap-1, whose use is metered by its size."""
    of_size = Metered(
        resource="snap-1",
        kind="snapshot",
        flavor="snapshot",
        quantity=quantity,
        vnd=5,
        per="gb_hour",
        estimate=quantity * 360,
    )
    return told(
        ResourceCreated, at, resource="snap-1", cluster=None, kind="snapshot", product="snapshot",
        flavor="snapshot", quantity=quantity, billing="hold", metered=of_size,
    )  # fmt: skip


def reported(quantity: int, at: datetime, effective_at: datetime | None = None) -> UsageReported:
    """What lifecycle tells of snap-1's size."""
    return UsageReported(
        account="acme",
        resource="snap-1",
        kind="snapshot",
        product="snapshot",
        flavor="snapshot",
        quantity=quantity,
        at=at,
        effective_at=effective_at or at,
    )


def derived(part: str, asked: int = 1, at: datetime = AT) -> str:
    """The id of what follows from the asked-th message of a test."""
    return Cause(cause_id(asked), "invoicing", at).derive(part)


def invoice(
    of: Line,
    action: InvoiceAction = "create",
    *,
    money: int | None = None,
    carried: int = 0,
    sequence: int = 1,
    month: str = "2026-03",
    asked: int = 1,
    at: datetime = AT,
    closed: Closing | None = None,
) -> Invoice:
    """The invoice of srv-1 that followed from the asked-th message of a test."""
    return Invoice(
        derived("invoice", asked, at), "acme", month, sequence, "srv-1", "k1", "vserver", "server", action, "o-1",
        of.amount if money is None else money, carried, of, at, cause_id(asked), closed,
    )  # fmt: skip


def closing(
    of: Invoice,
    by: ClosedBy,
    *,
    unused_minutes: int,
    unused: int,
    asked: int,
    at: datetime,
    replaced_by: str | None = None,
    order: str | None = "o-1",
) -> Closing:
    """How that invoice was closed by the asked-th message of a test."""
    return Closing(
        "acme", of.id, by, to_minute(at), unused_minutes, unused, replaced_by, order, at, cause_id(asked)
    )


def issued_said(of: Invoice) -> InvoiceIssued:
    """How it is told."""
    return telling.issued(of)


def closed_said(of: Invoice, how: Closing) -> InvoiceClosed:
    """How it is told."""
    assert of.line is not None
    return telling.closed(of, of.line, how)


def recorded_said(of: Usage, at: datetime, until: datetime | None = None) -> UsageRecorded:
    """How it is told, by a message that takes effect at that instant."""
    return telling.recorded(of, Cause(cause_id(1), "invoicing", at), until)


def usage_of_node(
    quantity: int = 1, vnd: int = 362_000, starts: datetime = NOW, asked: int = 1, at: datetime = AT
) -> Usage:
    """The use of node-1 that began with the asked-th message of a test."""
    return Usage(
        derived("usage", asked, at), "acme", "node-1", "kube-1", "vcontainer", "k8s_node", "s-general-2x4",
        quantity, vnd, "30d", starts, cause_id(asked),
    )  # fmt: skip


def usage_of_snapshot(quantity: int = 10, starts: datetime = NOW, asked: int = 1, at: datetime = AT) -> Usage:
    """The use of snap-1 that began with the asked-th message of a test."""
    return Usage(
        derived("usage", asked, at), "acme", "snap-1", None, "snapshot", "snapshot", "snapshot",
        quantity, 5, "gb_hour", starts, cause_id(asked),
    )  # fmt: skip


def due_of(usage: Usage, until: datetime | None = None, invoiced_from: datetime | None = None) -> DueUse:
    """How much of that use is on record: nothing, as long as no month was closed."""
    return DueUse(usage.id, usage.account, usage.resource, usage.starts, until, invoiced_from)
