"""A service's store in tests: a connection as its workers have one, and messages as they are read from a topic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from shared import ids
from shared.contracts.cloudevents import Envelope
from shared.contracts.message import Message
from shared.engine.decision import Cause
from shared.engine.service import Ask, Service


@asynccontextmanager
async def connected_to(service: Service, dsn: str, role: str) -> AsyncIterator[asyncpg.Connection]:
    """As a worker of the service connects, in that role."""
    conn = await asyncpg.connect(dsn, server_settings={"role": role, "search_path": service.schema})
    try:
        yield conn
    finally:
        await conn.close()


def asked_of(service: Service, message: Message, at: datetime) -> Ask:
    """The message, just read from its topic."""
    id_ = ids.new_id()
    envelope = Envelope(id=id_, type=message.type, source="/test", key=message.key, correlation_id=id_)
    return Ask(message.key, message, envelope, Cause(id_, service.name, at))
