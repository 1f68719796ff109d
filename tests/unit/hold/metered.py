"""What the tests of metered use start from: an account with credit, resources, and what lifecycle tells of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.hold.held import Meter, Meters, ProductHold
from services.hold.state import Account, CreditWallet
from shared.contracts.ends import ResourceSuspended
from shared.contracts.lifecycle import (
    OfResource,
    ResourceCreated,
    ResourceDeleted,
    ResourceResized,
    UsageReported,
)
from shared.contracts.parts import Metered
from shared.metering import Rate
from tests.unit.hold.cases import account

# Midnight in Hanoi, of a month in which nothing ends for a good while.
DAY_0: Final = datetime(2026, 3, 5, 17, 0, tzinfo=UTC)
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
NODE: Final = Rate(362_000, 1, "30d")
SNAPSHOT: Final = Rate(3, 40, "gb_hour")
# What NODE costs a day, and three days; and SNAPSHOT.
A_DAY: Final = 12_067
ESTIMATE: Final = 36_200
SNAPSHOT_ESTIMATE: Final = 8_640


def node(quantity: int = 1, resource: str = "node-1") -> Metered:
    return Metered(
        resource=resource,
        kind="k8s_node",
        flavor="s-general-2x4",
        quantity=quantity,
        vnd=362_000,
        per="30d",
        estimate=ESTIMATE * quantity,
    )


def snapshot(quantity: int = 40, resource: str = "snap-1") -> Metered:
    return Metered(
        resource=resource,
        kind="snapshot",
        flavor="snap",
        quantity=quantity,
        vnd=3,
        per="gb_hour",
        estimate=216 * quantity,
    )


def _of(metered: Metered, at: datetime, **more: Any) -> dict[str, Any]:
    product = "snapshot" if metered.kind == "snapshot" else "vcontainer"
    return {
        **{name: getattr(metered, name) for name in ("resource", "kind", "flavor", "quantity")},
        **{"account": "acme", "product": product, "billing": "hold", "metered": metered},
        **{"version": 1, "effective_at": at, **more},
    }


def created(metered: Metered, at: datetime = DAY_0, **more: Any) -> ResourceCreated:
    return ResourceCreated.model_validate(_of(metered, at, **more))


def resized(metered: Metered, at: datetime, **more: Any) -> ResourceResized:
    before = {"before": "s-general-1x1", "before_quantity": 1}
    return ResourceResized.model_validate(_of(metered, at, **before, **more))


def deleted(metered: Metered, at: datetime, **more: Any) -> ResourceDeleted:
    return ResourceDeleted.model_validate(_of(metered, at, **more))


def suspended(metered: Metered, at: datetime) -> OfResource:
    return ResourceSuspended.model_validate(_of(metered, at, by="debt", next_at=at + 15 * DAY))


def reported(metered: Metered, at: datetime, told: datetime) -> UsageReported:
    said = {**_of(metered, told), "at": at}
    return UsageReported.model_validate(
        {name: said[name] for name in UsageReported.model_fields if name in said}
    )


def meter(
    rate: Rate | None = NODE, since: datetime = DAY_0, *closed: tuple[str, int], resource: str = "node-1"
) -> Meter:
    return Meter("acme", resource, "vcontainer", "k8s_node", since, rate, closed)


def snap(rate: Rate | None = SNAPSHOT, since: datetime = DAY_0, *closed: tuple[str, int]) -> Meter:
    return Meter("acme", "snap-1", "snapshot", "snapshot", since, rate, closed)


def among(*resources: str, product: str = "vcontainer") -> Meters:
    return Meters("acme", product, frozenset(resources))


def held(
    actual: int,
    estimate: int,
    held: int,
    until: datetime | None = DAY_0,
    *,
    product: str = "vcontainer",
    **more: Any,
) -> ProductHold:
    return ProductHold("acme", product, actual, estimate, held, counted_until=until, **more)


def holding(*holds: ProductHold, total: int = 1_000_000, transactions: int = 4) -> Account:
    """acme, with that held of its credit."""
    credit = CreditWallet(total, sum(hold.held for hold in holds))
    return account(credit=credit, transactions=transactions, holds=holds)
