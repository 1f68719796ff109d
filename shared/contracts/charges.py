"""The messages of `hold` that other services send: charging an order, holding credit for it, and giving back."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.message import Command, Event, Id, Instant, Message, Vnd

Wallet = Literal["credit", "poc"]
Why = Literal["line_failed", "order_cancelled", "unused"]

_ACCOUNT: Final = "The account, as the customer's contract names it."
_AT: Final = "The instant of the act: fixed once, when it was accepted."
_ORDER: Final = "The order."
_WALLET: Final = "The wallet: credit is real money, poc pays POC resources only."
_PRODUCT: Final = "The metered product."
_MISSING: Final = "How much more would have to be available; 0 where money was not what was missing."
_WHY: Final = (
    "line_failed: a line of the order was not provisioned; order_cancelled: nothing of it was; "
    "unused: the rest of what was paid for a resource."
)
_WHOSE_ORDER: Final = "The order; always there, but where the rest of a resource is given back."
_RELEASED_ORDER: Final = (
    "The order the credit was held for, where a line of it failed. Left out where a resource goes or shrinks."
)


class _Act(Message):
    account: Id = Field(description=_ACCOUNT)
    effective_at: Instant = Field(description=_AT)


class _Refused(_Act):
    reason: str = Field(description="A stable code; the service's page lists them, first match first.")
    explanation: str = Field(description="The same as a sentence for a person.")


class _Charge(_Act):
    order: Id = Field(description=_ORDER)
    wallet: Wallet = Field(description=_WALLET)
    amount: Vnd = Field(description="What the order costs, zero or more.")


class _Hold(_Act):
    order: Id = Field(description=_ORDER)
    product: Id = Field(description=_PRODUCT)
    amount: Vnd = Field(description="The estimate of the next days that is held, zero or more.")


class _Release(_Act):
    order: Id | None = Field(default=None, description=_RELEASED_ORDER)
    product: Id = Field(description=_PRODUCT)
    amount: Vnd = Field(description="By how much less is estimated; more than zero.")


class _GiveBack(_Act):
    wallet: Wallet = Field(description=_WALLET)
    amount: Vnd = Field(description="What is given back; more than zero.")
    why: Why = Field(description=_WHY)
    order: Id | None = Field(default=None, description=_WHOSE_ORDER)
    resource: Id | None = Field(default=None, description="The resource it was paid for.")


class PlaceCharge(_Charge, Command, service="hold", key="account"):
    """Pays a whole order out of one wallet. Asked again, it is answered alike, and no money moves twice. Answered by
    Charged or ChargeRefused."""

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "order": "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11", "wallet": "credit", "amount": 724_000,
        "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class PlaceHold(_Hold, Command, service="hold", key="account"):
    """Sets credit aside for a metered product. Asked again, it is answered alike, and nothing is held twice. Answered
    by HoldPlaced or HoldRefused."""

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "order": "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11", "product": "vcontainer", "amount": 54_300,
        "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class ReleaseHold(_Release, Command, service="hold", key="account"):
    """Lets go of credit that was set aside for a metered product. Answered by HoldReleased or ReleaseRefused."""

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "product": "vcontainer", "amount": 18_100, "effective_at": "2026-03-09T02:00:00Z",
    }  # fmt: skip


class GiveBack(_GiveBack, Command, service="hold", key="account"):
    """Gives back what was paid for and not had. Answered by GivenBack or GiveBackRefused."""

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "wallet": "credit", "amount": 181_000, "why": "line_failed",
        "order": "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11", "resource": "srv-9", "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class Charged(_Charge, Event, service="hold", key="account"):
    """An order was paid."""

    example: ClassVar[dict[str, Any]] = dict(PlaceCharge.example)


class HoldPlaced(_Hold, Event, service="hold", key="account"):
    """Credit was set aside for a metered product."""

    example: ClassVar[dict[str, Any]] = dict(PlaceHold.example)


class HoldReleased(_Release, Event, service="hold", key="account"):
    """Credit set aside for a metered product was let go."""

    example: ClassVar[dict[str, Any]] = dict(ReleaseHold.example)


class GivenBack(_GiveBack, Event, service="hold", key="account"):
    """What was paid for and not had is back in the wallet."""

    expired: bool = Field(
        default=False,
        description="Whether the POC wallet had ended: then it was booked there, and expired at once.",
    )

    example: ClassVar[dict[str, Any]] = dict(GiveBack.example)


class ChargeRefused(_Charge, _Refused, Event, service="hold", key="account"):
    """PlaceCharge was refused; no money moved."""

    missing: Vnd = Field(description=_MISSING)

    example: ClassVar[dict[str, Any]] = {
        **PlaceCharge.example, "missing": 224_000, "reason": "credit_short",
        "explanation": "Less credit is available than that.",
    }  # fmt: skip


class HoldRefused(_Hold, _Refused, Event, service="hold", key="account"):
    """PlaceHold was refused; nothing was set aside."""

    missing: Vnd = Field(description=_MISSING)

    example: ClassVar[dict[str, Any]] = {
        **PlaceHold.example, "missing": 4_300, "reason": "credit_short",
        "explanation": "Less credit is available than that.",
    }  # fmt: skip


class ReleaseRefused(_Release, _Refused, Event, service="hold", key="account"):
    """ReleaseHold was refused; what was held is held."""

    example: ClassVar[dict[str, Any]] = {
        **ReleaseHold.example, "reason": "more_than_held", "explanation": "Less than that was set aside.",
    }  # fmt: skip


class GiveBackRefused(_GiveBack, _Refused, Event, service="hold", key="account"):
    """GiveBack was refused; no money moved."""

    example: ClassVar[dict[str, Any]] = {
        **GiveBack.example, "reason": "more_than_charged", "explanation": "Less than that is left of the order's charge.",
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    PlaceCharge, PlaceHold, ReleaseHold, GiveBack,
    Charged, HoldPlaced, HoldReleased, GivenBack,
    ChargeRefused, HoldRefused, ReleaseRefused, GiveBackRefused,
)  # fmt: skip
