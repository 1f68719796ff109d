"""The messages of `notify`: who is written to for an account, in which language, and each mail that is asked for.

A mail is told by its kind and its facts, never by its words: those are made from templates when it is sent. No message
holds the link by which an address is confirmed; it is signed where the mail is sent.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.message import Command, Event, Id, Instant, Message, Vnd
from shared.contracts.parts import Kind, Nested

Language = Literal["vi", "en"]
MailKind = Literal[
    "created", "renewed", "resized", "recovered", "deleted", "cluster_deleted", "poc_stopped",
    "poc_wallet_ending", "poc_wallet_ended", "expiring", "suspended", "auto_renewed", "auto_renew_failed",
    "hold_short", "debt_stopped", "invoice_issued", "invoice_paid", "invoice_partly_paid",
    "payment_link", "payment_credited", "confirm_recipient",
]  # fmt: skip

# Beside the owner. Who must tell more people has a mailing list of his own.
MOST_RECIPIENTS: Final = 20
# So many rows are told in one mail; more of them nobody reads, and a portal shows all.
MOST_ITEMS: Final = 200

Count = Annotated[int, Field(ge=0)]
Days = Annotated[int, Field(ge=-36_500, le=36_500)]
Address = Annotated[str, Field(min_length=1, max_length=1_000)]
Word = Annotated[str, Field(max_length=64)]
Sentence = Annotated[str, Field(max_length=300)]

_ACCOUNT: Final = "The account, as the customer's contract names it."
_EMAIL: Final = "The address: one plain address."
_AT: Final = "When it took effect: fixed once, when the command was accepted."
_INVITATION: Final = "What the link in the mail stands for."
_ASKED: Final[dict[str, Any]] = {
    "account": "acme", "email": "ops@acme.example", "effective_at": "2026-03-06T02:00:00Z",
}  # fmt: skip
_INVITED: Final = "019cc0f0-7a00-7a11-8c22-5f6d7e8a9b0c"


class SetLanguage(Command, service="notify", key="account", public=True):
    """Says in which language an account is written to; Vietnamese, where nothing was said. Answered by LanguageSet or
    LanguageRefused."""

    account: Id = Field(description=_ACCOUNT)
    language: Language = Field(description="vi: Vietnamese; en: English.")

    example: ClassVar[dict[str, Any]] = {"account": "acme", "language": "en"}


class AddRecipient(Command, service="notify", key="account", public=True):
    """Has somebody beside the owner written to, once he has followed the link in a mail to him. Asked again before that,
    he gets another link. Answered by RecipientInvited or RecipientRefused."""

    account: Id = Field(description=_ACCOUNT)
    email: Address = Field(description=_EMAIL)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "email": "ops@acme.example"}


class RemoveRecipient(Command, service="notify", key="account", public=True):
    """Has somebody beside the owner written to no more. Answered by RecipientRemoved or RemovalRefused."""

    account: Id = Field(description=_ACCOUNT)
    email: Address = Field(description=_EMAIL)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "email": "ops@acme.example"}


class ConfirmRecipient(Command, service="notify", key="account"):
    """An address is its owner's, and he wants the mails. Asked by whoever has checked the signature of the link he followed,
    and by nobody else. Answered by RecipientConfirmed or ConfirmationRefused."""

    account: Id = Field(description=_ACCOUNT)
    email: Address = Field(description=_EMAIL)
    invitation: Id = Field(description=_INVITATION)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "email": "ops@acme.example", "invitation": _INVITED,
    }  # fmt: skip


class LanguageSet(Event, service="notify", key="account"):
    """An account is written to in this language from now on."""

    account: Id = Field(description=_ACCOUNT)
    language: Language = Field(description="vi: Vietnamese; en: English.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "language": "en", "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class _OfRecipient(Event):
    account: Id = Field(description=_ACCOUNT)
    email: Address = Field(description=_EMAIL)
    effective_at: Instant = Field(description=_AT)


class RecipientInvited(_OfRecipient, service="notify", key="account"):
    """Somebody was sent a link to follow, and is written to once he has."""

    invitation: Id = Field(description=_INVITATION)
    until: Instant = Field(description="Until when it can be followed.")

    example: ClassVar[dict[str, Any]] = {
        **_ASKED, "invitation": _INVITED, "until": "2026-03-13T02:00:00Z",
    }  # fmt: skip


class RecipientConfirmed(_OfRecipient, service="notify", key="account"):
    """Somebody beside the owner is written to from now on."""

    example: ClassVar[dict[str, Any]] = _ASKED


class RecipientRemoved(_OfRecipient, service="notify", key="account"):
    """Somebody beside the owner is written to no more."""

    example: ClassVar[dict[str, Any]] = _ASKED


class _Refused(Event):
    account: Id = Field(description=_ACCOUNT)
    reason: str = Field(description="A stable code; the service's page lists them, first match first.")
    explanation: str = Field(description="The same as a sentence for a person.")
    effective_at: Instant = Field(description="When it was refused.")


class LanguageRefused(_Refused, service="notify", key="account"):
    """SetLanguage was refused; the language stays."""

    language: Language = Field(description="The language that was asked.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "language": "en", "reason": "account_unknown",
        "explanation": "There is no such account.", "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class _RecipientRefused(_Refused):
    email: Address = Field(description=_EMAIL)


class RecipientRefused(_RecipientRefused, service="notify", key="account"):
    """AddRecipient was refused; nobody was written to."""

    example: ClassVar[dict[str, Any]] = {
        **_ASKED, "reason": "recipient_exists", "explanation": "That address is written to already.",
    }  # fmt: skip


class RemovalRefused(_RecipientRefused, service="notify", key="account"):
    """RemoveRecipient was refused."""

    example: ClassVar[dict[str, Any]] = {
        **_ASKED, "reason": "recipient_unknown", "explanation": "Nobody of that address was added.",
    }  # fmt: skip


class ConfirmationRefused(_RecipientRefused, service="notify", key="account"):
    """ConfirmRecipient was refused; the address is written to no more than before."""

    example: ClassVar[dict[str, Any]] = {
        **_ASKED, "reason": "link_replaced", "explanation": "A later link was sent to that address.",
    }  # fmt: skip


class MailItem(Nested):
    """One row of a mail: a resource, an invoice, a product."""

    resource: Id | None = Field(default=None, description="The resource.")
    kind: Kind | None = Field(default=None, description="What kind of resource it is.")
    flavor: str | None = Field(default=None, max_length=200, description="What it is of its kind.")
    quantity: Count | None = Field(default=None, description="How many of it.")
    product: Id | None = Field(default=None, description="The product.")
    amount: Vnd | None = Field(default=None, description="What it costs, or was.")
    until: Instant | None = Field(default=None, description="Until when it is paid.")
    number: Word | None = Field(default=None, description="The number on its invoice.")
    reason: Word | None = Field(default=None, description="Why it was not done: the code.")
    explanation: Sentence | None = Field(default=None, description="The same as a sentence.")


class Facts(Nested):
    """What a mail tells. Which of these are there goes with its kind."""

    order: Id | None = Field(default=None, description="The order.")
    subject: Id | None = Field(default=None, description="What the order is about.")
    pay: Word | None = Field(default=None, description="How the order was paid.")
    resource: Id | None = Field(default=None, description="The resource.")
    cluster: Id | None = Field(default=None, description="The cluster.")
    kind: Kind | None = Field(default=None, description="What kind of resource it is.")
    flavor: str | None = Field(default=None, max_length=200, description="What it is of its kind.")
    product: Id | None = Field(default=None, description="The metered product.")
    amount: Vnd | None = Field(default=None, description="What it is all about, in money.")
    given_back: Vnd | None = Field(default=None, description="What was given back.")
    wallet: Word | None = Field(default=None, description="Where to: credit or poc.")
    paid: Vnd | None = Field(default=None, description="What is paid by now.")
    paid_now: Vnd | None = Field(default=None, description="What was paid just now.")
    outstanding: Vnd | None = Field(default=None, description="What is left to pay.")
    held: Vnd | None = Field(default=None, description="What is held.")
    needed: Vnd | None = Field(default=None, description="What would have to be held.")
    to_add: Vnd | None = Field(default=None, description="What must be topped up.")
    balance: Vnd | None = Field(default=None, description="What is left in the POC wallet.")
    days: Days | None = Field(default=None, description="How many days: to an end, or in a row.")
    until: Instant | None = Field(default=None, description="The end, or the last moment.")
    number: Word | None = Field(default=None, description="The number on the invoice, or of the payment.")
    month: Word | None = Field(default=None, description="The month the invoice belongs to.")
    reason: Word | None = Field(default=None, description="Why not: the code.")
    explanation: Sentence | None = Field(default=None, description="The same as a sentence.")
    auto_renew: bool | None = Field(default=None, description="Whether it is renewed by itself.")
    done: Count | None = Field(default=None, description="How many were done.")
    failed: Count | None = Field(default=None, description="How many were not.")
    left: Count | None = Field(default=None, description="How many are still POC.")
    items: Annotated[list[MailItem], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="What was done, one by one; the first 200 of them."
    )
    not_done: Annotated[list[MailItem], Field(max_length=MOST_ITEMS)] = Field(
        default=[], description="What was not, and why; the first 200 of them."
    )
    more: Count = Field(default=0, description="How many more there are.")
    invitation: Id | None = Field(default=None, description="What the link that is to be signed stands for.")
    link: Annotated[str, Field(max_length=2_000)] | None = Field(
        default=None, description="A link that anybody may follow who has it."
    )


class MailRequested(Event, service="notify", key="account"):
    """A mail is to be sent: once for each thing that happened, to everyone who is written to for the account."""

    mail: Id = Field(
        description="The mail's id: the same however often it is told, and part of its Message-ID."
    )
    account: Id = Field(description=_ACCOUNT)
    to: Annotated[list[Address], Field(min_length=1, max_length=MOST_RECIPIENTS + 1)] = Field(
        description="Everyone it is sent to, each on his own: the owner first."
    )
    language: Language = Field(description="The language it is written in.")
    kind: MailKind = Field(description="What it tells.")
    facts: Facts = Field(description="With which facts.")
    effective_at: Instant = Field(description="When that happened which it tells.")

    example: ClassVar[dict[str, Any]] = {
        "mail": "019cc0f0-7a00-7b44-9d31-2a6f8c0e4d57", "account": "acme", "to": ["billing@acme.example"],
        "language": "vi", "kind": "hold_short",
        "facts": {"product": "vcontainer", "held": 30_000, "needed": 54_300, "to_add": 24_300, "days": 1},
        "effective_at": "2026-03-09T17:00:00Z",
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    SetLanguage, AddRecipient, RemoveRecipient, ConfirmRecipient,
    LanguageSet, RecipientInvited, RecipientConfirmed, RecipientRemoved,
    LanguageRefused, RecipientRefused, RemovalRefused, ConfirmationRefused,
    MailRequested,
)  # fmt: skip
