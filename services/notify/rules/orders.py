"""One order, one mail: what came of an order's resources is gathered until all of it is there, and told together.

Its end, what was done, what was not and the invoices come from three services, in whatever order. One mail tells what
was done; another, once the last invoice is there, tells the invoices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.notify.rules.mailing import asked_for
from services.notify.rules.telling import MOST_EXPLANATION_CHARACTERS, MOST_WORD_CHARACTERS
from services.notify.state import Draft, Ended, Order, Part
from shared import ids
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import (
    OfResource,
    ResourceConverted,
    ResourceCreated,
    ResourceExpired,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.message import Instant
from shared.contracts.notify import MOST_ITEMS, Facts, MailItem, MailKind
from shared.contracts.orders import Failure, OrderCompleted, PocStopped
from shared.contracts.refusals import CreationRefused, RecoveryRefused, RenewalRefused, ResizeRefused
from shared.engine.decision import Cause, Decision, Known

Done = (
    ResourceCreated
    | ResourceConverted
    | ResourceRenewed
    | ResourceResized
    | ResourceRecovered
    | ResourceExpired
)
Failed = CreationRefused | RenewalRefused | ResizeRefused | RecoveryRefused

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final[Mapping[str, MailKind]] = {
    "buy": "created", "renew": "renewed", "resize": "resized", "recover": "recovered",
}  # fmt: skip


def part_done(event: Done, known: Known, cause: Cause) -> Decision:
    """A resource of an order was done. What no order did is told by whoever did it."""
    if event.order is None:
        return Decision()
    invoiced = event.billing == "prepaid" and event.line is not None
    return _having(Part(event.order, "done", event.resource, _item(event), invoiced), event.account, known)


def failed(event: Failed, known: Known, cause: Cause) -> Decision:
    """A resource of an order was not done."""
    if event.order is None:
        return Decision()
    item = _failure(event.resource, event.reason, event.explanation)
    return _having(Part(event.order, "failed", event.resource, item), event.account, known)


def order_ended(event: OrderCompleted, known: Known, cause: Cause) -> Decision:
    """An order has come to its end: told once everything it did is heard."""
    kind: MailKind = "auto_renewed" if event.auto else _KINDS[event.action]
    facts = Facts(
        order=event.order, subject=event.subject, pay=event.pay, amount=event.total,
        given_back=event.given_back, done=event.done, failed=event.failed,
    )  # fmt: skip
    ended = Ended(kind, facts, event.done, event.failed, event.effective_at)
    return _ended(event.order, event.account, ended, known)


def poc_stopped(event: PocStopped, known: Known, cause: Cause) -> Decision:
    """A Stop POC has come to its end; why something was not converted, it says itself."""
    not_done = [_told(failure) for failure in event.failed]
    facts = Facts(
        order=event.order, subject=event.subject, cluster=event.cluster, pay=event.pay, amount=event.total,
        given_back=event.given_back, done=event.converted, failed=len(not_done), left=event.left, not_done=not_done,
    )  # fmt: skip
    if event.order is None:
        draft = Draft(cause.derive("mail"), "poc_stopped", facts, event.effective_at)
        return asked_for(known, event.account, [draft])
    ended = Ended("poc_stopped", facts, event.converted, 0, event.effective_at)
    return _ended(event.order, event.account, ended, known)


def invoiced(event: InvoiceIssued, known: Known, cause: Cause) -> Decision:
    """An invoice of an order is told with the order's others; one for use, by itself."""
    if event.order is not None and event.resource is not None:
        part = Part(event.order, "invoice", event.resource, _of_invoice(event))
        return _having(part, event.account, known)
    facts = Facts(
        number=event.number, month=event.month, resource=event.resource, amount=event.amount, paid=event.paid,
        outstanding=event.amount - event.paid,
        items=[MailItem(product=each.product, amount=each.amount) for each in event.totals],
    )  # fmt: skip
    draft = Draft(cause.derive("mail"), "invoice_issued", facts, event.effective_at)
    return asked_for(known, event.account, [draft])


def _having(part: Part, account: str, known: Known) -> Decision:
    order = known.get(Order, part.order) or Order(part.order, account)
    if order.is_over or (part.of, part.resource) in order.parts:
        return Decision()
    return _onward(order.having(part), known, (part,))


def _ended(order: str, account: str, ended: Ended, known: Known) -> Decision:
    found = known.get(Order, order) or Order(order, account)
    return _onward(replace(found, ended=ended), known)


def _onward(order: Order, known: Known, parts: tuple[Part, ...] = ()) -> Decision:
    """The order as it is now, and whatever can be told of it."""
    drafts = []
    ended = order.ended
    if ended is not None and order.is_whole:
        if not order.told:
            drafts.append(_draft(order, ended.kind, _facts(order, ended.facts), ended.at))
        invoices = not order.invoices_told and order.has_invoices
        if invoices:
            drafts.append(_draft(order, "invoice_issued", _invoices(order, ended.facts), ended.at))
        order = replace(order, told=True, invoices_told=order.invoices_told or invoices)
    mails = asked_for(known, order.account, drafts)
    return Decision((order, *mails.changes), (*parts, *mails.adds), mails.says)


def _draft(order: Order, kind: MailKind, facts: Facts, at: Instant) -> Draft:
    # By the order, and not by what was heard of it last: the same mail, in whichever order it was heard.
    mail = ids.derived_id(order.id, f"mail/{kind}", (at - _EPOCH) // timedelta(milliseconds=1))
    return Draft(mail, kind, facts, at)


def _facts(order: Order, facts: Facts) -> Facts:
    items = [part.item for part in order.of("done")]
    not_done = facts.not_done or [part.item for part in order.failures]
    told = {"items": items[:MOST_ITEMS], "not_done": not_done[:MOST_ITEMS], "more": _more(items)}
    return facts.model_copy(update=told)


def _invoices(order: Order, facts: Facts) -> Facts:
    items = [part.item for part in order.of("invoice")]
    return Facts(
        order=order.id,
        subject=facts.subject,
        amount=sum(item.amount or 0 for item in items),
        outstanding=0,
        items=items[:MOST_ITEMS],
        more=_more(items),
    )


def _more(items: Sequence[MailItem]) -> int:
    return max(0, len(items) - MOST_ITEMS)


def _item(event: OfResource) -> MailItem:
    line = event.line
    return MailItem(
        resource=event.resource, kind=event.kind, flavor=event.flavor, quantity=event.quantity,
        product=event.product, amount=None if line is None else line.amount,
        until=None if line is None else line.until,
    )  # fmt: skip


def _told(failure: Failure) -> MailItem:
    return _failure(failure.resource, failure.reason, failure.explanation)


def _failure(resource: str, reason: str, explanation: str) -> MailItem:
    return MailItem(
        resource=resource,
        reason=reason[:MOST_WORD_CHARACTERS],
        explanation=explanation[:MOST_EXPLANATION_CHARACTERS],
    )


def _of_invoice(event: InvoiceIssued) -> MailItem:
    return MailItem(
        resource=event.resource, kind=event.kind, amount=event.amount, number=event.number, product=event.product
    )  # fmt: skip
