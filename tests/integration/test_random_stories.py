"""Stories nobody thought of: random commands of several accounts over weeks, a provider with moods, read in any order. At
their end every command has been answered, nothing waits, and the audit finds no break.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import asyncpg
import pytest

from deploy.audit.checks import checks
from deploy.audit.look import look
from deploy.services import SERVICES
from deploy.simulate.asked import public_commands
from deploy.simulate.bus import Bus
from deploy.simulate.stage import stage_on
from deploy.simulate.world import World
from shared import ids
from shared.contracts.checkout import PublishPrices
from shared.contracts.hold import AccountMode, GrantPoc, OpenAccount, TopUp
from shared.contracts.message import Message
from shared.contracts.provisioning import PlanOutcome
from shared.metering import month_end
from shared.period import billing_month
from tests.support.seeds import seeded_random
from tests.support.turns import at_random

pytestmark = pytest.mark.postgres

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
STEPS: Final = 400
ACCOUNTS: Final = ("acme", "beta", "post")
FLAVORS: Final[Mapping[str, Sequence[str]]] = {
    "server": ("s1", "s2", "s1+boot"), "volume": ("v1", "v2"), "load_balancer": ("lb",), "eip": ("ip",),
    "database": ("db",), "k8s_node": ("n1", "n2"), "k8s_volume": ("kv",), "snapshot": ("snap",),
}  # fmt: skip
PRICES: Final = {
    "s1": 181_000, "s2": 362_001, "boot": 29_999, "v1": 120_000, "v2": 77_777, "lb": 250_000, "ip": 61_003,
    "db": 500_009, "n1": 362_000, "n2": 481_111, "kv": 90_007, "snap": 3,
}  # fmt: skip
KIND_OF: Final = {part: kind for kind, names in FLAVORS.items() for name in names for part in name.split("+")}
# How often each is drawn, and of whom it may be.
WEIGHTS: Final = {
    "Buy": 16, "StopPoc": 9, "Resize": 5, "Renew": 5, "Recover": 4, "DeleteResource": 3, "ReportPocStopped": 2,
    "DeleteCluster": 1, "SetAutoRenew": 1, "TopUp": 3, "GrantPoc": 2, "ExtendPoc": 1, "PublishPrices": 1,
    "GrantCoupon": 2, "ReportUsage": 1, "PayInvoice": 2, "CloseMonth": 1, "PlanOutcome": 5,
}  # fmt: skip


@dataclass
class Teller:
    """Draws what happens next. Mostly it is about what stands, so that commands meet."""

    chance: Random
    bus: Bus
    told: int = 0
    account: str = ""

    def next(self, at: datetime) -> Message:
        (name,) = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
        self.told += 1
        (self.account,) = self.chance.choices(ACCOUNTS, (6, 3, 1))
        data = {"account": self.account, **getattr(self, f"_{name.lower()}")(at)}
        model: type[Message] = PlanOutcome if name == "PlanOutcome" else public_commands()[name]
        wanted = {info.validation_alias or field for field, info in model.model_fields.items()}
        return model.model_validate({field: value for field, value in data.items() if field in wanted})

    def resource(self) -> str:
        """One of the account's own, mostly; else any."""
        every = [said.data for said in self.bus.states.get("Resource", {}).values()]
        own = [one["resource"] for one in every if one["account"] == self.account]
        return self.chance.choice(own) if own and self.chance.random() < 0.85 else self.new_resource()

    def new_resource(self) -> str:
        return f"r{self.chance.randrange(60)}"

    def cluster(self) -> str:
        account = self.account if self.chance.random() < 0.95 else self.chance.choice(ACCOUNTS)
        return f"{account}-{self.chance.choice(('k1', 'k2', 'kube'))}"

    def until(self, at: datetime) -> datetime:
        return at + timedelta(minutes=self.chance.randint(-1000, 100_000))

    def period(self, at: datetime) -> dict[str, Any]:
        by_months = self.chance.random() < 0.7
        return {"months": self.chance.randint(1, 3)} if by_months else {"until": self.until(at)}

    def coupon(self) -> dict[str, Any]:
        return {"coupon": self.chance.choice(("C1", "C2", "C3"))} if self.chance.random() < 0.3 else {}

    def _item(self, kind: str, at: datetime) -> dict[str, Any]:
        metered = kind in ("k8s_node", "k8s_volume", "snapshot")
        cluster = {"cluster": f"{self.account}-kube" if kind.startswith("k8s") else self.cluster()}
        return {
            "resource": self.new_resource(), "kind": kind, "flavor": self.chance.choice(FLAVORS[kind]),
            "quantity": self.chance.choice((1, 1, 1, 2, 7)), **(cluster if self.chance.random() < 0.7 else {}),
            **({} if metered else self.period(at)),
        }  # fmt: skip

    def _buy(self, at: datetime) -> dict[str, Any]:
        pay = self.chance.choice(("credit", "poc", "poc", "hold"))
        kinds: Mapping[str, Sequence[str]] = {
            "credit": ("server", "volume", "load_balancer", "eip", "database"),
            "poc": ("server", "volume", "server", "database", "k8s_node"),
            "hold": ("k8s_node", "k8s_volume", "snapshot"),
        }
        items = [
            self._item(self.chance.choice(kinds[pay]), at) for _ in range(self.chance.choice((1, 1, 2, 3)))
        ]
        return {"items": items, "pay": pay, **(self.coupon() if pay == "credit" else {})}

    def _stoppoc(self, at: datetime) -> dict[str, Any]:
        chosen = [self.resource() for _ in range(self.chance.randint(1, 3))]
        cluster = self.chance.random() < 0.7
        some = not cluster or self.chance.random() < 0.2
        return {
            **({"cluster": self.cluster()} if cluster else {}), **({"resources": chosen} if some else {}),
            "months": self.chance.randint(1, 2), "auto_renew": False,
            "pay": self.chance.choice(("credit", "credit", "hold", "none")), **self.coupon(),
        }  # fmt: skip

    def _resize(self, at: datetime) -> dict[str, Any]:
        resource = self.resource()
        found = self.bus.states.get("Resource", {}).get(resource)
        kind, billing = (found.data["kind"], found.data["billing"]) if found else ("server", "poc")
        size = {"quantity": self.chance.randint(1, 5)} if self.chance.random() < 0.5 else {}
        pay = {"poc": "poc", "prepaid": "credit", "hold": "hold", "postpaid": "credit"}[billing]
        return {"resource": resource, "flavor": self.chance.choice(FLAVORS[kind]), "pay": pay, **size}

    def _renew(self, at: datetime) -> dict[str, Any]:
        resources = list({self.resource() for _ in range(self.chance.randint(1, 2))})
        return {
            "resources": resources,
            "pay": self.chance.choice(("credit", "poc")),
            **self.period(at),
            **self.coupon(),
        }

    def _recover(self, at: datetime) -> dict[str, Any]:
        return {"resource": self.resource(), "months": 1, "pay": "credit"}

    def _deleteresource(self, at: datetime) -> dict[str, Any]:
        return {"resource": self.resource()}

    def _reportpocstopped(self, at: datetime) -> dict[str, Any]:
        return {"resource": self.resource()}

    def _deletecluster(self, at: datetime) -> dict[str, Any]:
        return {"cluster": self.cluster()}

    def _setautorenew(self, at: datetime) -> dict[str, Any]:
        return {"resource": self.resource(), "on": True}

    def _topup(self, at: datetime) -> dict[str, Any]:
        return {"amount": self.chance.randint(1, 2_000_000), "reference": f"R{self.told}"}

    def _grantpoc(self, at: datetime) -> dict[str, Any]:
        return {"amount": self.chance.randint(1, 2_000_000), "until": self.until(at)}

    def _extendpoc(self, at: datetime) -> dict[str, Any]:
        return {"until": self.until(at)}

    def _publishprices(self, at: datetime) -> dict[str, Any]:
        flavor = self.chance.choice(list(PRICES))
        price = price_of(flavor, self.chance.randint(0, 600_000) if flavor != "snap" else 5)
        return {"prices": [price | {"discount": self.chance.choice((0, 0, 7, 50))}], "from": at}

    def _grantcoupon(self, at: datetime) -> dict[str, Any]:
        code = self.chance.choice(("C1", "C2", "C3"))
        return {"code": code, "amount": self.chance.randint(1, 300_000), "uses": self.chance.randint(1, 5)}

    def _reportusage(self, at: datetime) -> dict[str, Any]:
        return {"resource": self.resource(), "quantity": self.chance.randint(1, 90), "at": at}

    def _payinvoice(self, at: datetime) -> dict[str, Any]:
        every = [said.data for said in self.bus.states.get("Invoice", {}).values()]
        unpaid = [one["invoice"] for one in every if one["status"] != "paid"]
        return {"invoice": self.chance.choice(unpaid or ["no-such"])}

    def _closemonth(self, at: datetime) -> dict[str, Any]:
        return {"month": billing_month(at - self.chance.choice((0, 31)) * timedelta(days=1))}

    def _planoutcome(self, at: datetime) -> dict[str, Any]:
        target = self.cluster() if self.chance.random() < 0.3 else self.resource()
        outcome = self.chance.choice(("refuse", "late", "twice", "never"))
        return {"resource": target, "outcome": outcome, "times": self.chance.randint(1, 2)}


