"""What the demo is about, as data: one customer, one cluster on POC, what it costs, and the volume that says no at first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from shared.contracts.checkout import Buy, BuyItem, Price, PublishPrices, StopPoc
from shared.contracts.hold import GrantPoc, OpenAccount, TopUp
from shared.contracts.message import Message
from shared.contracts.notify import SetLanguage
from shared.contracts.parts import Kind
from shared.contracts.provisioning import PlanOutcome

SERVERS: Final = 3
VOLUMES: Final = 5
RESOURCES: Final = SERVERS + VOLUMES
CREDIT: Final = 3_000_000
# Too little for all of it: the rest is topped up.
LESS_CREDIT: Final = 1_000_000
GRANT: Final = 5_000_000
OWNER: Final = "billing@acme.example"
_POC: Final = timedelta(days=30)

# Names of their own: on a system that others use, its prices are left alone.
_SERVER: Final = "demo-2x4"
_BOOT: Final = "demo-boot-20"
_VOLUME: Final = "demo-ssd-100"
_PRICES: Final[tuple[tuple[str, Kind, int], ...]] = (
    (_SERVER, "server", 362_000),
    (_BOOT, "server", 38_500),
    (_VOLUME, "volume", 119_900),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing asked, in words, and the reason for which it is to be refused, if it is."""

    words: str
    ask: Message
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """The demo's own account, cluster and resources: `tag` tells them from anybody else's."""

    tag: str
    now: datetime
    pay: Literal["credit", "top_up"] = "credit"

    @property
    def account(self) -> str:
        return f"acme.{self.tag}"

    @property
    def cluster(self) -> str:
        return f"shop.{self.tag}"

    @property
    def credit(self) -> int:
        """What the account has of real money."""
        return CREDIT if self.pay == "credit" else LESS_CREDIT

    @property
    def unwilling(self) -> str:
        """The volume that cannot be converted the first time."""
        return f"vol-3.{self.tag}"

    def beginning(self) -> list[Step]:
        """Prices, an account, its money, and a cluster bought with POC money."""
        prices = [Price(flavor=flavor, kind=kind, vnd=vnd) for flavor, kind, vnd in _PRICES]
        return [
            Step(
                "what a server, its boot disk and a volume cost in 30 days",
                PublishPrices(prices=prices, starts=self.now.astimezone(UTC) - timedelta(days=1)),
            ),
            Step(
                "acme, prepaid",
                OpenAccount(account=self.account, mode="prepaid", email=OWNER),
            ),
            Step("acme reads English", SetLanguage(account=self.account, language="en")),
            Step(
                f"{self.credit:,} VND of real money",
                TopUp(account=self.account, amount=self.credit, reference=f"VCB-{self.tag}"),
            ),
            Step(
                f"{GRANT:,} VND to try things with, for 30 days",
                GrantPoc(account=self.account, amount=GRANT, until=self.now + _POC),
            ),
        ]

    def buying(self) -> Step:
        """The cluster, on POC."""
        servers = [self._item(f"srv-{nr}", "server", f"{_SERVER}+{_BOOT}") for nr in range(1, SERVERS + 1)]
        volumes = [self._item(f"vol-{nr}", "volume", _VOLUME) for nr in range(1, VOLUMES + 1)]
        return Step(
            f"{SERVERS} servers and {VOLUMES} volumes on POC",
            Buy(account=self.account, items=[*servers, *volumes], pay="poc"),
        )

    def refusing(self) -> Step:
        """The provider is to say no once."""
        return Step(
            f"{self.unwilling} is to refuse its first conversion",
            PlanOutcome(resource=self.unwilling, outcome="refuse", times=1, action="convert"),
        )

    def stopping(self, words: str, reason: str | None = None) -> Step:
        """Stop POC, of all that is still POC in the cluster."""
        gateway = None if self.pay == "credit" else "momo"
        ask = StopPoc(
            account=self.account,
            cluster=self.cluster,
            months=1,
            auto_renew=True,
            pay=self.pay,
            gateway=gateway,
        )
        return Step(words, ask, reason)

    def _item(self, name: str, kind: Kind, flavor: str) -> BuyItem:
        return BuyItem(resource=f"{name}.{self.tag}", kind=kind, flavor=flavor, cluster=self.cluster)
