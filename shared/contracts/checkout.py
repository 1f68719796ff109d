"""What `checkout` may be asked: to stop POC, buy, renew, resize, recover and cancel; and its coupons and prices.

What it answers, and how orders stand, is in `orders`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from shared.contracts.message import Command, Id, Instant, Message, Vnd
from shared.contracts.parts import Flavor, Kind, Nested, Per, Product, Quantity

Pay = Literal["credit", "top_up", "gateway", "on_behalf", "poc", "hold", "none"]
# How an order is paid in the end: whatever was named, who pays by the month pays nothing yet.
PaidBy = Literal["credit", "top_up", "gateway", "on_behalf", "poc", "hold", "none", "postpaid"]
Action = Literal["stop_poc", "buy", "renew", "resize", "recover"]
Months = Annotated[int, Field(ge=1, le=60)]

# As many lines as one order can have, so that it is placed, and paid, in one decision.
MOST_LINES: Final = 2_000
MOST_PRICES: Final = 1_000
# As many as are renewed in one decision; who has more due in a morning has them in several.
MOST_RENEWALS: Final = 500

Resources = Annotated[list[Id], Field(min_length=1, max_length=MOST_LINES)]

_ACCOUNT = "The account, as the customer's contract names it."
_MONTHS = "For how many months of 30 days."
_UNTIL = "Until when, to the minute; instead of months."
_COUPON = "The coupon that lowers it."
_PAY = (
    "How it is paid: credit (the credit wallet), poc (the POC wallet; POC resources only), hold (metered products: "
    "credit is held), none (Stop POC only: nothing is bought), top_up, gateway, on_behalf."
)

_ORDER_ID = "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11"


class _Paid(Command):
    account: Id = Field(description=_ACCOUNT)
    pay: Pay = Field(description=_PAY)
    gateway: Id | None = Field(default=None, description="Which gateway, where one takes part.")
    payer_email: Annotated[str, Field(max_length=254)] | None = Field(
        default=None, description="Who pays instead, where somebody else does."
    )


class StopPoc(_Paid, service="checkout", key="cluster", public=True):
    """Turns POC resources into paid ones, in place: all of a cluster's servers and volumes that are still POC, or those
    chosen. With `none` nothing is paid, and they expire. Keyed by the cluster, else by the first resource named.
    Answered by OrderPlaced, OrderRefused or PocStopped."""

    cluster: Id | None = Field(default=None, description="The cluster; or else name resources.")
    resources: Resources | None = Field(
        default=None, description="Only these; where a cluster is named, these of it."
    )
    months: Months = Field(default=1, description=_MONTHS)
    auto_renew: bool = Field(default=False, description="Whether each is renewed by itself at its end.")
    coupon: Id | None = Field(default=None, description=_COUPON)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "cluster": "k1", "months": 1, "auto_renew": True, "coupon": "SAVE", "pay": "credit",
    }  # fmt: skip

    @property
    def key(self) -> str:
        """The cluster, else the first resource, else the account: somebody must be answered."""
        return self.cluster or (self.resources[0] if self.resources else self.account)


class BuyItem(Nested):
    """One resource to buy."""

    resource: Id = Field(description="The id it will have.")
    kind: Kind = Field(description="What kind of resource it is.")
    flavor: Flavor = Field(description="What it is of its kind; parts joined by +.")
    quantity: Quantity = Field(default=1, description="How many of it, or how many GB.")
    cluster: Id | None = Field(default=None, description="The cluster it becomes part of.")
    months: Months | None = Field(default=None, description=_MONTHS)
    until: Instant | None = Field(default=None, description=_UNTIL)
    auto_renew: bool = Field(default=False, description="Whether it is renewed by itself at its end.")


class Buy(_Paid, service="checkout", key="items", public=True):
    """Buys new resources, all of one payment. Keyed by the cluster of the first, else by the first resource.
    Answered by OrderPlaced or OrderRefused."""

    items: Annotated[list[BuyItem], Field(min_length=1, max_length=MOST_LINES)] = Field(
        description="What is bought, each for months or until an instant; metered products for neither."
    )
    coupon: Id | None = Field(default=None, description=_COUPON)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme",
        "items": [{
            "resource": "srv-2", "kind": "server", "flavor": "s-general-1x1", "quantity": 1, "cluster": "k1",
            "months": 1, "auto_renew": False,
        }],
        "pay": "credit",
    }  # fmt: skip

    @property
    def key(self) -> str:
        """The cluster of the first item, else its resource."""
        return self.items[0].cluster or self.items[0].resource


class Renew(_Paid, service="checkout", key="resources", public=True):
    """Adds a period from each resource's present end on, also where that has passed. Keyed by the first resource.
    Answered by OrderPlaced or OrderRefused."""

    resources: Resources = Field(description="Which resources.")
    months: Months | None = Field(default=None, description=_MONTHS)
    until: Instant | None = Field(default=None, description=_UNTIL)
    coupon: Id | None = Field(default=None, description=_COUPON)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resources": ["srv-2"], "months": 2, "pay": "credit",
    }  # fmt: skip

    @property
    def key(self) -> str:
        """The first resource."""
        return self.resources[0]


class Resize(_Paid, service="checkout", key="resource", public=True):
    """Changes the size of a resource, to the same end. Answered by OrderPlaced or OrderRefused."""

    resource: Id = Field(description="The resource.")
    flavor: Flavor = Field(description="What it becomes; parts joined by +.")
    quantity: Quantity | None = Field(
        default=None, description="How many of it from then on; as many as now, where left out."
    )

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resource": "srv-2", "flavor": "s-general-2x4", "pay": "credit",
    }  # fmt: skip


class Recover(_Paid, service="checkout", key="resource", public=True):
    """Takes a resource out of the trash, or has one run again that was stopped for debt: paid like a new one from now on.
    Answered by OrderPlaced or OrderRefused."""

    resource: Id = Field(description="The resource.")
    months: Months = Field(default=1, description=f"{_MONTHS} What is metered has none.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resource": "srv-2", "months": 1, "pay": "credit",
    }  # fmt: skip


class RenewalDue(Nested):
    """One resource that is to be renewed by itself, as it stands."""

    resource: Id = Field(description="The resource.")
    kind: Kind = Field(description="What kind of resource it is.")
    flavor: Flavor = Field(description="What it is of its kind; parts joined by +.")
    quantity: Quantity = Field(description="How many of it, or how many GB.")
    cluster: Id | None = Field(default=None, description="The cluster it is part of.")
    until: Instant = Field(description="When its period ends: the next one begins there.")
    months: Months = Field(description=_MONTHS)
    version: Annotated[int, Field(ge=1)] = Field(description="The version of the resource that is told here.")


class RenewDue(Command, service="checkout", key="account"):
    """Has resources renewed by themselves out of the available credit, an order for each: the one that ends first comes
    first, then the one that costs least. Answered by OrderPlaced or AutoRenewFailed for each."""

    account: Id = Field(description=_ACCOUNT)
    resources: Annotated[list[RenewalDue], Field(min_length=1, max_length=MOST_RENEWALS)] = Field(
        description="Those of the account that fell due together."
    )
    effective_at: Instant = Field(description="The morning on which they fell due, however late it is.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme",
        "resources": [{
            "resource": "srv-2", "kind": "server", "flavor": "s-general-1x1", "quantity": 1, "cluster": "k1",
            "until": "2026-04-05T02:00:00Z", "months": 1, "version": 3,
        }],
        "effective_at": "2026-03-29T01:00:00Z",
    }  # fmt: skip


class CancelOrder(Command, service="checkout", key="order", public=True):
    """Abandons an order that is not paid yet. Answered by OrderCancelled or OrderCancelRefused."""

    account: Id = Field(description=_ACCOUNT)
    order: Id = Field(description="The order.")

    example: ClassVar[dict[str, Any]] = {"account": "acme", "order": _ORDER_ID}


class GrantCoupon(Command, service="checkout", key="code", public=True):
    """Makes a coupon: an amount over one order, split over the lines it is for. Answered by CouponGranted or
    CouponRefused."""

    code: Id = Field(description="The coupon's code.")
    amount: Vnd = Field(description="By how much an order is lowered at most; more than zero.")
    products: Annotated[list[Product], Field(max_length=20)] = Field(
        default=[], description="The products it is for; for all of them where none is named."
    )
    until: Instant | None = Field(default=None, description="When it ends; never, where left out.")
    uses: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="How many orders it lowers; any number, where left out."
    )

    example: ClassVar[dict[str, Any]] = {
        "code": "SAVE", "amount": 150_000, "products": ["vserver"], "until": "2026-12-31T17:00:00Z", "uses": 100,
    }  # fmt: skip


class Price(Nested):
    """What one thing costs."""

    flavor: Flavor = Field(description="What is priced: one thing, not several joined by +.")
    kind: Kind = Field(description="What kind of resource it is, or is a part of.")
    vnd: Vnd = Field(description="The price of one, zero or more.")
    per: Per = Field(default="30d", description="What it is for: 30 days, or a GB and hour.")
    discount: Annotated[int, Field(ge=0, le=100)] = Field(
        default=0, description="An item discount in percent, fixed for whoever buys while it stands."
    )


class PriceList(Message):
    """What PublishPrices, and each answer to it, says."""

    # Its field is called as on the wire, but a word of Python's own cannot be a name in it.
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    prices: Annotated[list[Price], Field(min_length=1, max_length=MOST_PRICES)] = Field(
        description="The prices; what is not named keeps its own."
    )
    starts: Instant = Field(
        validation_alias="from", serialization_alias="from", description="From when on they stand."
    )

    @property
    def key(self) -> str:
        """There is one list of prices."""
        return "prices"


SOME_PRICES: dict[str, Any] = {
    "prices": [{"flavor": "s-general-1x1", "kind": "server", "vnd": 181_000, "per": "30d"}],
    "from": "2026-03-01T00:00:00Z",
}  # fmt: skip


class PublishPrices(PriceList, Command, service="checkout", key="prices", public=True):
    """Says what things cost from an instant on. Answered by PricesPublished or PricesRefused."""

    example: ClassVar[dict[str, Any]] = SOME_PRICES


MESSAGES: tuple[type[Message], ...] = (
    StopPoc, Buy, Renew, Resize, Recover, RenewDue, CancelOrder, GrantCoupon, PublishPrices,
)  # fmt: skip
