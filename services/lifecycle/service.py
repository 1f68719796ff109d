"""`lifecycle`, wired: what the engine needs to run it, and the work that each minute brings."""

from pathlib import Path
from typing import Final

from services.lifecycle.rules import RULES, SNAPSHOTS
from services.lifecycle.state import SHARDS, Cluster, Resource, shard_name
from services.lifecycle.store import LifecycleStore
from shared.calendar import MINUTES, MORNINGS, Period
from shared.contracts import checkout, ends, holding, lifecycle, orders, provisioning, refusals, resources
from shared.contracts.message import Message
from shared.contracts.registry import Registry
from shared.contracts.resources import CheckChanges, CheckEnds, CheckLife, CheckPocEnds
from shared.engine.service import Job, Service

_STORE: Final = LifecycleStore()


def check(minute: Period, shard: int) -> Message:
    """A look at one share of the changes that wait for the provider."""
    return CheckChanges(shard=shard_name(shard), minute=minute.instant)


LIFECYCLE: Final = Service(
    name="lifecycle",
    registry=Registry(
        (
            *resources.MESSAGES,
            *lifecycle.MESSAGES,
            *ends.MESSAGES,
            *refusals.MESSAGES,
            *provisioning.MESSAGES,
            *holding.MESSAGES,
            *orders.MESSAGES,
            *checkout.MESSAGES,
        )
    ),
    rules=RULES,
    aggregates=(Resource, Cluster),
    snapshots=SNAPSHOTS,
    store=_STORE,
    migrations=Path(__file__).with_name("migrations"),
    jobs=(
        Job("check_changes", MINUTES, check, skips=True, wakes=_STORE.first_due, shards=SHARDS),
        Job("check_poc_ends", MINUTES, CheckPocEnds, skips=True, waits=True, wakes=_STORE.first_poc_end),
        Job("check_life", MINUTES, CheckLife, skips=True, wakes=_STORE.first_life),
        Job("check_ends", MORNINGS, CheckEnds, wakes=_STORE.first_morning),
    ),
)
