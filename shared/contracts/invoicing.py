"""The messages of `invoicing`: invoices, born numbered and never changed, and the use of what is paid by its use.

An invoice tells what was bought or used and how it came to its amount; what happens to it later (closed, paid) are messages of
their own. How invoices are paid stands in `owed.py`, the month in `months.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.message import Event, Id, Instant, Message, State, Vnd
from shared.contracts.parts import Flavor, Kind, Line, Nested, PartPrice, Per, Product, Quantity

InvoiceAction = Literal["create", "convert", "renew", "resize", "recover", "use", "month"]
InvoiceStatus = Literal["unpaid", "partially_paid", "paid"]
ClosedBy = Literal["resize", "delete", "expire"]
Month = Annotated[str, Field(min_length=7, max_length=7, pattern=r"^[0-9]{4}-[0-9]{2}$")]
Number = Annotated[str, Field(min_length=14, max_length=20, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{6,}$")]

# As many intervals of use as one message tells.
MOST_USES: Final = 500
# More products than there are.
MOST_TOTALS: Final = 20

_ACCOUNT = "The account, as the customer's contract names it."
_AT = "When it took effect: fixed once, when the command that began it was accepted."
_INVOICE = "The invoice's id: the same however often it is told."
_NUMBER = "The number on the invoice: the account's invoices of a month are numbered 000001, 000002 ... without a gap."
_MONTH = "The month it belongs to, like 2026-03: from the 1st 00:00 in Hanoi to the next."
_RESOURCE = "The resource."
_ITS_RESOURCE = "The resource; nothing where it is for all that an account used in a month."
_PRODUCT = "The product its kind belongs to."
_ITS_PRODUCT = "The product its kind belongs to; nothing where it is for several."
_KIND = "What kind of resource it is."
_ITS_KIND = "What kind of resource it is; nothing where it is for several."
_ACTION = (
    "What it is for. Paid for a period: create, convert (Stop POC), renew, resize or recover. Paid by its use: use (of one "
    "resource) or month (of all the account has, by the month)."
)
_ORDER = "The order that did it; nothing where no order did."
_TOTALS = "Where it is for use: how much for each product; together the amount."
_CLUSTER = "The cluster it is part of; nothing where it stands alone."
_AMOUNT = "What the period costs, given back in proportion to the time not used; or what the use costs."
_PAID = "How much of the amount is paid, in whatever way: all of it when status is paid."
_CARRIED = "The part of it that the unused value of the invoice before it has paid (a resize); the rest was paid in money."
_LINE = "How the amount of a period came about: every input of the formula; nothing where it is for use."

_A_LINE: dict[str, Any] = {
    "resource": "srv-1", "kind": "server", "flavor": "s-general-1x1", "quantity": 1,
    "starts": "2026-03-06T02:00:00Z", "until": "2026-04-05T02:00:00Z", "minutes": 43_200,
    "parts": [{"flavor": "s-general-1x1", "vnd": 181_000, "amount": 181_000}],
    "gross": 181_000, "discount": 0, "coupon": 0, "carried": 0, "amount": 181_000,
}  # fmt: skip
_AN_INVOICE: dict[str, Any] = {
    "account": "acme", "invoice": "019cc0f0-7a00-7c3d-9a52-2f6b8d1e4a70", "number": "2026-03-000001",
    "month": "2026-03", "resource": "srv-1", "cluster": "k1", "product": "vserver", "kind": "server",
    "action": "convert", "order": "019cc0f0-7a00-7f10-8b64-51c0e2d7a9b3", "amount": 181_000, "paid": 181_000,
    "carried": 0, "status": "paid", "line": _A_LINE,
}  # fmt: skip


class ProductTotal(Nested):
    """What was used of one product, in money."""

    product: Product = Field(description="The product.")
    amount: Vnd = Field(description="The sum of its intervals.")


class UseLine(Nested):
    """One interval of use within one month, with every input of the formula."""

    usage: Id = Field(description="The use it is a part of: UsageRecorded tells of the whole.")
    product: Product = Field(description=_PRODUCT)
    resource: Id = Field(description=_RESOURCE)
    cluster: Id | None = Field(default=None, description=_CLUSTER)
    kind: Kind = Field(description=_KIND)
    flavor: Flavor = Field(description="What was used.")
    quantity: Quantity = Field(description="How many of it, or how many GB.")
    vnd: Vnd = Field(description="The price of one, per 30 days or per GB and hour.")
    per: Per = Field(description="What the price is for: 30 days, or a GB-hour.")
    parts: Annotated[list[PartPrice], Field(max_length=MOST_TOTALS)] = Field(
        default=[],
        description="The prices of its parts, where each is rounded by itself; else vnd is the price.",
    )
    starts: Instant = Field(description="From when, to the minute.")
    until: Instant = Field(description="Until when, to the minute; that minute is no longer in it.")
    units: Annotated[int, Field(ge=0)] = Field(
        description="How many minutes it lasted, or, of GB, at how many full hours it was so large."
    )
    amount: Vnd = Field(
        description="vnd x quantity x minutes / 43200, half up; or vnd x quantity x hours. Below zero where an end became "
        "known after its month was recorded: what was recorded too much then."
    )
    invoice: Id | None = Field(
        default=None,
        description="The invoice it is on; nothing where it cost nothing, or was recorded too much.",
    )


class InvoiceIssued(Event, service="invoicing", key="account"):
    """An invoice was issued: one for each resource and each time it was paid for; for use, when it ends or the month does;
    never for a POC resource."""

    account: Id = Field(description=_ACCOUNT)
    invoice: Id = Field(description=_INVOICE)
    number: Number = Field(description=_NUMBER)
    month: Month = Field(description=_MONTH)
    resource: Id | None = Field(default=None, description=_ITS_RESOURCE)
    cluster: Id | None = Field(default=None, description=_CLUSTER)
    product: Product | None = Field(default=None, description=_ITS_PRODUCT)
    kind: Kind | None = Field(default=None, description=_ITS_KIND)
    action: InvoiceAction = Field(description=_ACTION)
    order: Id | None = Field(default=None, description=_ORDER)
    amount: Vnd = Field(description=_AMOUNT)
    paid: Vnd = Field(description=_PAID)
    carried: Vnd = Field(description=_CARRIED)
    status: InvoiceStatus = Field(
        description="paid: what is paid for a period is invoiced when it was paid; unpaid: use is paid afterwards."
    )
    line: Line | None = Field(default=None, description=_LINE)
    totals: Annotated[list[ProductTotal], Field(max_length=MOST_TOTALS)] = Field(
        default=[], description=_TOTALS
    )
    uses: Annotated[list[UseLine], Field(max_length=MOST_USES)] = Field(
        default=[],
        description="Where it is for the use of one resource: how the amount came about, interval by interval; the first "
        f"{MOST_USES} of them. MonthRecorded has all.",
    )
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {**_AN_INVOICE, "effective_at": "2026-03-06T02:00:00Z"}


class InvoiceClosed(Event, service="invoicing", key="account"):
    """What an invoice was for ended before its time. The invoice stays as it is. What was not used of it is carried over
    (a resize), or given back to the credit wallet where its kind is given back at all: GivenBack of hold says so."""

    account: Id = Field(description=_ACCOUNT)
    invoice: Id = Field(description=_INVOICE)
    number: Number = Field(description=_NUMBER)
    month: Month = Field(description=_MONTH)
    resource: Id = Field(description=_RESOURCE)
    closed_by: ClosedBy = Field(description="What ended it: resize, delete or expire.")
    at: Instant = Field(description="From when on it is not used, to the minute.")
    amount: Vnd = Field(description="What the period cost.")
    minutes: Annotated[int, Field(ge=0)] = Field(description="The minutes that were paid for.")
    unused_minutes: Annotated[int, Field(ge=0)] = Field(description="Those of them that were not used.")
    unused: Vnd = Field(description="amount x unused_minutes / minutes, half up.")
    replaced_by: Id | None = Field(
        default=None,
        description="The invoice that took over what was not used; none where the resource ended.",
    )
    order: Id | None = Field(default=None, description=_ORDER)
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "invoice": "019cc0f0-7a00-7c3d-9a52-2f6b8d1e4a70", "number": "2026-03-000001",
        "month": "2026-03", "resource": "srv-1", "closed_by": "resize", "at": "2026-03-21T02:00:00Z",
        "amount": 181_000, "minutes": 43_200, "unused_minutes": 21_600, "unused": 90_500,
        "replaced_by": "019d0e30-4e00-7a8f-b0d1-9c4e7f2a6b15", "order": "019d0e30-4e00-7b21-8a3c-6d5f0e1c2b4a",
        "effective_at": "2026-03-21T02:00:00Z",
    }  # fmt: skip


class UsageRecorded(Event, service="invoicing", key="account"):
    """A resource is used in one configuration, from an instant on. Told when that begins and, with `until`, when it ends."""

    account: Id = Field(description=_ACCOUNT)
    usage: Id = Field(description="The interval's id: told twice, when it begins and when it ends.")
    resource: Id = Field(description=_RESOURCE)
    cluster: Id | None = Field(default=None, description=_CLUSTER)
    product: Product = Field(description=_PRODUCT)
    kind: Kind = Field(description=_KIND)
    flavor: Flavor = Field(description="What is used.")
    quantity: Quantity = Field(description="How many of it, or how many GB.")
    vnd: Vnd = Field(description="The price of one, per 30 days or per GB and hour.")
    per: Per = Field(description="What the price is for: 30 days, or a GB-hour.")
    starts: Instant = Field(description="From when on, to the minute.")
    until: Instant | None = Field(
        default=None,
        description="Until when, to the minute, which is the start of what follows; nothing while it goes on.",
    )
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "usage": "019cc0f0-7a00-7d52-a1b7-0c9e3f5d8b62", "resource": "node-1",
        "cluster": "kube-1", "product": "vcontainer", "kind": "k8s_node", "flavor": "s-general-2x4",
        "quantity": 1, "vnd": 362_000, "per": "30d", "starts": "2026-03-06T02:00:00Z",
        "until": "2026-03-21T02:00:00Z", "effective_at": "2026-03-21T02:00:00Z",
    }  # fmt: skip


class Invoice(State, service="invoicing", key="invoice"):
    """How an invoice stands: what it says, which never changes, and what became of it since."""

    invoice: Id = Field(description=_INVOICE)
    account: Id = Field(description=_ACCOUNT)
    number: Number = Field(description=_NUMBER)
    month: Month = Field(description=_MONTH)
    resource: Id | None = Field(default=None, description=_ITS_RESOURCE)
    cluster: Id | None = Field(default=None, description=_CLUSTER)
    product: Product | None = Field(default=None, description=_ITS_PRODUCT)
    kind: Kind | None = Field(default=None, description=_ITS_KIND)
    action: InvoiceAction = Field(description=_ACTION)
    order: Id | None = Field(default=None, description=_ORDER)
    amount: Vnd = Field(description=_AMOUNT)
    paid: Vnd = Field(description=_PAID)
    carried: Vnd = Field(description=_CARRIED)
    status: InvoiceStatus = Field(description="unpaid, partially_paid or paid.")
    line: Line | None = Field(default=None, description=_LINE)
    totals: Annotated[list[ProductTotal], Field(max_length=MOST_TOTALS)] = Field(
        default=[], description=_TOTALS
    )
    issued_at: Instant = Field(description="When it was issued.")
    closed_at: Instant | None = Field(
        default=None,
        description="From when on what it is for is not used; nothing while it is, or was, to its end.",
    )
    unused: Vnd = Field(default=0, description="What was not used of it when it was closed.")
    version: Annotated[int, Field(ge=1)] = Field(
        description="1 when issued, one more with each thing that became of it."
    )

    example: ClassVar[dict[str, Any]] = {
        **_AN_INVOICE, "issued_at": "2026-03-06T02:00:00Z", "closed_at": "2026-03-21T02:00:00Z",
        "unused": 90_500, "version": 2,
    }  # fmt: skip


def explained_use(line: UseLine) -> list[str]:
    """How the amount of an interval of use came about, in sentences, with the inputs of the formula."""
    words = [_priced(line, line.vnd)] if not line.parts else [_of_part(line, part) for part in line.parts]
    end = "; recorded too much, before its end became known" if line.amount < 0 else ""
    return [*words, f"{line.amount:,} VND{end}."]


def _of_part(line: UseLine, part: PartPrice) -> str:
    off = f", less its item discount of {part.discount_percent} %" if part.discount_percent else ""
    return f"{part.flavor}: {_priced(line, part.vnd)}{off}"


def _priced(line: UseLine, vnd: int) -> str:
    if line.per == "gb_hour":
        return f"{vnd:,} VND per GB and hour x {line.quantity:,} GB x {line.units:,} hours"
    return f"{vnd:,} VND per 30 days x {line.quantity:,} x {line.units:,} minutes / 43,200"


MESSAGES: tuple[type[Message], ...] = (InvoiceIssued, InvoiceClosed, UsageRecorded, Invoice)
