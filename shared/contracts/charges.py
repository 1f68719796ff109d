"""The messages of `hold` that other services send: charging an order, holding credit for it, giving back, paying invoices."""

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
_INVOICE: Final = "The invoice."


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
    amount: Vnd = Field(
        description="What the next days cost, of a resize what they cost more than before: so much is held, zero or more."
    )


class _Release(_Act):
    order: Id = Field(description="The order the credit was held for, of which a line failed.")
    product: Id = Field(description=_PRODUCT)
    amount: Vnd = Field(description="By how much less is held for it; more than zero.")


class _GiveBack(_Act):
    wallet: Wallet = Field(description=_WALLET)
    amount: Vnd = Field(description="What is given back; more than zero.")
    why: Why = Field(description=_WHY)
    order: Id | None = Field(default=None, description=_WHOSE_ORDER)
    resource: Id | None = Field(default=None, description="The resource it was paid for.")


class _Settle(_Act):
    invoice: Id = Field(description=_INVOICE)
    product: Id = Field(description=_PRODUCT)
    resource: Id | None = Field(
        default=None,
        description="The resource whose use it is for; nothing where it is for all that was used of the product.",
    )
    amount: Vnd = Field(
        description="What the invoice says the use cost; 0 where nothing is to be paid, and there may be no invoice."
    )
    until: Instant = Field(
        description="Use up to this minute is on the invoice, of one resource since the month began; what comes after is not."
    )


class _Pay(_Act):
    invoice: Id = Field(description=_INVOICE)
    payment: Id = Field(description="The payment's own id: each is made once.")
    amount: Vnd = Field(description="What is left to pay; more than zero.")


class _Paid(Message):
    paid: Vnd = Field(description="What was paid.")
    outstanding: Vnd = Field(description="What of the amount asked for was not there: amount - paid.")


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
    """Lets go of credit that an order set aside for a metered product, because a line of it failed. What is held for a
    resource goes with the resource. Answered by HoldReleased or ReleaseRefused."""

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "order": "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11", "product": "vcontainer", "amount": 18_100,
        "effective_at": "2026-03-09T02:00:00Z",
    }  # fmt: skip


class GiveBack(_GiveBack, Command, service="hold", key="account"):
    """Gives back what was paid for and not had. Answered by GivenBack or GiveBackRefused."""

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "wallet": "credit", "amount": 181_000, "why": "line_failed",
        "order": "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11", "resource": "srv-9", "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class Settle(_Settle, Command, service="hold", key="account"):
    """Pays for metered use that is invoiced: out of what is held for the product, then out of available credit, as far as
    there is any. What was held for that use beyond it is let go. Asked again, it is answered alike. Answered by Settled
    or SettleRefused."""

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "invoice": "019d44d8-1a80-7c3d-9a52-2f6b8d1e4a70", "product": "vcontainer",
        "amount": 181_000, "until": "2026-03-31T17:00:00Z", "effective_at": "2026-03-31T17:00:00Z",
    }  # fmt: skip


class PayFrom(_Pay, Command, service="hold", key="account"):
    """Pays an invoice out of the available credit, partly if there is less, nothing where there is none. Asked again, it
    is answered alike. Answered by PaidFrom or PayRefused."""

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "invoice": "019d44d8-1a80-7c3d-9a52-2f6b8d1e4a70",
        "payment": "019d4b3f-a680-7f1e-8c52-6a0d9e3b7c14", "amount": 81_000, "effective_at": "2026-04-02T17:00:00Z",
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


class Settled(_Settle, _Paid, Event, service="hold", key="account"):
    """Metered use was paid for, as far as there was credit."""

    from_hold: Vnd = Field(description="What of it was held for the product; the rest was available credit.")

    example: ClassVar[dict[str, Any]] = {
        **Settle.example,
        "paid": 100_000,
        "from_hold": 90_000,
        "outstanding": 81_000,
    }


class PaidFrom(_Pay, _Paid, Event, service="hold", key="account"):
    """An invoice was paid out of the available credit, as far as there was any: maybe nothing."""

    example: ClassVar[dict[str, Any]] = {**PayFrom.example, "paid": 81_000, "outstanding": 0}


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


class SettleRefused(_Settle, _Refused, Event, service="hold", key="account"):
    """Settle was refused; no money moved, and what was held is held."""

    example: ClassVar[dict[str, Any]] = {
        **Settle.example, "reason": "settled_otherwise",
        "explanation": "The invoice was settled for this product already, another amount.",
    }  # fmt: skip


class PayRefused(_Pay, _Refused, Event, service="hold", key="account"):
    """PayFrom was refused; no money moved."""

    example: ClassVar[dict[str, Any]] = {
        **PayFrom.example, "reason": "account_unknown", "explanation": "There is no such account.",
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    PlaceCharge, PlaceHold, ReleaseHold, GiveBack, Settle, PayFrom,
    Charged, HoldPlaced, HoldReleased, GivenBack, Settled, PaidFrom,
    ChargeRefused, HoldRefused, ReleaseRefused, GiveBackRefused, SettleRefused, PayRefused,
)  # fmt: skip
