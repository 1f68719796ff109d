"""Says again how things stand, as the database has it: for snapshots that may not be the last on their topic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from shared import ids
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope
from shared.engine.decision import Entity, Known
from shared.engine.outbox import Bundle, Outgoing
from shared.engine.service import Connection, Service


async def restate(conn: Connection, service: Service, told: Iterable[tuple[str, str]]) -> list[Bundle]:
    """The snapshots of these (type, key), under new ids and their last number; the rows are locked, so none is older
    than it seems."""
    known = Known()
    keys: defaultdict[type[Entity], list[str]] = defaultdict(list)
    for type_, key in told:
        keys[service.told_by(type_)].append(key)
    said = []
    for kind in (kind for kind in service.snapshots if kind in keys):
        await service.store.lock(conn, kind, keys[kind], known)
        said += [
            _snapshot(service, known, kind, key) for key in keys[kind] if known.get(kind, key) is not None
        ]
    return [Bundle(f"restated/{service.name}", said)] if said else []


def _snapshot(service: Service, known: Known, kind: type[Entity], key: str) -> Outgoing:
    entity, sequence = known.row(kind, key)
    _, tell = service.snapshots[kind]
    message = tell(entity)
    message_id = ids.new_id()
    envelope = Envelope(
        id=message_id,
        type=message.type,
        source=service.source,
        key=message.key,
        correlation_id=message_id,
        time=datetime.now(UTC),
        subject=message.about,
        sequence=sequence,
    )
    return Outgoing(topics.topic_of(type(message)), envelope, message.to_json())
