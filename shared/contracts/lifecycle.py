"""What `lifecycle` tells: what became of resources and clusters, and how they stand.

Whatever gives value back says so in its event: `unused`, and the `wallet` it goes to. What may be asked stands in
`resources.py`, how it says no in `refusals.py`; what time brings, in `ends.py`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from shared.contracts.message import Event, Id, Instant, Message, State, Vnd
from shared.contracts.parts import Flavor, Kind, Line, Metered, Product, Quantity, Term
from shared.contracts.resources import (
    A_LINE,
    ACCOUNT,
    AT,
    AUTO,
    AUTO_RENEW,
    BILLING,
    BY,
    BY_ORDER,
    CLUSTER,
    FLAVOR,
    IN_CLUSTER,
    INSTANT,
    KIND,
    METERED,
    MONTHS,
    MOST_TERMS,
    ORDER,
    ORDER_ID,
    QUANTITY,
    RESOURCE,
    Billing,
    Count,
    Months,
    Status,
    Version,
    Wallet,
)

EndedBy = Literal["customer", "cluster", "poc_wallet"]


class OfResource(Event):
    """What every event about a resource tells."""

    account: Id = Field(description=ACCOUNT)
    resource: Id = Field(description=RESOURCE)
    cluster: Id | None = Field(default=None, description=IN_CLUSTER)
    kind: Kind = Field(description=KIND)
    product: Product = Field(description="The product its kind belongs to.")
    flavor: Flavor = Field(description=FLAVOR)
    quantity: Quantity = Field(description=QUANTITY)
    billing: Billing = Field(
        description=f"How it is billed from here on; where it ended, how it was. {BILLING}"
    )
    order: Id | None = Field(default=None, description=BY_ORDER)
    line: Line | None = Field(default=None, description="What was paid, where something was.")
    metered: Metered | None = Field(
        default=None, description="By what price its use is paid, or was until now, where it is metered."
    )
    unused: Vnd = Field(default=0, description="The value that is given back; 0 where there is none.")
    wallet: Wallet | None = Field(default=None, description="The wallet the unused value goes to.")
    version: Version = Field(
        description="The version of the resource with it: that of the state that tells the same."
    )
    effective_at: Instant = Field(description=AT)


_OF_SRV: dict[str, Any] = {
    "account": "acme", "resource": "srv-1", "cluster": "k1", "kind": "server", "product": "vserver",
    "flavor": "s-general-1x1", "quantity": 1, "billing": "prepaid", "order": ORDER_ID, "line": A_LINE,
    "version": 3,
}  # fmt: skip
_ENDED: dict[str, Any] = {name: told for name, told in _OF_SRV.items() if name != "line"}
TIMED: dict[str, Any] = {name: told for name, told in _ENDED.items() if name != "order"}


class ResourceCreated(OfResource, service="lifecycle", key="resource"):
    """A resource was made."""

    example: ClassVar[dict[str, Any]] = {**_OF_SRV, "effective_at": INSTANT}


class ResourceConverted(OfResource, service="lifecycle", key="resource"):
    """A POC resource has become a paid one; what was left of its POC value goes back to the POC wallet."""

    example: ClassVar[dict[str, Any]] = {
        **_OF_SRV, "unused": 98_000, "wallet": "poc", "effective_at": INSTANT,
    }  # fmt: skip


class ResourceRenewed(OfResource, service="lifecycle", key="resource"):
    """A resource was renewed, by hand or by itself; in grace or suspended, it runs again."""

    auto: bool = Field(default=False, description=AUTO)

    example: ClassVar[dict[str, Any]] = {**_OF_SRV, "effective_at": INSTANT}


class ResourceResized(OfResource, service="lifecycle", key="resource"):
    """A resource has another size; `unused` is what the new one costs less than the old one was still worth."""

    before: Flavor = Field(description="The flavor it had.")
    before_quantity: Quantity = Field(description="The quantity it had.")

    example: ClassVar[dict[str, Any]] = {
        **_OF_SRV, "before": "s-general-2x4", "before_quantity": 1, "effective_at": INSTANT,
    }  # fmt: skip


class ResourceRecovered(OfResource, service="lifecycle", key="resource"):
    """A resource was taken out of the trash, or runs again after it was stopped."""

    example: ClassVar[dict[str, Any]] = {**_OF_SRV, "effective_at": INSTANT}


class ResourceExpired(OfResource, service="lifecycle", key="resource"):
    """The POC of a resource was stopped without paying: it no longer runs."""

    trash_until: Instant = Field(description="Until when it can be renewed or recovered.")

    example: ClassVar[dict[str, Any]] = {
        **_ENDED, "billing": "poc", "unused": 98_000, "wallet": "poc",
        "trash_until": "2026-03-13T02:00:00Z", "effective_at": INSTANT,
    }  # fmt: skip


class ResourceDeleted(OfResource, service="lifecycle", key="resource"):
    """A resource was deleted."""

    by: EndedBy = Field(
        default="customer",
        description="customer: it was asked for; cluster: its cluster was deleted; poc_wallet: the POC wallet it was on "
        "has ended.",
    )
    trash_until: Instant | None = Field(
        default=None, description="Until when it can be recovered; nothing where it cannot."
    )

    example: ClassVar[dict[str, Any]] = {
        **TIMED, "unused": 90_500, "wallet": "credit", "trash_until": "2026-03-13T02:00:00Z", "effective_at": INSTANT,
    }  # fmt: skip


class AutoRenewSet(Event, service="lifecycle", key="resource"):
    """Auto-renewal was switched on or off."""

    account: Id = Field(description=ACCOUNT)
    resource: Id = Field(description=RESOURCE)
    on: bool = Field(description="On or off.")
    months: Months = Field(description=MONTHS)
    effective_at: Instant = Field(description=AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resource": "srv-1", "on": True, "months": 3, "effective_at": INSTANT,
    }  # fmt: skip


class UsageReported(Event, service="lifecycle", key="resource"):
    """A resource metered by its size holds so much."""

    account: Id = Field(description=ACCOUNT)
    resource: Id = Field(description=RESOURCE)
    kind: Kind = Field(description=KIND)
    product: Product = Field(description="The product its kind belongs to.")
    flavor: Flavor = Field(description=FLAVOR)
    quantity: Quantity = Field(description="How many GB.")
    at: Instant = Field(description="When it held so much.")
    metered: Metered | None = Field(
        default=None, description="By what price its use is paid; nothing for POC."
    )
    effective_at: Instant = Field(description=AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resource": "snap-1", "kind": "snapshot", "product": "snapshot",
        "flavor": "snapshot", "quantity": 40, "at": INSTANT,
        "metered": {
            "resource": "snap-1", "kind": "snapshot", "flavor": "snapshot", "quantity": 10,
            "vnd": 5, "per": "gb_hour", "estimate": 3_600,
        },
        "effective_at": "2026-03-06T02:00:04Z",
    }  # fmt: skip


class ClusterConverted(Event, service="lifecycle", key="cluster"):
    """All POC resources of a cluster have become metered ones."""

    account: Id = Field(description=ACCOUNT)
    cluster: Id = Field(description=CLUSTER)
    order: Id = Field(description=ORDER)
    resources: Count = Field(description="How many were converted.")
    effective_at: Instant = Field(description=AT)

    example: ClassVar[dict[str, Any]] = {**BY, "cluster": "kube-1", "resources": 30}


class ClusterCleared(Event, service="lifecycle", key="cluster"):
    """A cluster is no longer POC: by the order that converted its last POC resource, or because it was asked."""

    account: Id = Field(description=ACCOUNT)
    cluster: Id = Field(description=CLUSTER)
    effective_at: Instant = Field(description=AT)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "cluster": "k1", "effective_at": INSTANT}


class ClusterDeleted(Event, service="lifecycle", key="cluster"):
    """A cluster was deleted, and all that was in it."""

    account: Id = Field(description=ACCOUNT)
    cluster: Id = Field(description=CLUSTER)
    resources: Count = Field(description="How many were deleted with it.")
    effective_at: Instant = Field(description=AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "cluster": "k1", "resources": 30, "effective_at": INSTANT,
    }  # fmt: skip


class ChangesChecked(Event, service="lifecycle", key="shard"):
    """One share of the changes that wait for the provider was looked after."""

    shard: Id = Field(description="Which share of them.")
    asked_again: Count = Field(description="How many the provider was asked for again.")
    given_up: Count = Field(description="How many were given up.")
    effective_at: Instant = Field(description="When.")

    example: ClassVar[dict[str, Any]] = {
        "shard": "shard-0", "asked_again": 2, "given_up": 0, "effective_at": INSTANT,
    }  # fmt: skip


class Resource(State, service="lifecycle", key="resource"):
    """How a resource stands. One that ended keeps its billing: that a resource is POC now takes the status too."""

    resource: Id = Field(description=RESOURCE)
    account: Id = Field(description=ACCOUNT)
    cluster: Id | None = Field(default=None, description=IN_CLUSTER)
    kind: Kind = Field(description=KIND)
    product: Product = Field(description="The product its kind belongs to.")
    flavor: Flavor = Field(description=FLAVOR)
    quantity: Quantity = Field(description=QUANTITY)
    billing: Billing = Field(description=BILLING)
    status: Status = Field(
        description="creating, active, grace (ended, runs), suspended, expired (POC stopped without paying), "
        "trash (deleted, can be recovered), or released (gone)."
    )
    starts: Instant = Field(description="From when on it is billed so.")
    until: Instant | None = Field(
        default=None, description="When its last period ends; nothing where it is metered."
    )
    auto_renew: bool = Field(description=AUTO_RENEW)
    months: Months = Field(description=MONTHS)
    terms: list[Term] = Field(
        max_length=MOST_TERMS, description="The periods that were paid for and not given back."
    )
    metered: Metered | None = Field(default=None, description=f"{METERED} For hold and postpaid.")
    trash_until: Instant | None = Field(
        default=None,
        description="Until when it can be recovered: in the trash, expired, or stopped for debt.",
    )
    version: Version = Field(description="1 when it was asked for, one more with each change.")

    example: ClassVar[dict[str, Any]] = {
        "resource": "srv-1", "account": "acme", "cluster": "k1", "kind": "server", "product": "vserver",
        "flavor": "s-general-1x1", "quantity": 1, "billing": "prepaid", "status": "active",
        "starts": "2026-03-06T02:00:00Z", "until": "2026-04-05T02:00:00Z", "auto_renew": True, "months": 1,
        "terms": [{"starts": "2026-03-06T02:00:00Z", "until": "2026-04-05T02:00:00Z", "paid": 181_000}],
        "version": 3,
    }  # fmt: skip


class Cluster(State, service="lifecycle", key="cluster"):
    """How a cluster stands with its POC."""

    cluster: Id = Field(description=CLUSTER)
    account: Id = Field(description=ACCOUNT)
    poc: bool = Field(description="Whether it is POC.")
    stop_poc_available: bool = Field(description="Whether Stop POC may be asked for: while it is POC.")
    poc_remaining: Count = Field(description="How many of its servers and volumes are still POC.")
    resources: Count = Field(description="How many resources it has, those in the trash not counted.")
    version: Version = Field(description="One more with each change.")

    example: ClassVar[dict[str, Any]] = {
        "cluster": "k1", "account": "acme", "poc": True, "stop_poc_available": True,
        "poc_remaining": 12, "resources": 30, "version": 31,
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    ResourceCreated, ResourceConverted, ResourceRenewed, ResourceResized, ResourceRecovered,
    ResourceExpired, ResourceDeleted, AutoRenewSet, UsageReported, ClusterConverted, ClusterCleared,
    ClusterDeleted, ChangesChecked, Resource, Cluster,
)  # fmt: skip
