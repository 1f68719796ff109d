"""What `lifecycle` may be asked: to make, convert, renew, resize, recover, expire and delete resources, and clusters.

Orders ask for what was paid for; people and their portals for the rest.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.jobs import JobSlice
from shared.contracts.message import Command, Id, Instant, Message
from shared.contracts.parts import Flavor, Kind, Line, Metered, Quantity

Billing = Literal["poc", "prepaid", "hold", "postpaid"]
Status = Literal["creating", "active", "grace", "suspended", "expired", "trash", "released"]
Wallet = Literal["credit", "poc"]
Months = Annotated[int, Field(ge=1, le=60)]

# As many as one cluster can have, so that it is converted or deleted in one decision.
MOST_RESOURCES: Final = 2_000
# Each renewal adds a period; a state message stays small.
MOST_TERMS: Final = 100

Version = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]

ACCOUNT = "The account, as the customer's contract names it."
ORDER = "The order that asks."
BY_ORDER = "The order that asked; nothing where no order did."
AT = "When it took effect: fixed once, when the act began, and copied from its cause."
RESOURCE = "The resource."
CLUSTER = "The cluster."
IN_CLUSTER = "The cluster it is part of; nothing where it stands alone."
KIND = "What kind of resource it is."
PRODUCT = "The product its kind belongs to."
AFTER = "The last resource that was done; empty at the beginning."
FLAVOR = "What it is of its kind; parts joined by +."
QUANTITY = "How many of it, or how many GB."
BILLING = (
    "poc: paid from the POC wallet; prepaid: paid for a period; hold: metered, paid out of held credit; postpaid: metered, "
    "invoiced by the month."
)
AUTO_RENEW = "Whether it is renewed by itself when its period ends; never while it is POC."
MONTHS = "By how many months it is renewed by itself."
AUTO = "Whether it is renewed by itself, not by hand."
_AS_PRICED = "The line as the order priced it and had it paid."
METERED = "The price by which its use is paid, and what is held for it."

A_LINE: dict[str, Any] = {
    "resource": "srv-1", "kind": "server", "flavor": "s-general-1x1", "quantity": 1,
    "starts": "2026-03-06T02:00:00Z", "until": "2026-04-05T02:00:00Z", "minutes": 43_200,
    "parts": [{"flavor": "s-general-1x1", "vnd": 181_000, "amount": 181_000}],
    "gross": 181_000, "discount": 0, "coupon": 0, "carried": 0, "amount": 181_000,
}  # fmt: skip
_A_METERED: dict[str, Any] = {
    "resource": "node-1", "kind": "k8s_node", "flavor": "s-general-2x4", "quantity": 1,
    "vnd": 362_000, "per": "30d", "estimate": 36_200,
}  # fmt: skip
ORDER_ID = "019cc0f0-7a00-7f10-8b64-51c0e2d7a9b3"
INSTANT = "2026-03-06T02:00:00Z"
BY: dict[str, Any] = {"account": "acme", "order": ORDER_ID, "effective_at": INSTANT}


class _Ordered(Command):
    account: Id = Field(description=ACCOUNT)
    order: Id = Field(description=ORDER)
    effective_at: Instant = Field(description=AT)


class CreateResource(_Ordered, service="lifecycle", key="resource"):
    """Has the provider make a resource that was paid for. Answered by ResourceCreated or CreationRefused."""

    resource: Id = Field(description="The id it will have.")
    cluster: Id | None = Field(default=None, description=IN_CLUSTER)
    kind: Kind = Field(description=KIND)
    flavor: Flavor = Field(description=FLAVOR)
    quantity: Quantity = Field(description=QUANTITY)
    billing: Billing = Field(description=BILLING)
    line: Line | None = Field(default=None, description="What was paid for it; for poc and prepaid.")
    metered: Metered | None = Field(default=None, description=f"{METERED} For hold and postpaid.")
    auto_renew: bool = Field(default=False, description=AUTO_RENEW)
    months: Months = Field(default=1, description=MONTHS)

    example: ClassVar[dict[str, Any]] = {
        **BY, "resource": "srv-1", "cluster": "k1", "kind": "server", "flavor": "s-general-1x1",
        "quantity": 1, "billing": "prepaid", "line": A_LINE, "auto_renew": True, "months": 1,
    }  # fmt: skip


class ConvertResource(_Ordered, service="lifecycle", key="resource"):
    """Turns a POC resource into a paid one, in place. Answered by ResourceConverted or ConversionRefused."""

    resource: Id = Field(description=RESOURCE)
    line: Line | None = Field(
        default=None, description="The line as it was priced and paid, where it is paid for a period."
    )
    metered: Metered | None = Field(
        default=None, description="Its price, where it is paid by its use from now on: in no cluster only."
    )
    auto_renew: bool = Field(default=False, description=AUTO_RENEW)
    months: Months = Field(default=1, description=MONTHS)

    example: ClassVar[dict[str, Any]] = {
        **BY, "resource": "srv-1", "line": A_LINE, "auto_renew": True, "months": 1,
    }  # fmt: skip


class ConvertCluster(_Ordered, service="lifecycle", key="cluster"):
    """Turns all of a cluster's POC resources into metered ones, the whole or nothing: every one that is still POC
    must be named. Answered by ResourceConverted for each and then ClusterConverted, or by ClusterConversionRefused.
    """

    cluster: Id = Field(description=CLUSTER)
    metered: list[Metered] = Field(
        min_length=1, max_length=MOST_RESOURCES, description="Its POC resources, each with its price."
    )

    example: ClassVar[dict[str, Any]] = {**BY, "cluster": "kube-1", "metered": [_A_METERED]}


class RenewResource(_Ordered, service="lifecycle", key="resource"):
    """Adds a period from the present end on. An expired POC resource becomes a paid one by it.
    Answered by ResourceRenewed or RenewalRefused."""

    resource: Id = Field(description=RESOURCE)
    line: Line = Field(description=_AS_PRICED)
    auto: bool = Field(default=False, description=AUTO)

    example: ClassVar[dict[str, Any]] = {
        **BY, "resource": "srv-1",
        "line": A_LINE | {"starts": "2026-04-05T02:00:00Z", "until": "2026-05-05T02:00:00Z"},
    }  # fmt: skip


class ResizeResource(_Ordered, service="lifecycle", key="resource"):
    """Changes flavor and quantity, to the same end. What was held for the old size of a metered resource is released.
    Answered by ResourceResized or ResizeRefused."""

    resource: Id = Field(description=RESOURCE)
    line: Line | None = Field(
        default=None, description=f"{_AS_PRICED} For poc and prepaid; it carries the old one's unused value."
    )
    metered: Metered | None = Field(default=None, description=f"{METERED} For hold and postpaid.")

    example: ClassVar[dict[str, Any]] = {**BY, "resource": "srv-1", "line": A_LINE}


class RecoverResource(_Ordered, service="lifecycle", key="resource"):
    """Takes a resource out of the trash, one that expired when its POC was stopped, or a metered one that was stopped for
    debt: paid like new from now on. Answered by ResourceRecovered or RecoveryRefused."""

    resource: Id = Field(description=RESOURCE)
    line: Line | None = Field(default=None, description=f"{_AS_PRICED} For prepaid.")
    metered: Metered | None = Field(default=None, description=f"{METERED} For hold and postpaid.")

    example: ClassVar[dict[str, Any]] = {**BY, "resource": "srv-1", "line": A_LINE}


class ExpireResource(_Ordered, service="lifecycle", key="resource"):
    """Stops the POC of a resource without paying: it can be renewed or recovered for 7 days.
    Answered by ResourceExpired or ExpiryRefused."""

    resource: Id = Field(description=RESOURCE)

    example: ClassVar[dict[str, Any]] = {**BY, "resource": "srv-1"}


class ClearCluster(Command, service="lifecycle", key="cluster"):
    """Takes the POC flag from a cluster in which nothing is POC any more. Answered by ClusterCleared or ClusterClearRefused."""

    account: Id = Field(description=ACCOUNT)
    cluster: Id = Field(description=CLUSTER)
    effective_at: Instant = Field(description=AT)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "cluster": "k1", "effective_at": INSTANT}


class CheckChanges(Command, service="lifecycle", key="shard"):
    """Looks after the changes the provider has not answered, one share of them each minute: they are asked again, and
    at last given up. Answered by ChangesChecked."""

    shard: Id = Field(description="Which share of them.")
    minute: Instant = Field(
        description="The minute it was due. It counts when it was accepted: after an outage much may have been answered."
    )

    example: ClassVar[dict[str, Any]] = {"shard": "shard-0", "minute": INSTANT}


class CheckLife(JobSlice, service="lifecycle", key="shard"):
    """Has whatever fell due up to a minute happen to resources, each at its own instant: grace begins or ends, and what
    was suspended, expired or in the trash for long enough is released."""

    example: ClassVar[dict[str, Any]] = {
        "period": "2026-03-31T17:00Z", "shard": 3, "after": "", "effective_at": "2026-03-31T17:00:00Z",
    }  # fmt: skip


class CheckEnds(JobSlice, service="lifecycle", key="shard"):
    """Looks, at 08:00, at what ends soon or has ended: auto-renewal is asked for, its owner is reminded."""

    example: ClassVar[dict[str, Any]] = {
        "period": "2026-03-31", "shard": 3, "after": "", "effective_at": "2026-03-31T01:00:00Z",
    }  # fmt: skip


class CheckPocEnds(JobSlice, service="lifecycle", key="shard"):
    """Looks for POC wallets that have ended: some minutes after that was heard of, POC stops for everything on them."""

    example: ClassVar[dict[str, Any]] = {
        "period": "2026-03-31T17:00Z", "shard": 3, "after": "", "effective_at": "2026-03-31T17:00:00Z",
    }  # fmt: skip


class EndPoc(Command, service="lifecycle", key="account"):
    """Ends the POC of all that an account has on its POC wallet, so many resources at a time. Answered by PocEnded."""

    account: Id = Field(description=ACCOUNT)
    after: str = Field(default="", max_length=64, description=AFTER)
    effective_at: Instant = Field(description="When the POC wallet ended.")

    example: ClassVar[dict[str, Any]] = {"account": "acme", "after": "srv-500", "effective_at": INSTANT}


class StopMetered(Command, service="lifecycle", key="account"):
    """Stops the metered resources of a product that an account has not paid for, so many at a time. Answered by
    MeteredStopped."""

    account: Id = Field(description=ACCOUNT)
    product: Id = Field(description=PRODUCT)
    after: str = Field(default="", max_length=64, description=AFTER)
    effective_at: Instant = Field(description="When it was found that it is not paid.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "product": "vcontainer", "after": "node-500", "effective_at": INSTANT,
    }  # fmt: skip


class DeleteResource(Command, service="lifecycle", key="resource", public=True):
    """Deletes a resource; its unused value is given back. A change of it that is under way is called off.
    Answered by ResourceDeleted or DeletionRefused."""

    account: Id = Field(description=ACCOUNT)
    resource: Id = Field(description=RESOURCE)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "resource": "srv-1"}


class DeleteCluster(Command, service="lifecycle", key="cluster", public=True):
    """Deletes a cluster and all that is in it. Answered by ResourceDeleted for each and then ClusterDeleted, or by
    ClusterDeletionRefused."""

    account: Id = Field(description=ACCOUNT)
    cluster: Id = Field(description=CLUSTER)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "cluster": "k1"}


class SetAutoRenew(Command, service="lifecycle", key="resource", public=True):
    """Switches auto-renewal on or off. Answered by AutoRenewSet or AutoRenewRefused."""

    account: Id = Field(description=ACCOUNT)
    resource: Id = Field(description=RESOURCE)
    on: bool = Field(description="On or off.")
    months: Months | None = Field(default=None, description=f"{MONTHS} As before when left out.")

    example: ClassVar[dict[str, Any]] = {"account": "acme", "resource": "srv-1", "on": True, "months": 3}


class ReportPocStopped(Command, service="lifecycle", key="resource", public=True):
    """Says that a resource's POC was stopped on its own portal: a conversion of it that is under way is called off.
    Answered by ResourceExpired or ExpiryRefused."""

    account: Id = Field(description=ACCOUNT)
    resource: Id = Field(description=RESOURCE)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "resource": "srv-1"}


class ReportUsage(Command, service="lifecycle", key="resource", public=True):
    """Says how much a resource metered by its size holds. Answered by UsageReported or UsageRefused."""

    account: Id = Field(description=ACCOUNT)
    resource: Id = Field(description=RESOURCE)
    quantity: Quantity = Field(description="How many GB.")
    at: Instant = Field(description="When it held so much; later than what was said before.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resource": "snap-1", "quantity": 40, "at": INSTANT,
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    CreateResource, ConvertResource, ConvertCluster, RenewResource, ResizeResource, RecoverResource,
    ExpireResource, ClearCluster, CheckChanges, CheckLife, CheckEnds, CheckPocEnds, EndPoc, StopMetered, DeleteResource, DeleteCluster,
    SetAutoRenew, ReportPocStopped, ReportUsage,
)  # fmt: skip