def price_of(flavor: str, vnd: int) -> dict[str, Any]:
    return {
        "flavor": flavor,
        "kind": KIND_OF[flavor],
        "vnd": vnd,
        "per": "gb_hour" if flavor == "snap" else "30d",
    }


def opening() -> list[Message]:
    prices = [price_of(flavor, vnd) for flavor, vnd in PRICES.items()]
    found: list[Message] = [PublishPrices.model_validate({"prices": prices, "from": START})]
    for account in ACCOUNTS:
        mode: AccountMode = "postpaid" if account == "post" else "prepaid"
        found += [
            OpenAccount(account=account, mode=mode, email=f"{account}@a.vn"),
            TopUp(account=account, amount=3_000_000, reference="first"),
            GrantPoc(account=account, amount=9_000_000, until=START + timedelta(days=60)),
        ]
    return found


async def tell(world: World, chance: Random, steps: int) -> list[str]:
    """Plays the story; the ids of its commands."""
    teller, asked, at = Teller(chance, world.bus), [], START
    for number in range(-len(opening()), steps):
        if number >= 0:
            at += timedelta(minutes=chance.choice((0, 0, 1, 5, 33, 60 * 9)))
            await world.advance(at)
        message = teller.next(at) if number >= 0 else opening()[number]
        asked.append(ids.derived_id("story", str(number), int(at.timestamp()) * 1000))
        for _ in range(chance.choice((1, 1, 2))):
            world.bus.send(message, asked[-1], world.at)
        if chance.random() < 0.6:
            # Else the next is asked while this one is on its way.
            await world.drain()
    await world.drain()
    # Until a month has ended, and what was not paid with it has been asked for again.
    await world.advance(max(at + timedelta(hours=3), month_end(START) + timedelta(days=3)))
    return asked


async def test_random_stories_leave_everything_right(database: str) -> None:
    chance = seeded_random()
    services = list(SERVICES.values())
    async with stage_on(database, services) as orderly:
        stage = replace(orderly, turns=at_random(services, chance))
        async with stage.world(START - timedelta(days=1), keep=True) as world:
            asked = await tell(world, chance, STEPS)
    answered = {said.envelope.causation_id for said in world.bus.events}
    # What is paid, hold says first.
    paid = ("InvoicePaid", "InvoicePartlyPaid", "PaymentRefused")
    answered |= {said.envelope.correlation_id for said in world.bus.events if said.name in paid}
    assert [world.bus.commands[one].name for one in asked if one not in answered] == []
    found = await look(database, checks(list(SERVICES)), 0)
    broken = {one.check.name: (one.broken, one.breaks[:3]) for one in found if one.broken}
    assert broken == {}
    assert any(one.looked for one in found)
    await _something_happened(database)


async def _something_happened(database: str) -> None:
    """A story in which all is refused proves nothing."""
    conn = await asyncpg.connect(database)
    try:
        done = await conn.fetchval('select count(*) from checkout."order" where done > 0')
    finally:
        await conn.close()
    assert done > STEPS // 20
