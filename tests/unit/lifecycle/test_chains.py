"""Whatever is asked and answered, in whatever order: no value appears, nothing is converted twice, every count is right."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from hypothesis import given as for_all
from hypothesis import strategies as st

from services.lifecycle.rules import RULES
from services.lifecycle.rules.telling import cluster_snapshot, resource_snapshot
from services.lifecycle.state import Change, Cluster, Due, Members, Resource, of_cluster, of_resource
from shared import ids
from shared.contracts.charges import GiveBack
from shared.contracts.ends import ResourceGraceBegan, ResourceReleased, ResourceSuspended
from shared.contracts.lifecycle import (
    ClusterConverted,
    ResourceConverted,
    ResourceCreated,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.message import Message
from shared.contracts.parts import Kind
from shared.contracts.provisioning import ChangeResource, ResourceChanged, ResourceChangeRefused
from shared.contracts.resources import (
    CheckChanges,
    CheckLife,
    ClearCluster,
    ConvertCluster,
    ConvertResource,
    CreateResource,
    DeleteCluster,
    DeleteResource,
    EndPoc,
    ExpireResource,
    RecoverResource,
    RenewResource,
    ReportPocStopped,
    ResizeResource,
    SetAutoRenew,
    StopMetered,
)
from shared.engine.decision import Cause, Decision, Known, Slice
from shared.period import months_after, to_minute
from shared.terms import unused_value
from tests.support.calendars import odd_instant
from tests.support.seeds import seeded, tell_seed
from tests.unit.lifecycle.cases import NOW, line, metered

# Two clusters and none: servers become prepaid, nodes metered; the balancer is never POC.
KINDS: Final[dict[str, tuple[Kind, str | None]]] = {
    "srv-1": ("server", "k1"),
    "srv-2": ("server", "k1"),
    "lb-1": ("load_balancer", "k1"),
    "node-1": ("k8s_node", "k2"),
    "node-2": ("k8s_volume", "k2"),
    "alone": ("volume", None),
}
BOUGHT: Final = (ResourceCreated, ResourceConverted, ResourceRenewed, ResourceResized, ResourceRecovered)

PASSED: Final = (ResourceGraceBegan, ResourceSuspended, ResourceReleased)


@dataclass
class World:
    """Lifecycle alone, as a batch that never ends: the provider and the orders are rolled."""

    random: Random
    now: datetime
    known: Known = field(default_factory=Known)
    requests: list[ChangeResource] = field(default_factory=list)
    asks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    paid: Counter[str] = field(default_factory=Counter)
    back: Counter[str] = field(default_factory=Counter)
    conversions: Counter[str] = field(default_factory=Counter)
    messages: int = 0

    def step(self) -> None:
        """A while later, something is asked or answered."""
        self.now += timedelta(seconds=self.random.choice([1, 1, 59, 59, 3_600, 86_400, 9 * 86_400]))
        ask = self.random.choice(
            [self.order, self.order, self.person, self.provider, self.provider, self.check, self.time]
        )()
        if ask is not None:
            self.say(ask)
            self.judge()

    def say(self, ask: Message) -> None:
        self.messages += 1
        cause_id = ids.derived_id("chain", str(self.messages), 0)
        cause = Cause(cause_id, "lifecycle", getattr(ask, "effective_at", self.now))
        self.known.put(Slice(cause_id, tuple(KINDS)))
        for target in self.targets():
            self.known.put(Members(target, tuple(name for name, (_, of) in KINDS.items() if of == target)))
        decision = RULES[type(ask)](ask, self.known, cause)
        self.known.apply(decision)
        self.book(decision)

    def targets(self) -> list[str]:
        return ["k1", "k2"]

    def book(self, decision: Decision) -> None:
        """What was paid, what went back, and what the provider is asked."""
        for said in decision.says:
            if isinstance(said, BOUGHT) and said.line is not None:
                self.paid[said.resource] += max(said.line.amount, 0)
            if isinstance(said, GiveBack):
                assert said.resource is not None
                self.back[said.resource] += said.amount
            if isinstance(said, ChangeResource):
                self.requests.append(said)
            if isinstance(said, ResourceConverted):
                self.conversions[said.resource] += 1
            if isinstance(said, ResourceCreated):
                self.conversions[said.resource] = 0

    def judge(self) -> None:
        """What must be true after every message."""
        resources = [each for name in KINDS if (each := self.known.get(Resource, name)) is not None]
        for resource in resources:
            left = unused_value(resource.terms, self.now)
            assert self.back[resource.id] + left <= self.paid[resource.id], resource
            assert self.conversions[resource.id] <= 1
            assert resource_snapshot(resource).version == resource.version
            waits = self.known.get(Change, of_resource(resource.id))
            assert (resource.status == "creating") <= (waits is not None and waits.open)
        for name in ("k1", "k2"):
            cluster = self.known.get(Cluster, name)
            of = [each for each in resources if each.cluster == name]
            if cluster is not None:
                assert cluster.poc_remaining == sum(each.keeps_poc for each in of)
                assert cluster.resources == sum(each.is_there for each in of)
                assert cluster.poc or cluster.poc_remaining == 0
                assert cluster_snapshot(cluster).version == cluster.version

    def order(self) -> Message | None:
        """What an order would ask, priced from what is known, sometimes a while ago."""
        name = self.random.choice(list(KINDS))
        resource = self.known.get(Resource, name)
        at = self.now if self.random.random() < 0.8 else self.now - timedelta(days=1)
        if resource is None or resource.status == "released":
            return self.create(name, at)
        if resource.trash_until is not None:
            return self.out_of_the_trash(resource, at)
        return self.random.choice(
            [self.convert, self.convert, self.renew, self.resize, self.recover, self.expire]
        )(resource, at)

    def out_of_the_trash(self, resource: Resource, at: datetime) -> Message | None:
        """Asked for again, mostly while it can be; else time empties the trash."""
        if resource.trash_until is not None and self.now < resource.trash_until:
            return self.random.choice([self.recover, self.recover, self.renew])(resource, at)
        return self.random.choice([self.recover(resource, at), self.life()])

    def by(self, at: datetime) -> dict[str, Any]:
        return {"account": "acme", "order": "order-1", "effective_at": at}

    def create(self, name: str, at: datetime) -> Message:
        kind, cluster = KINDS[name]
        billing = "poc" if kind != "load_balancer" else "prepaid"
        more = {"line": self.period(name, kind, to_minute(at), months_after(at, 2))}
        about = {"resource": name, "cluster": cluster, "kind": kind, "flavor": "f1", "quantity": 1}
        return CreateResource.model_validate(self.by(at) | about | more | {"billing": billing})

    def period(self, name: str, kind: Kind, starts: datetime, until: datetime, carried: int = 0) -> Any:
        vnd = self.random.choice([181_000, 99_999, 7])
        until = max(until, starts)
        return line(starts, until, resource=name, kind=kind, flavor="f1", vnd=vnd, carried=carried)

    def convert(self, resource: Resource, at: datetime) -> Message:
        if resource.cluster == "k2":
            names = [name for name, (_, of) in KINDS.items() if of == "k2"]
            poc = [each for name in names if (each := self.known.get(Resource, name)) and each.is_poc]
            prices = [metered(each.id, kind=each.kind, flavor="f1") for each in poc or [resource]]
            return ConvertCluster(**self.by(at), cluster="k2", metered=prices)
        bought = self.period(resource.id, resource.kind, to_minute(at), months_after(at, 1))
        return ConvertResource(**self.by(at), resource=resource.id, line=bought)

    def renew(self, resource: Resource, at: datetime) -> Message | None:
        if resource.until is None:
            return None
        bought = self.period(resource.id, resource.kind, resource.until, months_after(resource.until, 1))
        return RenewResource(**self.by(at), resource=resource.id, line=bought)

    def resize(self, resource: Resource, at: datetime) -> Message:
        if resource.billing == "hold":
            price = metered(
                resource.id, kind=resource.kind, flavor="f1", estimate=self.random.choice([0, 10, 99])
            )
            return ResizeResource(**self.by(at), resource=resource.id, metered=price)
        carried = unused_value(resource.terms, at)
        priced = self.period(resource.id, resource.kind, to_minute(at), resource.until or at, carried)
        return ResizeResource(**self.by(at), resource=resource.id, line=priced)

    def recover(self, resource: Resource, at: datetime) -> Message:
        bought = self.period(resource.id, resource.kind, to_minute(at), months_after(at, 1))
        return RecoverResource(**self.by(at), resource=resource.id, line=bought)

    def expire(self, resource: Resource, at: datetime) -> Message:
        return ExpireResource(**self.by(at), resource=resource.id)

    def person(self) -> Message:
        name, cluster = self.random.choice(list(KINDS)), self.random.choice(["k1", "k2"])
        at = self.now
        return self.random.choice(
            [
                DeleteResource(account="acme", resource=name),
                ReportPocStopped(account="acme", resource=name),
                SetAutoRenew(account="acme", resource=name, on=True),
                ClearCluster(account="acme", cluster=cluster, effective_at=at),
                *([DeleteCluster(account="acme", cluster=cluster)] if self.random.random() < 0.2 else []),
            ]
        )

    def provider(self) -> Message | None:
        """It answers one of the last requests: late, again, or not as it did before."""
        if not self.requests:
            return None
        request = self.random.choice(self.requests[-6:])
        about = request.model_dump(exclude={"flavor", "quantity"})
        if self.random.random() < 0.8:
            return ResourceChanged.model_validate(about)
        return ResourceChangeRefused.model_validate(about | {"reason": "x", "explanation": "No."})

    def check(self) -> Message:
        targets = (*map(of_resource, KINDS), of_cluster("k1"), of_cluster("k2"))
        self.known.put(Due("shard-0", targets))
        return CheckChanges(shard="shard-0", minute=self.now)

    def time(self) -> Message:
        """Mostly the minute; now and then a wallet ends, or a debt was not paid."""
        about: dict[str, Any] = {"account": "acme", "effective_at": self.now}
        stop = StopMetered(product="vcontainer", **about)
        return self.random.choice([self.life()] * 8 + [EndPoc(**about), stop])

    def life(self) -> Message:
        return CheckLife(period="minute", shard=1, effective_at=self.now)


@seeded
@for_all(st.randoms(use_true_random=False))
def test_no_chain_of_commands_and_answers_makes_money_or_loses_count(random: Random) -> None:
    tell_seed()
    world = World(random, odd_instant(random))
    for _ in range(120):
        world.step()


def test_a_chain_goes_through_all_there_is() -> None:
    """The dice of the test above are not loaded: what it proves it has seen."""
    world, seen = World(Random(5), NOW), Counter[type[Message]]()
    book = world.book

    def counted(decision: Decision) -> None:
        seen.update(type(said) for said in decision.says)
        book(decision)

    world.book = counted  # type: ignore[method-assign]  # listens in
    for _ in range(4_000):
        world.step()
    assert {*BOUGHT, ClusterConverted, GiveBack, *PASSED} <= set(seen)
    assert min(seen[kind] for kind in BOUGHT) >= 5
