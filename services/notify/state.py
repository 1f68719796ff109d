"""What `notify` remembers: whom an account's mails go to, and of each order what has come of it so far.

Nothing else: a mail that was asked for is only ever added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from shared.contracts.notify import Facts, Language, MailItem, MailKind

# As long as a person takes who reads his mail once a week.
INVITATION_FOR: Final = timedelta(days=7)

DEFAULT_LANGUAGE: Final[Language] = "vi"

PartOf = Literal["done", "failed", "invoice"]


class Draft(NamedTuple):
    """A mail before it is known whom it goes to."""

    mail: str
    kind: MailKind
    facts: Facts
    at: datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody beside the owner: invited, and, once he has followed the link, written to."""

    email: str
    invitation: str
    until: datetime
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Whom an account's mails go to. Before it is known to be open it has no owner, and its mails wait."""

    id: str
    owner: str | None = None
    language: Language = DEFAULT_LANGUAGE
    recipients: tuple[Recipient, ...] = ()
    waiting: tuple[Draft, ...] = ()

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id

    @property
    def to(self) -> tuple[str, ...]:
        """Everyone who is written to, the owner first."""
        owner = () if self.owner is None else (self.owner,)
        return (*owner, *(each.email for each in self.recipients if each.confirmed))

    def recipient(self, email: str) -> Recipient | None:
        """Who was added under that address, however it is spelled."""
        return next((each for each in self.recipients if same(each.email, email)), None)

    def with_recipient(self, recipient: Recipient) -> Account:
        """With him added, or as he is now."""
        return replace(self, recipients=(*self._others(recipient.email), recipient))

    def without(self, email: str) -> Account:
        """Without him."""
        return replace(self, recipients=self._others(email))

    def _others(self, email: str) -> tuple[Recipient, ...]:
        return tuple(each for each in self.recipients if not same(each.email, email))


def same(one: str, other: str) -> bool:
    """Whether two spellings are one address."""
    return one.casefold() == other.casefold()


class Part(NamedTuple):
    """One thing that came of an order: a resource that was done, one that was not, an invoice."""

    order: str
    of: PartOf
    resource: str
    item: MailItem
    # Whether an invoice comes for it.
    invoiced: bool = False


class Ended(NamedTuple):
    """How an order has ended, as told: which mail tells it, and how many parts it takes."""

    kind: MailKind
    facts: Facts
    done: int
    failed: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An order: what has come of it so far, in whatever order that was heard. Its mails are asked for once all is there."""

    id: str
    account: str
    ended: Ended | None = None
    told: bool = False
    invoices_told: bool = False
    parts: Mapping[tuple[PartOf, str], Part] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id

    def having(self, part: Part) -> Order:
        """With this part; heard again, it is as it was first heard."""
        return replace(self, parts={(part.of, part.resource): part, **self.parts})

    def of(self, what: PartOf) -> list[Part]:
        """Its parts of that sort, by resource."""
        return sorted(
            (part for part in self.parts.values() if part.of == what), key=lambda part: part.resource
        )

    @property
    def failures(self) -> list[Part]:
        """What was not done. What was refused first and done after all is none."""
        return [part for part in self.of("failed") if ("done", part.resource) not in self.parts]

    @property
    def is_whole(self) -> bool:
        """Whether it has ended, and all that came of it was heard."""
        ended = self.ended
        return ended is not None and (
            len(self.of("done")) >= ended.done and len(self.failures) >= ended.failed
        )

    @property
    def invoiced(self) -> set[str]:
        """What gets an invoice."""
        return {part.resource for part in self.of("done") if part.invoiced}

    @property
    def has_invoices(self) -> bool:
        """Whether an invoice is there for all that gets one, and something does."""
        invoiced = self.invoiced
        return bool(invoiced) and invoiced <= {part.resource for part in self.of("invoice")}

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to be told of it."""
        return self.told and (self.invoices_told or not self.invoiced)


class Letter(NamedTuple):
    """One mail to one person, to be sent."""

    mail: str
    recipient: str
    account: str
    kind: MailKind
    language: Language
    facts: Facts
    at: datetime
