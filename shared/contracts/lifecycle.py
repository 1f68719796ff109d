"""The messages of `lifecycle`: resources and clusters, what is POC of them and until when, and how they change.

Whatever gives value back says so in its event: `unused`, and the `wallet` it goes to.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.message import Command, Event, Id, Instant, Message, State, Vnd
from shared.contracts.parts import Flavor, Kind, Line, Metered, Product, Quantity, Term

Billing = Literal["poc", "prepaid", "hold"]
Status = Literal["creating", "active", "grace", "suspended", "expired", "trash", "released"]
Wallet = Literal["credit", "poc"]
Months = Annotated[int, Field(ge=1, le=60)]

# As many as one cluster can have, so that it is converted or deleted in one decision.
MOST_RESOURCES: Final = 2_000
# Each renewal adds a period; a state message stays small.
MOST_TERMS: Final = 100

Version = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]

_ACCOUNT = "The account, as the customer's contract names it."
_ORDER = "The order that asks."
_BY_ORDER = "The order that asked; nothing where no order did."
_AT = "When it took effect: fixed once, when the act began, and copied from its cause."
_RESOURCE = "The resource."
_CLUSTER = "The cluster."
_IN_CLUSTER = "The cluster it is part of; nothing where it stands alone."
_KIND = "What kind of resource it is."
_FLAVOR = "What it is of its kind; parts joined by +."
_QUANTITY = "How many of it, or how many GB."
_BILLING = (
    "poc: paid from the POC wallet; prepaid: paid for a period; hold: metered, paid out of held credit."
)
_AUTO_RENEW = "Whether it is renewed by itself when its period ends; never while it is POC."
_MONTHS = "By how many months it is renewed by itself."
_AS_PRICED = "The line as the order priced it and had it paid."
_METERED = "The price by which its use is paid, and what is held for it."

_A_LINE: dict[str, Any] = {
    "resource": "srv-1", "kind": "server", "flavor": "s-general-1x1", "quantity": 1,
    "starts": "2026-03-06T02:00:00Z", "until": "2026-04-05T02:00:00Z", "minutes": 43_200,
    "parts": [{"flavor": "s-general-1x1", "vnd": 181_000, "amount": 181_000}],
    "gross": 181_000, "discount": 0, "coupon": 0, "carried": 0, "amount": 181_000,
}  # fmt: skip
_A_METERED: dict[str, Any] = {
    "resource": "node-1", "kind": "k8s_node", "flavor": "s-general-2x4", "quantity": 1,
    "vnd": 362_000, "per": "30d", "estimate": 36_200,
}  # fmt: skip
_ORDER_ID = "019cc0f0-7a00-7f10-8b64-51c0e2d7a9b3"
_INSTANT = "2026-03-06T02:00:00Z"
_BY: dict[str, Any] = {"account": "acme", "order": _ORDER_ID, "effective_at": _INSTANT}


class _Ordered(Command):
    account: Id = Field(description=_ACCOUNT)
    order: Id = Field(description=_ORDER)
    effective_at: Instant = Field(description=_AT)


class CreateResource(_Ordered, service="lifecycle", key="resource"):
    """Has the provider make a resource that was paid for. Answered by ResourceCreated or CreationRefused."""

    resource: Id = Field(description="The id it will have.")
    cluster: Id | None = Field(default=None, description=_IN_CLUSTER)
    kind: Kind = Field(description=_KIND)
    flavor: Flavor = Field(description=_FLAVOR)
    quantity: Quantity = Field(description=_QUANTITY)
    billing: Billing = Field(description=_BILLING)
    line: Line | None = Field(default=None, description="What was paid for it; for poc and prepaid.")
    metered: Metered | None = Field(default=None, description=f"{_METERED} For hold.")
    auto_renew: bool = Field(default=False, description=_AUTO_RENEW)
    months: Months = Field(default=1, description=_MONTHS)

    example: ClassVar[dict[str, Any]] = {
        **_BY, "resource": "srv-1", "cluster": "k1", "kind": "server", "flavor": "s-general-1x1",
        "quantity": 1, "billing": "prepaid", "line": _A_LINE, "auto_renew": True, "months": 1,
    }  # fmt: skip


class ConvertResource(_Ordered, service="lifecycle", key="resource"):
    """Turns a POC resource into a paid one, in place. Answered by ResourceConverted or ConversionRefused."""

    resource: Id = Field(description=_RESOURCE)
    line: Line = Field(description=_AS_PRICED)
    auto_renew: bool = Field(default=False, description=_AUTO_RENEW)
    months: Months = Field(default=1, description=_MONTHS)

    example: ClassVar[dict[str, Any]] = {
        **_BY, "resource": "srv-1", "line": _A_LINE, "auto_renew": True, "months": 1,
    }  # fmt: skip


class ConvertCluster(_Ordered, service="lifecycle", key="cluster"):
    """Turns all of a cluster's POC resources into metered ones, the whole or nothing: every one that is still POC
    must be named. Answered by ResourceConverted for each and then ClusterConverted, or by ClusterConversionRefused.
    """

    cluster: Id = Field(description=_CLUSTER)
    metered: list[Metered] = Field(
        min_length=1, max_length=MOST_RESOURCES, description="Its POC resources, each with its price."
    )

    example: ClassVar[dict[str, Any]] = {**_BY, "cluster": "kube-1", "metered": [_A_METERED]}


class RenewResource(_Ordered, service="lifecycle", key="resource"):
    """Adds a period from the present end on. An expired POC resource becomes a paid one by it.
    Answered by ResourceRenewed or RenewalRefused."""

    resource: Id = Field(description=_RESOURCE)
    line: Line = Field(description=_AS_PRICED)

    example: ClassVar[dict[str, Any]] = {
        **_BY, "resource": "srv-1",
        "line": _A_LINE | {"starts": "2026-04-05T02:00:00Z", "until": "2026-05-05T02:00:00Z"},
    }  # fmt: skip


class ResizeResource(_Ordered, service="lifecycle", key="resource"):
    """Changes flavor and quantity, to the same end. What was held for the old size of a metered resource is released.
    Answered by ResourceResized or ResizeRefused."""

    resource: Id = Field(description=_RESOURCE)
    line: Line | None = Field(
        default=None, description=f"{_AS_PRICED} For poc and prepaid; it carries the old one's unused value."
    )
    metered: Metered | None = Field(default=None, description=f"{_METERED} For hold.")

    example: ClassVar[dict[str, Any]] = {**_BY, "resource": "srv-1", "line": _A_LINE}


class RecoverResource(_Ordered, service="lifecycle", key="resource"):
    """Takes a resource out of the trash, or one that expired when its POC was stopped: paid like new from now on.
    Answered by ResourceRecovered or RecoveryRefused."""

    resource: Id = Field(description=_RESOURCE)
    line: Line = Field(description=_AS_PRICED)

    example: ClassVar[dict[str, Any]] = {**_BY, "resource": "srv-1", "line": _A_LINE}


class ExpireResource(_Ordered, service="lifecycle", key="resource"):
    """Stops the POC of a resource without paying: it can be renewed or recovered for 7 days.
    Answered by ResourceExpired or ExpiryRefused."""

    resource: Id = Field(description=_RESOURCE)

    example: ClassVar[dict[str, Any]] = {**_BY, "resource": "srv-1"}


class ClearCluster(Command, service="lifecycle", key="cluster"):
    """Takes the POC flag from a cluster in which nothing is POC any more. Answered by ClusterCleared or ClusterClearRefused."""

    account: Id = Field(description=_ACCOUNT)
    cluster: Id = Field(description=_CLUSTER)
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "cluster": "k1", "effective_at": _INSTANT}


class CheckChanges(Command, service="lifecycle", key="shard"):
    """Looks after the changes the provider has not answered, one share of them each minute: they are asked again, and
    at last given up. Answered by ChangesChecked."""

    shard: Id = Field(description="Which share of them.")
    effective_at: Instant = Field(description="The minute.")

    example: ClassVar[dict[str, Any]] = {"shard": "shard-0", "effective_at": _INSTANT}


class DeleteResource(Command, service="lifecycle", key="resource", public=True):
    """Deletes a resource; its unused value is given back. A change of it that is under way is called off.
    Answered by ResourceDeleted or DeletionRefused."""

    account: Id = Field(description=_ACCOUNT)
    resource: Id = Field(description=_RESOURCE)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "resource": "srv-1"}


class DeleteCluster(Command, service="lifecycle", key="cluster", public=True):
    """Deletes a cluster and all that is in it. Answered by ResourceDeleted for each and then ClusterDeleted, or by
    ClusterDeletionRefused."""

    account: Id = Field(description=_ACCOUNT)
    cluster: Id = Field(description=_CLUSTER)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "cluster": "k1"}


class SetAutoRenew(Command, service="lifecycle", key="resource", public=True):
    """Switches auto-renewal on or off. Answered by AutoRenewSet or AutoRenewRefused."""

    account: Id = Field(description=_ACCOUNT)
    resource: Id = Field(description=_RESOURCE)
    on: bool = Field(description="On or off.")
    months: Months | None = Field(default=None, description=f"{_MONTHS} As before when left out.")

    example: ClassVar[dict[str, Any]] = {"account": "acme", "resource": "srv-1", "on": True, "months": 3}


class ReportPocStopped(Command, service="lifecycle", key="resource", public=True):
    """Says that a resource's POC was stopped on its own portal: a conversion of it that is under way is called off.
    Answered by ResourceExpired or ExpiryRefused."""

    account: Id = Field(description=_ACCOUNT)
    resource: Id = Field(description=_RESOURCE)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "resource": "srv-1"}


class ReportUsage(Command, service="lifecycle", key="resource", public=True):
    """Says how much a resource metered by its size holds. Answered by UsageReported or UsageRefused."""

    account: Id = Field(description=_ACCOUNT)
    resource: Id = Field(description=_RESOURCE)
    quantity: Quantity = Field(description="How many GB.")
    at: Instant = Field(description="When it held so much; later than what was said before.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resource": "snap-1", "quantity": 40, "at": _INSTANT,
    }  # fmt: skip


class _OfResource(Event):
    account: Id = Field(description=_ACCOUNT)
    resource: Id = Field(description=_RESOURCE)
    cluster: Id | None = Field(default=None, description=_IN_CLUSTER)
    kind: Kind = Field(description=_KIND)
    product: Product = Field(description="The product its kind belongs to.")
    flavor: Flavor = Field(description=_FLAVOR)
    quantity: Quantity = Field(description=_QUANTITY)
    billing: Billing = Field(
        description=f"How it is billed from here on; where it ended, how it was. {_BILLING}"
    )
    order: Id | None = Field(default=None, description=_BY_ORDER)
    line: Line | None = Field(default=None, description="What was paid, where something was.")
    metered: Metered | None = Field(
        default=None, description="By what price its use is paid, or was until now, where it is metered."
    )
    unused: Vnd = Field(default=0, description="The value that is given back; 0 where there is none.")
    wallet: Wallet | None = Field(default=None, description="The wallet the unused value goes to.")
    effective_at: Instant = Field(description=_AT)


_OF_SRV: dict[str, Any] = {
    "account": "acme", "resource": "srv-1", "cluster": "k1", "kind": "server", "product": "vserver",
    "flavor": "s-general-1x1", "quantity": 1, "billing": "prepaid", "order": _ORDER_ID, "line": _A_LINE,
}  # fmt: skip
_ENDED: dict[str, Any] = {name: told for name, told in _OF_SRV.items() if name != "line"}


class ResourceCreated(_OfResource, service="lifecycle", key="resource"):
    """A resource was made."""

    example: ClassVar[dict[str, Any]] = {**_OF_SRV, "effective_at": _INSTANT}


class ResourceConverted(_OfResource, service="lifecycle", key="resource"):
    """A POC resource has become a paid one; what was left of its POC value goes back to the POC wallet."""

    example: ClassVar[dict[str, Any]] = {
        **_OF_SRV, "unused": 98_000, "wallet": "poc", "effective_at": _INSTANT,
    }  # fmt: skip


class ResourceRenewed(_OfResource, service="lifecycle", key="resource"):
    """A resource was renewed."""

    example: ClassVar[dict[str, Any]] = {**_OF_SRV, "effective_at": _INSTANT}


class ResourceResized(_OfResource, service="lifecycle", key="resource"):
    """A resource has another size; `unused` is what the new one costs less than the old one was still worth."""

    before: Flavor = Field(description="The flavor it had.")
    before_quantity: Quantity = Field(description="The quantity it had.")

    example: ClassVar[dict[str, Any]] = {
        **_OF_SRV, "before": "s-general-2x4", "before_quantity": 1, "effective_at": _INSTANT,
    }  # fmt: skip


class ResourceRecovered(_OfResource, service="lifecycle", key="resource"):
    """A resource was taken out of the trash."""

    example: ClassVar[dict[str, Any]] = {**_OF_SRV, "effective_at": _INSTANT}


class ResourceExpired(_OfResource, service="lifecycle", key="resource"):
    """The POC of a resource was stopped without paying: it no longer runs."""

    trash_until: Instant = Field(description="Until when it can be renewed or recovered.")

    example: ClassVar[dict[str, Any]] = {
        **_ENDED, "billing": "poc", "unused": 98_000, "wallet": "poc",
        "trash_until": "2026-03-13T02:00:00Z", "effective_at": _INSTANT,
    }  # fmt: skip


class ResourceDeleted(_OfResource, service="lifecycle", key="resource"):
    """A resource was deleted."""

    trash_until: Instant | None = Field(
        default=None, description="Until when it can be recovered; nothing where it cannot."
    )

    example: ClassVar[dict[str, Any]] = {
        **{name: told for name, told in _ENDED.items() if name != "order"},
        "unused": 90_500, "wallet": "credit", "trash_until": "2026-03-13T02:00:00Z", "effective_at": _INSTANT,
    }  # fmt: skip


class AutoRenewSet(Event, service="lifecycle", key="resource"):
    """Auto-renewal was switched on or off."""

    account: Id = Field(description=_ACCOUNT)
    resource: Id = Field(description=_RESOURCE)
    on: bool = Field(description="On or off.")
    months: Months = Field(description=_MONTHS)
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resource": "srv-1", "on": True, "months": 3, "effective_at": _INSTANT,
    }  # fmt: skip


class UsageReported(Event, service="lifecycle", key="resource"):
    """A resource metered by its size holds so much."""

    account: Id = Field(description=_ACCOUNT)
    resource: Id = Field(description=_RESOURCE)
    kind: Kind = Field(description=_KIND)
    product: Product = Field(description="The product its kind belongs to.")
    flavor: Flavor = Field(description=_FLAVOR)
    quantity: Quantity = Field(description="How many GB.")
    at: Instant = Field(description="When it held so much.")
    metered: Metered | None = Field(
        default=None, description="By what price its use is paid; nothing for POC."
    )
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "resource": "snap-1", "kind": "snapshot", "product": "snapshot",
        "flavor": "snapshot", "quantity": 40, "at": _INSTANT,
        "metered": {
            "resource": "snap-1", "kind": "snapshot", "flavor": "snapshot", "quantity": 10,
            "vnd": 5, "per": "gb_hour", "estimate": 3_600,
        },
        "effective_at": "2026-03-06T02:00:04Z",
    }  # fmt: skip


class ClusterConverted(Event, service="lifecycle", key="cluster"):
    """All POC resources of a cluster have become metered ones."""

    account: Id = Field(description=_ACCOUNT)
    cluster: Id = Field(description=_CLUSTER)
    order: Id = Field(description=_ORDER)
    resources: Count = Field(description="How many were converted.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {**_BY, "cluster": "kube-1", "resources": 30}


class ClusterCleared(Event, service="lifecycle", key="cluster"):
    """A cluster is no longer POC: by the order that converted its last POC resource, or because it was asked."""

    account: Id = Field(description=_ACCOUNT)
    cluster: Id = Field(description=_CLUSTER)
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {"account": "acme", "cluster": "k1", "effective_at": _INSTANT}


class ClusterDeleted(Event, service="lifecycle", key="cluster"):
    """A cluster was deleted, and all that was in it."""

    account: Id = Field(description=_ACCOUNT)
    cluster: Id = Field(description=_CLUSTER)
    resources: Count = Field(description="How many were deleted with it.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "cluster": "k1", "resources": 30, "effective_at": _INSTANT,
    }  # fmt: skip


class ChangesChecked(Event, service="lifecycle", key="shard"):
    """One share of the changes that wait for the provider was looked after."""

    shard: Id = Field(description="Which share of them.")
    asked_again: Count = Field(description="How many the provider was asked for again.")
    given_up: Count = Field(description="How many were given up.")
    effective_at: Instant = Field(description="The minute.")

    example: ClassVar[dict[str, Any]] = {
        "shard": "shard-0", "asked_again": 2, "given_up": 0, "effective_at": _INSTANT,
    }  # fmt: skip


class _Refused(Event):
    account: Id = Field(description=_ACCOUNT)
    reason: str = Field(description="A stable code; the service's page lists them, first match first.")
    explanation: str = Field(description="The same as a sentence for a person.")
    effective_at: Instant = Field(description=_AT)


class _ResourceRefused(_Refused):
    resource: Id = Field(description=_RESOURCE)
    order: Id | None = Field(default=None, description=_BY_ORDER)


class _ClusterRefused(_Refused):
    cluster: Id = Field(description=_CLUSTER)


_NO: dict[str, Any] = {
    **_BY, "resource": "srv-1", "reason": "resource_unknown", "explanation": "There is no such resource.",
}  # fmt: skip
_ASKED: dict[str, Any] = {name: told for name, told in _NO.items() if name != "order"}
_NO_CLUSTER: dict[str, Any] = {
    "account": "acme", "cluster": "k1", "reason": "cluster_unknown",
    "explanation": "There is no such cluster.", "effective_at": _INSTANT,
}  # fmt: skip


class CreationRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """CreateResource was refused; nothing was made."""

    example: ClassVar[dict[str, Any]] = {
        **_NO, "reason": "provider_refused", "explanation": "The provider could not do it.",
    }  # fmt: skip


class ConversionRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """ConvertResource was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = {
        **_NO, "reason": "already_stopped", "explanation": "It is not POC any more.",
    }  # fmt: skip


class RenewalRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """RenewResource was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = _NO


class ResizeRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """ResizeResource was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = _NO


class RecoveryRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """RecoverResource was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = _NO


class ExpiryRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """ExpireResource or ReportPocStopped was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = _NO


class DeletionRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """DeleteResource was refused."""

    example: ClassVar[dict[str, Any]] = _ASKED


class AutoRenewRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """SetAutoRenew was refused."""

    on: bool = Field(description="What was asked.")

    example: ClassVar[dict[str, Any]] = {**_ASKED, "on": True}


class UsageRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """ReportUsage was refused."""

    quantity: Quantity = Field(description="What was reported.")
    at: Instant = Field(description="When it was said to be so.")

    example: ClassVar[dict[str, Any]] = {**_ASKED, "quantity": 40, "at": _INSTANT}


class ClusterConversionRefused(_ClusterRefused, service="lifecycle", key="cluster"):
    """ConvertCluster was refused; everything in the cluster is as it was."""

    order: Id = Field(description=_ORDER)

    example: ClassVar[dict[str, Any]] = {**_NO_CLUSTER, "order": _ORDER_ID}


class ClusterClearRefused(_ClusterRefused, service="lifecycle", key="cluster"):
    """ClearCluster was refused."""

    example: ClassVar[dict[str, Any]] = _NO_CLUSTER


