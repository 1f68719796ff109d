"""`provisioning`'s rows <-> its entities, and nothing else: one statement per table and batch.

Resources are locked, in the order of their ids; a request belongs to one, and is found after that is locked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services.provisioning.state import Plan, Request, Resource
from shared.contracts.provisioning import CancelChange, ChangeResource
from shared.engine.decision import Entity, Known
from shared.engine.service import Ask, Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("queries.sql"))

_REQUEST_COLUMNS: Final = (
    *("resource_id", "request_id", "action", "flavor", "quantity", "outcome", "asked", "cancelled"),
)

Row = Mapping[str, Any]


class ProvisioningStore:
    """Resources with what is planned for them, and requests."""

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """The resources asked about, locked, and the requests that came before."""
        await self.lock(conn, Resource, list({ask.key for ask in asks}), known)
        if requests := _requests(asks):
            for row in await conn.fetch(_SQL["find_requests"], *zip(*requests, strict=True)):
                known.put(Request(*row.values()))

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The resources with these ids."""
        for row in await conn.fetch(_SQL["lock_resources"], keys):
            known.put(Resource(row["resource_id"], _plan(row)), row["event_sequence"])

    async def save(self, conn: Connection, known: Known) -> None:
        """Resources and requests as they are now."""
        resources, new = known.changed(Resource), known.made(Resource)
        for query, made in (("add_resources", True), ("save_resources", False)):
            if rows := [_resource_row(*one) for one in resources if (one[0].key in new) is made]:
                await conn.execute(_SQL[query], *zip(*rows, strict=True))
        await _save_requests(conn, known)


async def _save_requests(conn: Connection, known: Known) -> None:
    requests, new = [request for request, _ in known.changed(Request)], known.made(Request)
    if rows := [_request_row(request) for request in requests if request.key in new]:
        await conn.copy_records_to_table(
            "request", schema_name="provisioning", columns=_REQUEST_COLUMNS, records=rows
        )
    if old := [
        (each.resource, each.id, each.asked, each.cancelled) for each in requests if each.key not in new
    ]:
        await conn.execute(_SQL["save_requests"], *zip(*old, strict=True))


def _requests(asks: Sequence[Ask]) -> set[tuple[str, str]]:
    return {
        (message.resource, message.request)
        for message in (ask.message for ask in asks)
        if isinstance(message, ChangeResource | CancelChange)
    }


def _plan(row: Row) -> Plan | None:
    return None if row["outcome"] is None else Plan(row["outcome"], row["times"], row["action"])


def _resource_row(resource: Resource, event_sequence: int) -> tuple[object, ...]:
    plan = resource.plan
    return (resource.id, *((None, None, None) if plan is None else plan), event_sequence)


def _request_row(request: Request) -> tuple[object, ...]:
    return (
        *(request.resource, request.id, request.action, request.flavor, request.quantity),
        *(request.outcome, request.asked, request.cancelled),
    )
