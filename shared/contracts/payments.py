"""The messages of `payments`: orders that are paid from outside, what is asked of a gateway, and what it told."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.jobs import JobSlice
from shared.contracts.message import Command, Event, Id, Instant, Message, State, Vnd

GatewayName = Literal["momo", "zalopay"]
FromOutside = Literal["top_up", "gateway", "on_behalf"]
Outcome = Literal["pending", "paid", "failed", "absent", "unclear"]
Act = Literal["create", "query"]
ToldBy = Literal["create", "query", "callback"]
PaymentStatus = Literal[
    "reserving", "asking", "pending", "charging", "paid", "failed", "abandoned", "credited", "closed"
]
Verdict = Literal["taken", "again", "paid_again", "payment_unknown", "gateway_differs", "amount_differs"]

# No gateway takes less or more in one payment.
LEAST_VND: Final = 1_000
MOST_PAID_VND: Final = 50_000_000

# A callback is a few hundred bytes; what is larger is none.
MOST_RAW_CHARACTERS: Final = 16_384

_ACCOUNT: Final = "The account whose order it is: the invoice is its own, and so is what is given back."
_ORDER: Final = "The order; its payment has the same id."
_GATEWAY: Final = "Which gateway."
_AT: Final = "The instant of the act: fixed once, when it was accepted."
_UNTIL: Final = "How long it can be paid."
_REASON: Final = "A stable code; the service's page lists them, first match first."
_EXPLANATION: Final = "The same as a sentence for a person."
_ORDER_ID: Final = "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11"
_INSTANT: Final = "2026-03-06T02:00:00Z"

Url = Annotated[str, Field(max_length=2_000)]
Email = Annotated[str, Field(max_length=254)]


class _OfPayment(Message):
    order: Id = Field(description=_ORDER)
    account: Id = Field(description=_ACCOUNT)
    effective_at: Instant = Field(description=_AT)


_OF_PAYMENT: dict[str, Any] = {"order": _ORDER_ID, "account": "acme", "effective_at": _INSTANT}


class _Request(_OfPayment):
    pay: FromOutside = Field(
        description="top_up: available credit first; gateway and on_behalf: all from outside."
    )
    gateway: GatewayName = Field(description=_GATEWAY)
    total: Vnd = Field(description="What the order costs; more than zero.")
    payer_email: Email | None = Field(default=None, description="Who pays instead, where somebody else does.")


_REQUEST: dict[str, Any] = {**_OF_PAYMENT, "pay": "top_up", "gateway": "momo", "total": 724_000}


class RequestPayment(_Request, Command, service="payments", key="order"):
    """Has an order paid from outside. Asked again, it is answered alike, and nothing is paid twice. Answered by
    PaymentRequested or PaymentFailed."""

    example: ClassVar[dict[str, Any]] = _REQUEST


class AbandonPayment(_OfPayment, Command, service="payments", key="order"):
    """Says that an order was called off: its payment is not waited for. What is paid all the same becomes credit. Answered
    by PaymentAbandoned."""

    example: ClassVar[dict[str, Any]] = _OF_PAYMENT


class ReportPayment(Command, service="payments", key="order"):
    """Tells what a gateway said of a payment; whoever tells it has checked that it was the gateway. Answered by
    PaymentNoted."""

    order: Id = Field(description=_ORDER)
    gateway: GatewayName = Field(description=_GATEWAY)
    by: ToldBy = Field(description="Whether it answered, or told it of its own accord.")
    outcome: Outcome = Field(
        description="paid and failed are final; absent: it knows no such payment; unclear: nothing to rely on."
    )
    amount: Vnd = Field(default=0, description="What was paid, in VND; 0 where nothing is.")
    transaction: Annotated[str, Field(max_length=100)] = Field(
        default="", description="The gateway's own number of the payment."
    )
    pay_url: Url = Field(default="", description="Where it can be paid.")
    link: Url = Field(default="", description="The signed link for somebody else who is to pay.")
    code: Annotated[str, Field(max_length=40)] = Field(default="", description="The gateway's own code.")
    raw: Annotated[str, Field(max_length=MOST_RAW_CHARACTERS)] = Field(
        default="", description="What came, byte by byte, where it came by callback."
    )

    example: ClassVar[dict[str, Any]] = {
        "order": _ORDER_ID, "gateway": "momo", "by": "callback", "outcome": "paid", "amount": 524_000,
        "transaction": "4088878653", "code": "0", "raw": '{"partnerCode":"MOMOTEST"}',
    }  # fmt: skip


class ChasePayments(JobSlice, service="payments", key="shard"):
    """Asks the gateways about payments of one share that are not final, when it is their turn."""

    example: ClassVar[dict[str, Any]] = {
        "period": "2026-03-06T02:00Z", "shard": 3, "after": "", "effective_at": _INSTANT,
    }  # fmt: skip


class PaymentRequested(_Request, Event, service="payments", key="order"):
    """An order is to be paid from outside."""

    until: Instant = Field(description=_UNTIL)

    example: ClassVar[dict[str, Any]] = {**_REQUEST, "until": "2026-03-06T02:15:00Z"}


class GatewayAsked(_OfPayment, Event, service="payments", key="order"):
    """A gateway is to be asked: whoever speaks to gateways does, and reports what it said."""

    gateway: GatewayName = Field(description=_GATEWAY)
    act: Act = Field(description="create: make a payment; query: how does it stand.")
    amount: Vnd = Field(description="What is to be paid.")
    at: Instant = Field(description="When it was first asked for: part of what the gateway knows it by.")
    until: Instant = Field(description=_UNTIL)
    payer_email: Email | None = Field(default=None, description="Who pays instead, where somebody else does.")

    example: ClassVar[dict[str, Any]] = {
        **_OF_PAYMENT, "gateway": "momo", "act": "create", "amount": 524_000, "at": _INSTANT,
        "until": "2026-03-06T02:15:00Z",
    }  # fmt: skip


class PaymentNoted(Event, service="payments", key="order"):
    """What a gateway said was noted."""

    order: Id = Field(description=_ORDER)
    gateway: GatewayName = Field(description=_GATEWAY)
    by: ToldBy = Field(description="Whether it answered, or told it of its own accord.")
    outcome: Outcome = Field(description="What it said.")
    verdict: Verdict = Field(
        description=(
            "taken: it counts; again: it says nothing new; paid_again: another payment of what was paid, which is credit; "
            "anything else: it does not count, and why."
        )
    )
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "order": _ORDER_ID, "gateway": "momo", "by": "callback", "outcome": "paid", "verdict": "taken",
        "effective_at": _INSTANT,
    }  # fmt: skip


class PaymentOpened(_OfPayment, Event, service="payments", key="order"):
    """An order can be paid, on a page of the gateway's."""

    gateway: GatewayName = Field(description=_GATEWAY)
    amount: Vnd = Field(description="What is to be paid there.")
    pay_url: Url = Field(description="The page.")
    until: Instant = Field(description=_UNTIL)

    example: ClassVar[dict[str, Any]] = {
        **_OF_PAYMENT, "gateway": "momo", "amount": 524_000, "pay_url": "/pay/1",
        "until": "2026-03-06T02:15:00Z",
    }  # fmt: skip


