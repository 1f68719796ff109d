"""What `checkout` tells: the events of an order from its placing to its end, and how orders and their lines stand."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.checkout import SOME_PRICES, Action, GrantCoupon, PaidBy, PriceList
from shared.contracts.message import Event, Id, Instant, Message, State, Vnd
from shared.contracts.parts import Line, Metered, Nested, Product

OrderStatus = Literal[
    "awaiting_payment", "paid", "provisioning", "completed", "partly_completed", "cancelled"
]
LineStatus = Literal["pending", "done", "failed"]
Ended = Literal["completed", "partly_completed"]
Count = Annotated[int, Field(ge=0)]

# So many of an order's failures are told with its end; the lines tell all of them.
MOST_FAILURES_TOLD: Final = 200

_ACCOUNT = "The account, as the customer's contract names it."
_AT = "The instant of the act: fixed once, when the command was accepted."
_PAY = "How it is paid; postpaid: by the month, nothing yet."
_ORDER = "The order."
_SUBJECT = "What it is about: the cluster, else the first resource named, else the account."
_ACTION = "What was asked for."
_AUTO = "Whether nobody asked for it: a resource is renewed by itself."
_TOTAL = "What it costs, in VND; held for metered products, not spent."
_GIVEN_BACK = "What was given back of what was paid, because it could not be had."
_REASON = "A stable code; the service's page lists them, first match first."
_EXPLANATION = "The same as a sentence for a person."

_INSTANT = "2026-03-06T02:00:00Z"
_ORDER_ID = "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11"


class _OfOrder(Event):
    order: Id = Field(description=_ORDER)
    subject: Id = Field(description=_SUBJECT)
    account: Id = Field(description=_ACCOUNT)
    action: Action = Field(description=_ACTION)
    pay: PaidBy = Field(description=_PAY)
    auto: bool = Field(default=False, description=_AUTO)
    effective_at: Instant = Field(description=_AT)


_OF_ORDER: dict[str, Any] = {
    "order": _ORDER_ID, "subject": "k1", "account": "acme", "action": "stop_poc", "pay": "credit",
    "effective_at": _INSTANT,
}  # fmt: skip


class OrderPlaced(_OfOrder, service="checkout", key="subject", about="order"):
    """An order was priced and stands; its payment is asked for."""

    total: Vnd = Field(description=_TOTAL)
    lines: Count = Field(description="How many lines it has.")
    coupon: Id | None = Field(default=None, description="The coupon it uses.")

    example: ClassVar[dict[str, Any]] = {**_OF_ORDER, "total": 724_000, "lines": 4, "coupon": "SAVE"}


class OrderPaid(_OfOrder, service="checkout", key="subject", about="order"):
    """An order was paid; what it asks for is being done."""

    total: Vnd = Field(description=_TOTAL)

    example: ClassVar[dict[str, Any]] = {**_OF_ORDER, "total": 724_000}


class OrderCancelled(_OfOrder, service="checkout", key="subject", about="order"):
    """An order was abandoned, or could not be paid: everything is as before."""

    total: Vnd = Field(description=_TOTAL)
    reason: str = Field(description=_REASON)
    explanation: str = Field(description=_EXPLANATION)
    missing: Vnd = Field(description="How much more would have had to be available; 0 where it was not that.")

    example: ClassVar[dict[str, Any]] = {
        **_OF_ORDER, "total": 724_000, "reason": "credit_short",
        "explanation": "Less credit is available than that.", "missing": 224_000,
    }  # fmt: skip


class OrderCompleted(_OfOrder, service="checkout", key="subject", about="order"):
    """All that an order asked for is done, but for what failed: that was given back."""

    status: Ended = Field(description="completed, or partly_completed where a line failed.")
    total: Vnd = Field(description=_TOTAL)
    given_back: Vnd = Field(description=_GIVEN_BACK)
    done: Count = Field(description="How many lines were done.")
    failed: Count = Field(description="How many were not.")

    example: ClassVar[dict[str, Any]] = {
        **_OF_ORDER, "action": "buy", "status": "partly_completed", "total": 724_000, "given_back": 181_000,
        "done": 3, "failed": 1,
    }  # fmt: skip


class Failure(Nested):
    """A resource that stayed as it was, and why."""

    resource: Id = Field(description="The resource.")
    reason: str = Field(description=_REASON)
    explanation: str = Field(description=_EXPLANATION)


class PocStopped(Event, service="checkout", key="subject", about="order"):
    """A Stop POC has come to its end: what was converted, what was not and why, and what is still POC."""

    order: Id | None = Field(
        default=None, description="The order; none where nothing was POC any more, and nothing was bought."
    )
    subject: Id = Field(description=_SUBJECT)
    account: Id = Field(description=_ACCOUNT)
    cluster: Id | None = Field(default=None, description="The cluster, where one was named.")
    pay: PaidBy = Field(description=_PAY)
    status: Ended = Field(description="completed, or partly_completed where one could not be converted.")
    total: Vnd = Field(description=_TOTAL)
    given_back: Vnd = Field(description=_GIVEN_BACK)
    converted: Count = Field(description="How many were converted; with pay none: how many expired.")
    failed: Annotated[list[Failure], Field(max_length=MOST_FAILURES_TOLD)] = Field(
        description="Those that stayed as they were, the first 200 of them."
    )
    left: Count = Field(description="How many of the cluster's servers and volumes are still POC.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "order": _ORDER_ID, "subject": "k1", "account": "acme", "cluster": "k1", "pay": "credit",
        "status": "partly_completed", "total": 724_000, "given_back": 181_000, "converted": 3,
        "failed": [{"resource": "srv-9", "reason": "provider_refused", "explanation": "The provider refused."}],
        "left": 1, "effective_at": _INSTANT,
    }  # fmt: skip

    @property
    def about(self) -> str:
        """The order, else what it is about."""
        return self.order or self.subject


class AutoRenewFailed(Event, service="checkout", key="resource"):
    """A resource was not renewed by itself: it is as before. It is tried again on the next of its mornings, the last time on
    the day it ends."""

    account: Id = Field(description=_ACCOUNT)
    resource: Id = Field(description="The resource.")
    order: Id | None = Field(default=None, description="The order; none where it could not be placed.")
    until: Instant = Field(description="When its period ends.")
    amount: Vnd = Field(description="What the renewal costs; 0 where it could not be priced.")
    reason: str = Field(description=_REASON)
    explanation: str = Field(description=_EXPLANATION)
    missing: Vnd = Field(description="How much more would have had to be available; 0 where it was not that.")
    due: Instant = Field(description="The morning on which it was tried.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resource": "srv-2", "order": _ORDER_ID, "until": "2026-04-05T02:00:00Z",
        "amount": 181_000, "reason": "credit_short", "explanation": "Less credit is available than that.",
        "missing": 31_000, "due": "2026-03-29T01:00:00Z", "effective_at": "2026-03-29T01:00:00Z",
    }  # fmt: skip


class CouponGranted(Event, service="checkout", key="code"):
    """A coupon was made."""

    code: Id = Field(description="The coupon's code.")
    amount: Vnd = Field(description="By how much an order is lowered at most.")
    products: list[Product] = Field(
        description="The products it is for; for all of them where none is named."
    )
    until: Instant | None = Field(default=None, description="When it ends.")
    uses: Count | None = Field(default=None, description="How many orders it lowers.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {**GrantCoupon.example, "effective_at": _INSTANT}


class PricesPublished(PriceList, Event, service="checkout", key="prices"):
    """These prices stand from that instant on."""

    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {**SOME_PRICES, "effective_at": _INSTANT}


class _Refused(Event):
    reason: str = Field(description=_REASON)
    explanation: str = Field(description=_EXPLANATION)
    effective_at: Instant = Field(description="When it was refused.")


class OrderRefused(_Refused, service="checkout", key="subject"):
    """Nothing was ordered: StopPoc, Buy, Renew, Resize or Recover was refused."""

    subject: Id = Field(description=_SUBJECT)
    account: Id = Field(description=_ACCOUNT)
    action: Action = Field(description=_ACTION)

    example: ClassVar[dict[str, Any]] = {
        "subject": "k1", "account": "acme", "action": "stop_poc", "reason": "not_poc",
        "explanation": "The cluster is not POC.", "effective_at": _INSTANT,
    }  # fmt: skip


class OrderCancelRefused(_Refused, service="checkout", key="order"):
    """CancelOrder was refused; the order goes on."""

    order: Id = Field(description=_ORDER)
    account: Id = Field(description=_ACCOUNT)

    example: ClassVar[dict[str, Any]] = {
        "order": _ORDER_ID, "account": "acme", "reason": "order_paid", "explanation": "The order is paid.",
        "effective_at": _INSTANT,
    }  # fmt: skip


class CouponRefused(_Refused, service="checkout", key="code"):
    """GrantCoupon was refused."""

    code: Id = Field(description="The coupon's code.")

    example: ClassVar[dict[str, Any]] = {
        "code": "SAVE", "reason": "coupon_exists", "explanation": "There is such a coupon already.",
        "effective_at": _INSTANT,
    }  # fmt: skip


class PricesRefused(PriceList, _Refused, service="checkout", key="prices"):
    """PublishPrices was refused; every price is as before."""

    example: ClassVar[dict[str, Any]] = {
        **SOME_PRICES, "reason": "price_negative", "explanation": "A price is zero or more.",
        "effective_at": _INSTANT,
    }  # fmt: skip


class Order(State, service="checkout", key="order"):
    """How far an order has come."""

    order: Id = Field(description=_ORDER)
    subject: Id = Field(description=_SUBJECT)
    account: Id = Field(description=_ACCOUNT)
    action: Action = Field(description=_ACTION)
    status: OrderStatus = Field(
        description="awaiting_payment, provisioning, then completed, partly_completed or cancelled."
    )
    pay: PaidBy = Field(description=_PAY)
    auto: bool = Field(default=False, description=_AUTO)
    total: Vnd = Field(description=_TOTAL)
    given_back: Vnd = Field(description=_GIVEN_BACK)
    lines: Count = Field(description="How many lines it has.")
    done: Count = Field(description="How many of them are done.")
    failed: Count = Field(description="How many of them failed.")
    coupon: Id | None = Field(default=None, description="The coupon it uses.")
    placed_at: Instant = Field(description="When it was placed.")
    version: Count = Field(description="1 when it was placed, one more with each change.")

    example: ClassVar[dict[str, Any]] = {
        "order": _ORDER_ID, "subject": "k1", "account": "acme", "action": "stop_poc", "status": "provisioning",
        "pay": "credit", "total": 724_000, "given_back": 0, "lines": 4, "done": 1, "failed": 0, "coupon": "SAVE",
        "placed_at": _INSTANT, "version": 3,
    }  # fmt: skip


class OrderLine(State, service="checkout", key="id"):
    """What an order asks for one resource, and whether it is done."""

    id: Annotated[str, Field(min_length=1, max_length=80)] = Field(
        description="The order and the line's number in it, from 1: <order>:<number>."
    )
    order: Id = Field(description=_ORDER)
    resource: Id = Field(description="The resource.")
    status: LineStatus = Field(description="pending, done or failed.")
    reason: str | None = Field(default=None, description="Why it failed.")
    line: Line | None = Field(default=None, description="Its price, where something is paid for it.")
    metered: Metered | None = Field(default=None, description="Its price, where it is paid by its use.")
    version: Count = Field(description="1 when it was placed, one more with each change.")

    example: ClassVar[dict[str, Any]] = {
        "id": f"{_ORDER_ID}:1", "order": _ORDER_ID, "resource": "srv-1", "status": "pending",
        "line": {
            "resource": "srv-1", "kind": "server", "flavor": "s-general-1x1", "quantity": 1,
            "starts": _INSTANT, "until": "2026-04-05T02:00:00Z", "minutes": 43_200,
            "parts": [{"flavor": "s-general-1x1", "vnd": 181_000, "amount": 181_000}],
            "gross": 181_000, "amount": 181_000,
        },
        "version": 1,
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    OrderPlaced, OrderPaid, OrderCancelled, OrderCompleted, PocStopped, AutoRenewFailed, CouponGranted, PricesPublished,
    OrderRefused, OrderCancelRefused, CouponRefused, PricesRefused,
    Order, OrderLine,
)  # fmt: skip
