"""What `lifecycle` remembers: resources, clusters, and the changes the provider has not answered yet.

Values only. How a resource lives is one table, `LIFE`: a step that is not in it does not happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple
from zlib import crc32

from shared import catalogue, shards
from shared.contracts.parts import Flavor, Kind, Metered, Term
from shared.contracts.resources import (
    Billing,
    ConvertCluster,
    ConvertResource,
    CreateResource,
    RecoverResource,
    ResizeResource,
    Status,
)
from shared.period import to_minute

# Steps that are asked for, then those that time brings.
Step = Literal[
    "create", "made", "not_made", "convert", "renew", "resize", "recover", "expire", "delete", "delete_for_good",
    "stop", "end", "end_grace", "end_suspension", "empty_trash", "end_poc",
]  # fmt: skip

LIFE: Final[Mapping[tuple[Status, Step], Status]] = {
    ("released", "create"): "creating",
    ("creating", "made"): "active",
    ("creating", "not_made"): "released",
    # Also past the end of its own period a resource is POC while its wallet lasts: it can be paid for, or stopped.
    **{(status, "convert"): "active" for status in ("active", "grace", "suspended")},
    ("active", "resize"): "active",
    **{(status, "renew"): "active" for status in ("active", "grace", "suspended", "expired")},
    **{(status, "recover"): "active" for status in ("trash", "expired", "suspended")},
    **{(status, "expire"): "expired" for status in ("active", "grace", "suspended")},
    **{(status, "delete"): "trash" for status in ("active", "grace", "suspended", "expired")},
    **{(status, "delete_for_good"): "released" for status in ("active", "grace", "suspended", "expired")},
    ("active", "stop"): "suspended",
    ("active", "end"): "grace",
    ("grace", "end_grace"): "suspended",
    ("suspended", "end_suspension"): "released",
    ("trash", "empty_trash"): "released",
    ("expired", "empty_trash"): "released",
}
# What is there: made or being made, and not given up.
THERE: Final[frozenset[Status]] = frozenset({"creating", "active", "grace", "suspended"})

# Each share of the changes that wait is looked after by one message a minute, so that workers divide them.
SHARDS: Final = 4
# A provider that does not answer is asked again, and again, then given up: so long after the step before (docs/decisions/0403).
ASKED_AGAIN_AFTER: Final = (timedelta(minutes=2), timedelta(minutes=8))
GIVEN_UP_AFTER: Final = timedelta(minutes=20)
# Who looks so much later than was due has been away, and the answer may have come meanwhile: it is asked once more.
AWAY: Final = timedelta(minutes=5)
ONCE_MORE: Final = timedelta(minutes=10)

_WHOLE: Final = "cluster-"
_RESOURCE: Final = "resource/"

Asked = CreateResource | ConvertResource | ConvertCluster | ResizeResource | RecoverResource


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: what it is, how it is billed, and the periods paid for it that were not given back."""

    id: str
    account: str
    cluster: str | None
    kind: Kind
    flavor: Flavor
    quantity: int
    billing: Billing
    status: Status
    starts: datetime
    until: datetime | None = None
    auto_renew: bool = False
    months: int = 1
    terms: tuple[Term, ...] = ()
    metered: Metered | None = None
    trash_until: datetime | None = None
    usage_at: datetime | None = None
    version: int = 1

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id

    @property
    def flags(self) -> catalogue.Flags:
        """What its kind is to billing."""
        return catalogue.of(self.kind)

    @property
    def shard(self) -> int:
        """The share of all accounts that its own belongs to."""
        return shards.shard_of(self.account)

    @property
    def is_metered(self) -> bool:
        """Whether it is paid by its use, in advance or by the month."""
        return self.billing in ("hold", "postpaid")

    @property
    def is_there(self) -> bool:
        """Whether it counts among its cluster's resources."""
        return self.status in THERE

    @property
    def is_poc(self) -> bool:
        """Whether it is POC now. One that is being made is not yet, one that ended is no longer."""
        return self.billing == "poc" and self.is_there and self.status != "creating"

    @property
    def keeps_poc(self) -> bool:
        """Whether it keeps its cluster POC: a server or a volume that is."""
        return self.is_poc and self.flags.converts

    def can(self, step: Step) -> bool:
        """Whether that may happen to it."""
        return (self.status, step) in LIFE

    def after(self, step: Step) -> Resource:
        """As it is when that has happened, with all else as it was."""
        return replace(self, status=LIFE[self.status, step], version=self.version + 1)

    def ending(self, step: Step, at: datetime, trash_until: datetime | None) -> Resource:
        """As it is when it ended by that step: its periods are over, and what was left of them is given back."""
        minute = to_minute(at)
        until = None if self.until is None else min(self.until, max(minute, self.starts))
        return replace(self.after(step), until=until, terms=(), trash_until=trash_until)


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of a resource while it waits for its end, up to `until`: told to nobody.

    `looked_at`: the last morning that was seen. `mornings`: on the first of them it was to be renewed by itself, and
    checkout has not answered; the others came meanwhile. `poc_ended_at`: when the POC wallet it is on has ended, where it
    waits for a conversion.
    """

    resource: str
    until: datetime | None = None
    looked_at: datetime | None = None
    mornings: tuple[datetime, ...] = ()
    poc_ended_at: datetime | None = None

    @property
    def key(self) -> str:
        """The resource's id."""
        return self.resource

    def of(self, resource: Resource) -> Watch:
        """As it counts for the resource now: with another end, nothing that was for the old one is waited for."""
        return self if self.until == resource.until else Watch(resource.id, resource.until, self.looked_at)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster: whether it is POC, and how much of it still is."""

    id: str
    account: str
    poc: bool = False
    poc_remaining: int = 0
    resources: int = 0
    version: int = 1

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id

    def counted(self, moves: Iterable[tuple[Resource | None, Resource]]) -> Cluster:
        """When resources of it went from one state to the other (from nothing, when new). Its POC begins with the
        first that is POC, and does not end by itself."""
        poc, remaining, there = self.poc, self.poc_remaining, self.resources
        for before, after in moves:
            remaining += after.keeps_poc - (before is not None and before.keeps_poc)
            there += after.is_there - (before is not None and before.is_there)
            poc = poc or after.keeps_poc
        if (poc, remaining, there) == (self.poc, self.poc_remaining, self.resources):
            return self
        return Cluster(self.id, self.account, poc, remaining, there, self.version + 1)

    def cleared(self) -> Cluster:
        """No longer POC."""
        return replace(self, poc=False, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Change:
    """What the provider was asked for and has not answered: at most one at a time for a resource or a cluster.

    It is `open` until the provider has answered, or it was called off, or given up; then it is forgotten.
    """

    target: str
    request: str
    ask: Asked
    due_at: datetime
    asked: int = 1
    open: bool = True

    @property
    def key(self) -> str:
        """What it is found by."""
        return self.target

    @property
    def shard(self) -> int:
        """The share of the changes it belongs to: the same in every process."""
        return crc32(self.target.encode()) % SHARDS

    def over(self) -> Change:
        """Nothing is waited for any more."""
        return replace(self, open=False)

    def again(self, due_at: datetime) -> Change:
        """Asked once more; due again then."""
        return replace(self, asked=self.asked + 1, due_at=due_at)


@dataclass(frozen=True, slots=True)
class PocEnd:
    """The last end of an account's POC wallet that was heard of: what began before was on that wallet. `due_at`: when it is
    looked at, then carried out; nothing, once it has been."""

    account: str
    ended_at: datetime
    due_at: datetime | None

    @property
    def key(self) -> str:
        """The account's id."""
        return self.account

    @property
    def shard(self) -> int:
        """The share of all accounts that it belongs to."""
        return shards.shard_of(self.account)

    @property
    def was_seen(self) -> bool:
        """Whether it has been looked at, and what was ordered before is waited for."""
        return self.due_at != self.ended_at


