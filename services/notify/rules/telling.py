"""One event, one mail: which events are told as they are, as what kind of mail, and with which facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from services.notify.rules.mailing import asked_for, written
from services.notify.state import Account, Draft
from shared.contracts.ends import ExpiryReminder, ResourceSuspended
from shared.contracts.holding import DebtStopped, HoldShort, PocWalletEnded, PocWalletEnding
from shared.contracts.lifecycle import ClusterDeleted, ResourceDeleted
from shared.contracts.message import Event
from shared.contracts.notify import Facts, MailKind
from shared.contracts.orders import AutoRenewFailed
from shared.contracts.owed import InvoicePaid, InvoicePartlyPaid
from shared.contracts.payments import PaymentCredited, PaymentLinkIssued
from shared.engine.decision import Cause, Decision, Known, Rule

MOST_EXPLANATION_CHARACTERS: Final = 300
MOST_WORD_CHARACTERS: Final = 64


class Told(NamedTuple):
    """How events of a type are told: `when` leaves out those that are told by another mail."""

    kind: MailKind
    facts: Callable[[Any], Facts]
    when: Callable[[Any], bool] = lambda _: True


def tells(told: Told) -> Rule:
    """The rule that asks for such a mail."""

    def rule(event: Any, known: Known, cause: Cause) -> Decision:
        if not told.when(event):
            return Decision()
        draft = Draft(cause.derive("mail"), told.kind, told.facts(event), event.effective_at)
        return asked_for(known, event.account, [draft])

    return rule


def _deleted(event: ResourceDeleted) -> Facts:
    return Facts(
        resource=event.resource, kind=event.kind, flavor=event.flavor, cluster=event.cluster,
        given_back=event.unused, wallet=event.wallet, until=event.trash_until,
    )  # fmt: skip


def _cluster_deleted(event: ClusterDeleted) -> Facts:
    return Facts(cluster=event.cluster, done=event.resources)


def _suspended(event: ResourceSuspended) -> Facts:
    return Facts(
        resource=event.resource, kind=event.kind, flavor=event.flavor, cluster=event.cluster, until=event.next_at
    )  # fmt: skip


def _expiring(event: ExpiryReminder) -> Facts:
    return Facts(
        resource=event.resource, kind=event.kind, flavor=event.flavor, cluster=event.cluster,
        until=event.until, days=event.days, auto_renew=event.auto_renew,
    )  # fmt: skip


def _auto_renew_failed(event: AutoRenewFailed) -> Facts:
    return Facts(
        resource=event.resource, order=event.order, until=event.until, amount=event.amount, to_add=event.missing,
        reason=event.reason[:MOST_WORD_CHARACTERS], explanation=event.explanation[:MOST_EXPLANATION_CHARACTERS],
    )  # fmt: skip


def _short(event: HoldShort | DebtStopped) -> Facts:
    return Facts(
        product=event.product, held=event.held, needed=event.needed, to_add=event.to_add, days=event.days
    )


def _poc_wallet_ending(event: PocWalletEnding) -> Facts:
    return Facts(days=event.days, balance=event.poc.balance, until=event.poc.until)


def _poc_wallet_ended(event: PocWalletEnded) -> Facts:
    return Facts(amount=event.expired, until=event.poc.until)


def _paid(event: InvoicePaid | InvoicePartlyPaid) -> Facts:
    return Facts(
        number=event.number, amount=event.amount, paid_now=event.paid_now, paid=event.paid,
        outstanding=event.outstanding,
    )  # fmt: skip


def _credited(event: PaymentCredited) -> Facts:
    return Facts(order=event.order, amount=event.amount, number=event.transaction[:MOST_WORD_CHARACTERS])


def payment_asked(event: PaymentLinkIssued, known: Known, cause: Cause) -> Decision:
    """Somebody else is asked to pay: the link goes to him, and to nobody else."""
    account = known.get(Account, event.account) or Account(event.account)
    facts = Facts(order=event.order, amount=event.amount, until=event.until, link=event.link)
    draft = Draft(cause.derive("mail"), "payment_link", facts, event.effective_at)
    return written(account, [draft], [event.payer_email])


TOLD: Final[Mapping[type[Event], Told]] = {
    # What its cluster or its POC wallet took with it is told with that.
    ResourceDeleted: Told("deleted", _deleted, lambda event: event.by == "customer"),
    ClusterDeleted: Told("cluster_deleted", _cluster_deleted),
    # Stopped for debt is told once for all of a product.
    ResourceSuspended: Told("suspended", _suspended, lambda event: event.by == "end"),
    ExpiryReminder: Told("expiring", _expiring),
    AutoRenewFailed: Told("auto_renew_failed", _auto_renew_failed),
    HoldShort: Told("hold_short", _short),
    DebtStopped: Told("debt_stopped", _short),
    PocWalletEnding: Told("poc_wallet_ending", _poc_wallet_ending),
    PocWalletEnded: Told("poc_wallet_ended", _poc_wallet_ended),
    InvoicePaid: Told("invoice_paid", _paid),
    InvoicePartlyPaid: Told("invoice_partly_paid", _paid),
    PaymentCredited: Told("payment_credited", _credited),
}
