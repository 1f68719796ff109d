"""What a batch finds because time has passed, before anything is locked: resources that are due, and those of an account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from services.lifecycle import when
from services.lifecycle.state import Ends, Resource
from shared.contracts.holding import DebtStopped, PocWalletEnded
from shared.contracts.resources import CheckEnds, CheckLife, CheckPocEnds, EndPoc, StopMetered
from shared.engine import slices
from shared.engine.decision import Known, Slice
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))

# Messages that are about no single resource: which ones is found here, or decided later.
OF_MANY: Final = (CheckLife, CheckEnds, CheckPocEnds, EndPoc, StopMetered, PocWalletEnded, DebtStopped)

# So many accounts are looked at in a morning's message: each may have many resources that end together.
MOST_ACCOUNTS: Final = 100
# So many resources of an account are stopped with one message.
MOST_STOPPED: Final = 500


class Found(NamedTuple):
    """The resources that time is about: those that may be gone by then, or leave POC, and those that stay where they are."""

    life: Sequence[str] = ()
    ends: Sequence[str] = ()
    stopped: Sequence[str] = ()
    # Accounts whose POC wallet has ended.
    poc_ends: Sequence[str] = ()
    until: datetime | None = None

    @property
    def resources(self) -> set[str]:
        """All of them."""
        return {*self.life, *self.ends, *self.stopped}

    def clusters(self, known: Known) -> Iterator[str]:
        """The clusters that may count one less."""
        for id_ in (*self.life, *self.stopped):
            resource = known.get(Resource, id_)
            if resource is not None and resource.cluster is not None and self._may_leave(resource):
                yield resource.cluster

    def _may_leave(self, resource: Resource) -> bool:
        # Of POC resources any may end with the wallet.
        return resource.billing == "poc" or (
            self.until is not None and when.is_released_by(resource, self.until)
        )


async def find_passing(conn: Connection, asks: Sequence[Ask], known: Known) -> Found:
    """What these messages are about; the slices they take are put into `known`."""
    return Found(
        await slices.find(conn, _SQL["find_life"], asks, CheckLife, known),
        await _find_ends(conn, asks, known),
        await _find_that_may_stop(conn, asks, known),
        await slices.find(conn, _SQL["find_poc_ends"], asks, CheckPocEnds, known),
        max((ask.cause.at for ask in asks if isinstance(ask.message, CheckLife)), default=None),
    )


async def _find_ends(conn: Connection, asks: Sequence[Ask], known: Known) -> list[str]:
    accounts = await slices.find(conn, _SQL["find_ends"], asks, CheckEnds, known, most=MOST_ACCOUNTS)
    if not accounts:
        return []
    looks = [ask for ask in asks if isinstance(ask.message, CheckEnds)]
    shards = list({ask.message.shard for ask in looks if isinstance(ask.message, CheckEnds)})
    found = defaultdict(list)
    latest = max(ask.cause.at for ask in looks)
    for row in await conn.fetch(_SQL["find_ends_of_accounts"], shards, latest, accounts):
        found[row["account_id"]].append(row["resource_id"])
    for account, resources in found.items():
        known.put(Ends(account, tuple(resources)))
    return [resource for resources in found.values() for resource in resources]


async def _find_that_may_stop(conn: Connection, asks: Sequence[Ask], known: Known) -> list[str]:
    stops = [(ask.envelope.id, ask.message) for ask in asks if isinstance(ask.message, EndPoc | StopMetered)]
    if not stops:
        return []
    found: defaultdict[str, list[str]] = defaultdict(list)
    columns = zip(*((id_, ask.account, _billing(ask), ask.after) for id_, ask in stops), strict=True)
    for row in await conn.fetch(_SQL["find_that_may_stop"], *map(list, columns), MOST_STOPPED + 1):
        found[row["message"]].append(row["key"])
    for id_, _ in stops:
        known.put(Slice(id_, tuple(found[id_][:MOST_STOPPED]), more=len(found[id_]) > MOST_STOPPED))
    return [key for keys in found.values() for key in keys[:MOST_STOPPED]]


def _billing(ask: EndPoc | StopMetered) -> str:
    return "poc" if isinstance(ask, EndPoc) else "hold"
