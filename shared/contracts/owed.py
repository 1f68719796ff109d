"""What is owed at `invoicing`: invoices that are paid after they were issued, by themselves each day or when asked."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.invoicing import Number
from shared.contracts.jobs import JobSlice
from shared.contracts.message import Command, Event, Id, Instant, Message, Vnd

PaidBy = Literal["settlement", "auto_payment", "command"]

_ACCOUNT: Final = "The account, as the customer's contract names it."
_INVOICE: Final = "The invoice."
_NUMBER: Final = "The number on the invoice."
_AT: Final = "When it took effect: fixed once, when the act began, and copied from its cause."
_PAYMENT: Final[dict[str, Any]] = {
    "account": "acme", "invoice": "019d44d8-1a80-7c3d-9a52-2f6b8d1e4a70", "number": "2026-03-000007",
    "amount": 181_000, "paid_now": 100_000, "from_hold": 90_000, "paid": 100_000, "outstanding": 81_000,
    "by": "settlement", "effective_at": "2026-03-31T17:00:00Z",
}  # fmt: skip


class PayInvoice(Command, service="invoicing", key="account", public=True):
    """Pays what is left to pay of an invoice out of the available credit, partly if there is less. Answered by InvoicePaid,
    InvoicePartlyPaid or PaymentRefused."""

    account: Id = Field(description=_ACCOUNT)
    invoice: Id = Field(description=_INVOICE)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "invoice": "019d44d8-1a80-7c3d-9a52-2f6b8d1e4a70",
    }  # fmt: skip


class PayOwed(JobSlice, service="invoicing", key="shard"):
    """Pays what some accounts of one share owe out of their available credit: older invoices first, of those of one instant
    that with less left to pay. The day that ended is the period."""

    example: ClassVar[dict[str, Any]] = {
        "period": "2026-04-02", "shard": 3, "after": "", "effective_at": "2026-04-02T17:00:00Z",
    }  # fmt: skip


class _Payment(Event):
    account: Id = Field(description=_ACCOUNT)
    invoice: Id = Field(description=_INVOICE)
    number: Number = Field(description=_NUMBER)
    amount: Vnd = Field(description="What it is for.")
    paid_now: Vnd = Field(description="What was paid just now.")
    from_hold: Vnd = Field(description="What of that was held for it; the rest was available credit.")
    paid: Vnd = Field(description="What is paid of it by now.")
    outstanding: Vnd = Field(description="What is left to pay.")
    by: PaidBy = Field(
        description="settlement: when it was issued; auto_payment: at the end of a day; command: PayInvoice."
    )
    effective_at: Instant = Field(description=_AT)


class InvoicePaid(_Payment, service="invoicing", key="account"):
    """An invoice is paid, all of it."""

    example: ClassVar[dict[str, Any]] = {
        **_PAYMENT, "paid_now": 81_000, "from_hold": 0, "paid": 181_000, "outstanding": 0, "by": "auto_payment",
    }  # fmt: skip


class InvoicePartlyPaid(_Payment, service="invoicing", key="account"):
    """A part of an invoice is paid, and a part is not."""

    example: ClassVar[dict[str, Any]] = _PAYMENT


class PaymentRefused(Event, service="invoicing", key="account"):
    """PayInvoice was refused; no money moved."""

    account: Id = Field(description=_ACCOUNT)
    invoice: Id = Field(description=_INVOICE)
    reason: str = Field(description="A stable code; the service's page lists them, first match first.")
    explanation: str = Field(description="The same as a sentence for a person.")
    effective_at: Instant = Field(description="When it was refused.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "invoice": "019d44d8-1a80-7c3d-9a52-2f6b8d1e4a70", "reason": "credit_short",
        "explanation": "No credit is available.", "effective_at": "2026-04-02T02:00:00Z",
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    PayInvoice, PayOwed, InvoicePaid, InvoicePartlyPaid, PaymentRefused,
)  # fmt: skip