class PaymentLinkIssued(_OfPayment, Event, service="payments", key="order"):
    """Somebody else can pay an order, by a signed link that is good until an instant, and for one payment."""

    payer_email: Email = Field(description="Who is to have the link.")
    amount: Vnd = Field(description="What is to be paid.")
    link: Url = Field(description="The link.")
    until: Instant = Field(description=_UNTIL)

    example: ClassVar[dict[str, Any]] = {
        **_OF_PAYMENT, "payer_email": "boss@acme.example", "amount": 724_000,
        "link": "/pay/1", "until": "2026-03-09T02:00:00Z",
    }  # fmt: skip


class PaymentReceived(_OfPayment, Event, service="payments", key="order"):
    """A gateway has received the money for an order."""

    gateway: GatewayName = Field(description=_GATEWAY)
    amount: Vnd = Field(description="What was received.")
    transaction: str = Field(description="The gateway's own number of the payment.")

    example: ClassVar[dict[str, Any]] = {
        **_OF_PAYMENT, "gateway": "momo", "amount": 524_000, "transaction": "4088878653",
    }  # fmt: skip


class PaymentCredited(_OfPayment, Event, service="payments", key="order"):
    """Money came for an order that does not need it, being called off or paid already: it is given as credit."""

    gateway: GatewayName = Field(description=_GATEWAY)
    amount: Vnd = Field(description="What was received, and is credit now.")
    transaction: str = Field(description="The gateway's own number of the payment.")

    example: ClassVar[dict[str, Any]] = PaymentReceived.example


class PaymentFailed(_OfPayment, Event, service="payments", key="order"):
    """An order will not be paid from outside."""

    reason: str = Field(description=_REASON)
    explanation: str = Field(description=_EXPLANATION)

    example: ClassVar[dict[str, Any]] = {
        **_OF_PAYMENT, "reason": "payment_declined", "explanation": "The payment was declined.",
    }  # fmt: skip


class PaymentAbandoned(_OfPayment, Event, service="payments", key="order"):
    """A payment is not waited for any more."""

    example: ClassVar[dict[str, Any]] = _OF_PAYMENT


class Payment(State, service="payments", key="order"):
    """How an order's payment from outside stands."""

    order: Id = Field(description=_ORDER)
    account: Id = Field(description=_ACCOUNT)
    pay: FromOutside = Field(description="top_up, gateway or on_behalf.")
    gateway: GatewayName = Field(description=_GATEWAY)
    status: PaymentStatus = Field(
        description=(
            "reserving, asking, pending (can be paid), charging, paid; or failed, abandoned (watched for money that comes "
            "all the same), credited (it came), closed."
        )
    )
    total: Vnd = Field(description="What the order costs.")
    amount: Vnd = Field(description="What of it is paid from outside.")
    received: Vnd = Field(description="What was received.")
    until: Instant = Field(description=_UNTIL)
    pay_url: Url = Field(description="Where it can be paid; empty while there is no such page.")
    version: Annotated[int, Field(ge=0)] = Field(
        description="1 when it was asked for, one more with each change."
    )

    example: ClassVar[dict[str, Any]] = {
        "order": _ORDER_ID, "account": "acme", "pay": "top_up", "gateway": "momo", "status": "pending",
        "total": 724_000, "amount": 524_000, "received": 0, "until": "2026-03-06T02:15:00Z",
        "pay_url": "/pay/1", "version": 3,
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    RequestPayment, AbandonPayment, ReportPayment, ChasePayments,
    PaymentRequested, GatewayAsked, PaymentNoted, PaymentOpened, PaymentLinkIssued, PaymentReceived, PaymentCredited,
    PaymentFailed, PaymentAbandoned,
    Payment,
)  # fmt: skip