class ClusterDeletionRefused(_ClusterRefused, service="lifecycle", key="cluster"):
    """DeleteCluster was refused."""

    example: ClassVar[dict[str, Any]] = _NO_CLUSTER


class Resource(State, service="lifecycle", key="resource"):
    """How a resource stands. One that ended keeps its billing: that a resource is POC now takes the status too."""

    resource: Id = Field(description=_RESOURCE)
    account: Id = Field(description=_ACCOUNT)
    cluster: Id | None = Field(default=None, description=_IN_CLUSTER)
    kind: Kind = Field(description=_KIND)
    product: Product = Field(description="The product its kind belongs to.")
    flavor: Flavor = Field(description=_FLAVOR)
    quantity: Quantity = Field(description=_QUANTITY)
    billing: Billing = Field(description=_BILLING)
    status: Status = Field(
        description="creating, active, grace (ended, runs), suspended, expired (POC stopped without paying), "
        "trash (deleted, can be recovered), or released (gone)."
    )
    starts: Instant = Field(description="From when on it is billed so.")
    until: Instant | None = Field(default=None, description="When its last period ends; nothing for hold.")
    auto_renew: bool = Field(description=_AUTO_RENEW)
    months: Months = Field(description=_MONTHS)
    terms: list[Term] = Field(
        max_length=MOST_TERMS, description="The periods that were paid for and not given back."
    )
    metered: Metered | None = Field(default=None, description=f"{_METERED} For hold.")
    trash_until: Instant | None = Field(
        default=None, description="Until when it can be recovered, in trash or expired."
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

    cluster: Id = Field(description=_CLUSTER)
    account: Id = Field(description=_ACCOUNT)
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
    CreateResource, ConvertResource, ConvertCluster, RenewResource, ResizeResource, RecoverResource,
    ExpireResource, ClearCluster, CheckChanges,
    DeleteResource, DeleteCluster, SetAutoRenew, ReportPocStopped, ReportUsage,
    ResourceCreated, ResourceConverted, ResourceRenewed, ResourceResized, ResourceRecovered, ResourceExpired,
    ResourceDeleted, AutoRenewSet, UsageReported, ClusterConverted, ClusterCleared, ClusterDeleted,
    ChangesChecked,
    CreationRefused, ConversionRefused, RenewalRefused, ResizeRefused, RecoveryRefused, ExpiryRefused,
    DeletionRefused, AutoRenewRefused, UsageRefused,
    ClusterConversionRefused, ClusterClearRefused, ClusterDeletionRefused,
    Resource, Cluster,
)  # fmt: skip
