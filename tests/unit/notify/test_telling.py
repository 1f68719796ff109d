"""One event, one mail: its kind, its facts, and to whom; and which events are told by another mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from services.notify.rules.telling import TOLD
from services.notify.state import Account, Draft, Recipient
from shared.contracts.ends import ExpiryReminder, ResourceSuspended
from shared.contracts.hold import AccountOpened
from shared.contracts.holding import DebtStopped, HoldShort, PocWalletEnded, PocWalletEnding
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import ClusterDeleted, ResourceDeleted
from shared.contracts.message import Event
from shared.contracts.notify import Facts, MailItem, MailKind
from shared.contracts.orders import AutoRenewFailed
from shared.contracts.owed import InvoicePaid, InvoicePartlyPaid
from shared.contracts.payments import PaymentCredited, PaymentLinkIssued
from tests.unit.notify.cases import AT, OWNER, account, given, heard, letters, mail, mail_of


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SRV: Final[dict[str, Any]] = {
    "resource": "srv-1", "kind": "server", "flavor": "s-general-1x1", "cluster": "k1",
}  # fmt: skip

EVERY: Final[dict[type[Event], tuple[MailKind, Facts]]] = {
    ResourceDeleted: (
        "deleted",
        Facts(**SRV, given_back=90_500, wallet="credit", until=utc("2026-03-13T02:00")),
    ),
    ClusterDeleted: ("cluster_deleted", Facts(cluster="k1", done=30)),
    ResourceSuspended: ("suspended", Facts(**SRV, until=utc("2026-05-05T02:00"))),
    ExpiryReminder: (
        "expiring",
        Facts(**SRV, until=utc("2026-04-05T02:00"), days=7, auto_renew=False),
    ),
    AutoRenewFailed: (
        "auto_renew_failed",
        Facts(
            resource="srv-2", order=AutoRenewFailed.example["order"], until=utc("2026-04-05T02:00"), amount=181_000,
            to_add=31_000, reason="credit_short", explanation="Less credit is available than that.",
        ),
    ),
    HoldShort: (
        "hold_short",
        Facts(product="vcontainer", held=30_000, needed=54_300, to_add=24_300, days=1),
    ),
    DebtStopped: (
        "debt_stopped",
        Facts(product="vcontainer", held=30_000, needed=54_300, to_add=24_300, days=5),
    ),
    PocWalletEnding: (
        "poc_wallet_ending",
        Facts(days=7, balance=4_100_000, until=utc("2026-05-31T17:00")),
    ),
    PocWalletEnded: ("poc_wallet_ended", Facts(amount=4_100_000, until=utc("2026-05-31T17:00"))),
    PaymentCredited: (
        "payment_credited",
        Facts(order=PaymentCredited.example["order"], amount=524_000, number="4088878653"),
    ),
    InvoicePaid: (
        "invoice_paid",
        Facts(number="2026-03-000007", amount=181_000, paid_now=81_000, paid=181_000, outstanding=0),
    ),
    InvoicePartlyPaid: (
        "invoice_partly_paid",
        Facts(number="2026-03-000007", amount=181_000, paid_now=100_000, paid=100_000, outstanding=81_000),
    ),
}  # fmt: skip


def test_every_event_that_is_told_by_itself_is_tried_here() -> None:
    assert set(EVERY) == set(TOLD)


@pytest.mark.parametrize("event", EVERY, ids=lambda event: event.__name__)
def test_an_event_is_told_by_one_mail_to_everyone_who_wants_it(event: type[Event]) -> None:
    kind, facts = EVERY[event]
    told: Any = heard(event)
    waits = Recipient("later@acme.example", "i-2", AT)
    others = (Recipient("ops@acme.example", "i-1", AT, confirmed=True), waits)
    asked = mail(mail_of(1), kind, facts, told.effective_at, to=(OWNER, "ops@acme.example"), language="en")
    given(account(recipients=others, language="en")).when(told).then(asked, adds=letters(asked))


def test_what_went_with_its_cluster_or_its_poc_wallet_has_no_mail_of_its_own() -> None:
    for by in ("cluster", "poc_wallet"):
        given(account()).when(heard(ResourceDeleted, by=by)).then()


def test_what_was_stopped_for_debt_is_told_once_for_all_of_it() -> None:
    given(account()).when(heard(ResourceSuspended, by="debt")).then()


def test_long_explanations_are_cut_to_what_a_mail_holds() -> None:
    told = heard(AutoRenewFailed, explanation="x" * 999, reason="r" * 99)
    case = given(account()).when(told)
    [asked] = case.decisions[0].says
    assert len(asked.facts.explanation) == 300  # type: ignore[attr-defined]
    assert len(asked.facts.reason) == 64  # type: ignore[attr-defined]


def test_what_happens_before_the_owner_is_known_waits_for_him_and_is_told_once() -> None:
    first, second = heard(ClusterDeleted), heard(ClusterDeleted, cluster="k2")
    drafts = tuple(
        Draft(mail_of(number), "cluster_deleted", Facts(cluster=told.cluster, done=30), told.effective_at)
        for number, told in enumerate((first, second), start=1)
    )
    opened = heard(AccountOpened)
    asked = [mail(draft.mail, draft.kind, draft.facts, draft.at, to=(opened.email,)) for draft in drafts]
    given().when(first, second, opened).then(
        *asked, now=[Account("acme", opened.email)], adds=letters(*asked)
    )


def test_an_account_that_is_opened_with_nothing_waiting_is_told_nothing() -> None:
    given().when(heard(AccountOpened)).then(now=[Account("acme", "billing@acme.example")])


@pytest.mark.parametrize("known", [(), (account(),)], ids=["unknown", "known"])
def test_the_link_to_pay_goes_to_who_is_asked_and_to_nobody_else(known: tuple[Account, ...]) -> None:
    told = heard(PaymentLinkIssued)
    facts = Facts(order=told.order, amount=724_000, until=told.until, link=told.link)
    asked = mail(mail_of(1), "payment_link", facts, told.effective_at, to=("boss@acme.example",))
    given(*known).when(told).then(asked, adds=letters(asked))


def test_an_invoice_for_use_is_told_by_itself_with_what_is_left_to_pay() -> None:
    totals = [{"product": "vcontainer", "amount": 150_000}, {"product": "snapshot", "amount": 31_000}]
    told = heard(
        InvoiceIssued, order=None, resource=None, cluster=None, product=None, kind=None, line=None,
        action="month", paid=100_000, status="partially_paid", totals=totals,
    )  # fmt: skip
    facts = Facts(
        number="2026-03-000001", month="2026-03", amount=181_000, paid=100_000, outstanding=81_000,
        items=[MailItem(product="vcontainer", amount=150_000), MailItem(product="snapshot", amount=31_000)],
    )  # fmt: skip
    asked = mail(mail_of(1), "invoice_issued", facts, told.effective_at)
    given(account()).when(told).then(asked, adds=letters(asked))