class Members(NamedTuple):
    """The resources that are there in a cluster. It has no table: it is found with the cluster's resources."""

    cluster: str
    resources: tuple[str, ...]

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.cluster


class Ends(NamedTuple):
    """The resources of an account whose morning has come. It has no table: it is found with a slice of the accounts."""

    account: str
    resources: tuple[str, ...]

    @property
    def key(self) -> str:
        """The account they are of."""
        return self.account


class Due(NamedTuple):
    """The changes of one share that fell due. It has no table: it is found with the changes."""

    shard: str
    targets: tuple[str, ...]

    @property
    def key(self) -> str:
        """The share's name."""
        return self.shard


def of_resource(resource: str) -> str:
    """The target of a change of one resource; an id has no slash."""
    return f"{_RESOURCE}{resource}"


def of_cluster(cluster: str) -> str:
    """The target of a change of a whole cluster."""
    return f"cluster/{cluster}"


def resource_in(target: str) -> str | None:
    """The resource a target names; none where it names a cluster."""
    return target.removeprefix(_RESOURCE) if target.startswith(_RESOURCE) else None


def request_of_cluster(request: str) -> str:
    """The id of a request for a whole cluster: it shows, so that an answer finds all it is about."""
    return f"{_WHOLE}{request}"


def is_of_cluster(request: str) -> bool:
    """Whether a request is for a whole cluster."""
    return request.startswith(_WHOLE)


def shard_name(shard: int) -> str:
    """What a share of the changes is called in messages."""
    return f"shard-{shard}"
