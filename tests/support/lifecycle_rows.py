"""lifecycle's rows for tests of its store: batches as the engine runs them, what is put there, and what then stands."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Final

import asyncpg

from services.lifecycle.rules import RULES
from services.lifecycle.service import LIFECYCLE
from services.lifecycle.state import Change, Cluster, Resource
from services.lifecycle.store import LifecycleStore
from shared.contracts.message import Message
from shared.contracts.provisioning import ChangeResource, ResourceChanged
from shared.contracts.resources import ClearCluster, SetAutoRenew
from shared.engine.decision import Decision, Entity, Known
from shared.engine.service import Ask
from tests.support.stores import asked_of, connected_to
from tests.unit.lifecycle.cases import AT

STORE: Final = LifecycleStore()
MINUTE: Final = timedelta(minutes=1)


def connected(dsn: str, role: str = LIFECYCLE.role) -> AbstractAsyncContextManager[asyncpg.Connection]:
    return connected_to(LIFECYCLE, dsn, role)


def asked(message: Message, at: Any = None) -> Ask:
    return asked_of(LIFECYCLE, message, at or getattr(message, "effective_at", AT))


def decided(known: Known, asks: Iterable[Ask]) -> list[Message]:
    """What the engine does between load and save; what was said."""
    said: list[Message] = []
    for ask in asks:
        decision = RULES[type(ask.message)](ask.message, known, ask.cause)
        known.apply(decision)
        said.extend(decision.says)
        for message in decision.says:
            if message.form == "event":
                any(known.next_sequence(kind, message.about) for kind in LIFECYCLE.aggregates)
    return said


async def run_batch(conn: asyncpg.Connection, *asks: Ask) -> list[Message]:
    known = Known()
    async with conn.transaction():
        await STORE.load(conn, asks, known)
        said = decided(known, asks)
        await STORE.save(conn, known)
    return said


async def put(conn: asyncpg.Connection, *entities: Entity) -> None:
    """These are in the database."""
    known = Known()
    known.apply(Decision(entities))
    await STORE.save(conn, known)


def answers(said: Iterable[Message]) -> list[Ask]:
    """The provider does all it was asked."""
    about = [
        each.model_dump(exclude={"flavor", "quantity"}) for each in said if isinstance(each, ChangeResource)
    ]
    return [asked(ResourceChanged.model_validate(each)) for each in about]


async def stands(conn: asyncpg.Connection, *keys: str) -> dict[tuple[type[Entity], str], tuple[Entity, int]]:
    """Resources, clusters and changes with these names, with the number of their last event."""
    known = Known()
    messages = [
        *(SetAutoRenew(account="acme", resource=key, on=True) for key in keys),
        *(ClearCluster(account="acme", cluster=key, effective_at=AT) for key in keys),
    ]
    await STORE.load(conn, [asked(message) for message in messages], known)
    found: dict[tuple[type[Entity], str], tuple[Entity, int]] = {}
    for kind in (Resource, Cluster):
        for key in keys:
            if known.get(kind, key) is not None:
                found[kind, key] = known.row(kind, key)
    for target in [f"{of}/{key}" for of in ("resource", "cluster") for key in keys]:
        if known.get(Change, target) is not None:
            found[Change, target] = (known.row(Change, target)[0], 0)
    return found
