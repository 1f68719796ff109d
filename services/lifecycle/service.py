"""`lifecycle`, wired: what the engine needs to run it, and the work that each minute brings."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from services.lifecycle.rules import RULES, SNAPSHOTS
from services.lifecycle.state import SHARDS, Cluster, Resource, shard_name
from services.lifecycle.store import LifecycleStore
from shared.contracts import lifecycle, provisioning, refusals, resources
from shared.contracts.message import Message
from shared.contracts.registry import Registry
from shared.contracts.resources import CheckChanges
from shared.engine.service import Job, Service
from shared.period import to_minute

_MINUTE: Final = timedelta(minutes=1)
_STORE: Final = LifecycleStore()


def minutes(after: datetime, until: datetime) -> Sequence[tuple[str, datetime]]:
    """Every full minute in (after, until], by its name."""
    first = to_minute(after) + _MINUTE
    full = max((until - first) // _MINUTE + 1, 0)
    instants = (first + number * _MINUTE for number in range(full))
    return [(f"{instant:%Y-%m-%dT%H:%MZ}", instant) for instant in instants]


def checks(_: str, minute: datetime) -> Sequence[Message]:
    """One look at each share of the changes that wait for the provider."""
    return [CheckChanges(shard=shard_name(shard), minute=minute) for shard in range(SHARDS)]


LIFECYCLE: Final = Service(
    name="lifecycle",
    registry=Registry((*resources.MESSAGES, *lifecycle.MESSAGES, *refusals.MESSAGES, *provisioning.MESSAGES)),
    rules=RULES,
    aggregates=(Resource, Cluster),
    snapshots=SNAPSHOTS,
    store=_STORE,
    migrations=Path(__file__).with_name("migrations"),
    jobs=(Job("check_changes", minutes, checks, _STORE.first_due),),
)
