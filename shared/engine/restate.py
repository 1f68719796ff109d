"""Says again how things stand, as the database has it: for snapshots that may not be the last on their topic."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from shared import ids
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope
from shared.engine.decision import Known
from shared.engine.outbox import Bundle, Outgoing
from shared.engine.service import Connection, Service


async def restate(conn: Connection, service: Service, keys: Iterable[str]) -> list[Bundle]:
    """The keys' snapshots, under new ids and their last number; their rows are locked, so none is older than it seems."""
    known = Known()
    await service.store.lock(conn, list(keys), known)
    said = [_snapshot(service, known, key) for key in keys if known.get(service.aggregate, key) is not None]
    return [Bundle(f"restated/{service.name}", said)] if said else []


def _snapshot(service: Service, known: Known, key: str) -> Outgoing:
    entity, sequence = known.row(service.aggregate, key)
    message = service.snapshot(entity)
    message_id = ids.new_id()
    envelope = Envelope(
        id=message_id,
        type=message.type,
        source=service.source,
        key=message.key,
        correlation_id=message_id,
        time=datetime.now(UTC),
        subject=message.key,
        sequence=sequence,
    )
    return Outgoing(topics.topic_of(type(message)), envelope, message.to_json())
