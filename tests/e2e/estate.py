"""What the customers have before they stop their POC: accounts, and clusters of ten servers and twenty volumes.

Every fifth cluster is one of vContainer, paid by its use. One volume in fifty will not be converted when it is first asked,
as many are answered twice, and some servers are stopped on their own portal while all is under way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from shared.contracts.checkout import Buy, BuyItem, PublishPrices, StopPoc
from shared.contracts.hold import GrantPoc, OpenAccount, TopUp
from shared.contracts.message import Message
from shared.contracts.parts import Kind
from shared.contracts.provisioning import Outcome, PlanOutcome
from shared.contracts.resources import ReportPocStopped

SERVERS: Final = 10
VOLUMES: Final = 20
_ACCOUNTS: Final = 4
_METERED_EVERY: Final = 5
_ODD_ONE_IN: Final = 50
_PLENTY: Final = 5_000_000_000

_FLAVORS: Final[dict[Kind, str]] = {
    "server": "s-general-2x4+boot-20", "volume": "ssd-100", "k8s_node": "n-general-2x4", "k8s_volume": "ssd-50",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster, and whose it is."""

    id: str
    account: str
    metered: bool

    def items(self) -> Iterator[BuyItem]:
        kinds: tuple[Kind, Kind] = ("k8s_node", "k8s_volume") if self.metered else ("server", "volume")
        for number in range(SERVERS + VOLUMES):
            kind = kinds[number >= SERVERS]
            name = f"{self.id}-{kind}-{number:02}"
            yield BuyItem(
                resource=name, kind=kind, flavor=_FLAVORS[kind], quantity=1, cluster=self.id, months=1
            )

    def stop(self) -> StopPoc:
        """Stop POC of all of it, as the portal's button asks for it."""
        return StopPoc(
            account=self.account, cluster=self.id, months=1, pay="hold" if self.metered else "credit"
        )


@dataclass(slots=True)
class Estate:
    """All clusters, and the volumes that refuse."""

    count: int
    dice: Random
    clusters: list[Cluster] = field(default_factory=list)
    refusing: list[str] = field(default_factory=list)
    answered_twice: list[str] = field(default_factory=list)
    stopped_elsewhere: list[BuyItem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clusters = [
            Cluster(
                f"k{number:03}", f"acc-{number % _ACCOUNTS}", number % _METERED_EVERY == _METERED_EVERY - 1
            )
            for number in range(self.count)
        ]
        items = [item for cluster in self.clusters if not cluster.metered for item in cluster.items()]
        volumes = [item.resource for item in items if item.kind == "volume"]
        odd = self.dice.sample(volumes, 2 * (len(volumes) // _ODD_ONE_IN))
        self.refusing, self.answered_twice = sorted(odd[::2]), odd[1::2]
        servers = [item for item in items if item.kind == "server"]
        self.stopped_elsewhere = self.dice.sample(servers, len(servers) // _ODD_ONE_IN)

    @property
    def accounts(self) -> list[str]:
        return sorted({cluster.account for cluster in self.clusters})

    def prices(self) -> PublishPrices:
        flavors = [(kind, part) for kind, flavor in _FLAVORS.items() for part in flavor.split("+")]
        return PublishPrices.model_validate(
            {
                "prices": [
                    {"flavor": flavor, "kind": kind, "vnd": 100_000 + 7_003 * number, "per": "30d"}
                    for number, (kind, flavor) in enumerate(flavors)
                ],
                "from": datetime(2026, 1, 1, tzinfo=UTC),
            }
        )

    def openings(self) -> Iterator[Message]:
        until = datetime.now(UTC) + timedelta(days=40)
        for account in self.accounts:
            yield OpenAccount(account=account, mode="prepaid", email=f"{account}@owner.example")
            yield TopUp(account=account, amount=_PLENTY, reference=f"BANK-{account}")
            yield GrantPoc(account=account, amount=_PLENTY, until=until)

    def purchases(self) -> list[Message]:
        return [
            Buy(account=cluster.account, items=list(cluster.items()), pay="poc") for cluster in self.clusters
        ]

    def plans(self) -> list[Message]:
        """How the provider will answer the odd ones."""
        return [
            *(_planned(one, "refuse") for one in self.refusing),
            *(_planned(one, "twice") for one in self.answered_twice),
        ]

    def reports(self) -> list[Message]:
        """Somebody stops these on the server portal."""
        owners = {cluster.id: cluster.account for cluster in self.clusters}
        return [
            ReportPocStopped(account=owners[item.cluster or ""], resource=item.resource)
            for item in self.stopped_elsewhere
        ]


def _planned(resource: str, outcome: Outcome) -> PlanOutcome:
    return PlanOutcome(resource=resource, outcome=outcome, times=1, action="convert")
