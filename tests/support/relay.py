"""Services at work without a broker: each batch is decided by the engine in a real transaction, and what it says is put
where the others read it. The same commands give the same rows, whatever the machine does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from random import Random

import asyncpg

from shared import ids
from shared.contracts.cloudevents import Envelope, record_headers
from shared.contracts.message import Message
from shared.contracts.topics import topic_of
from shared.engine import intake, outbox
from shared.engine.batch import transact
from shared.engine.intake import Read, StoredRecord
from shared.engine.outbox import Outgoing
from shared.engine.service import Service


class Relay:
    """Services on one database, and topics in memory."""

    def __init__(self, services: Sequence[Service], connections: dict[str, asyncpg.Connection]) -> None:
        self._services = services
        self._connections = connections
        self.topics: defaultdict[str, list[StoredRecord]] = defaultdict(list)
        self._read: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._random = Random(0)

    async def ask(self, at: datetime, *commands: Message) -> None:
        """These are asked at that instant; returns when nothing is left to be said."""
        for command in commands:
            id_ = ids.derived_id(f"{at}/{self._random.random()}", "asked", int(at.timestamp() * 1000))
            self.put(
                topic_of(type(command)),
                Envelope(id_, command.type, "/test", command.key, id_),
                command.to_json(),
                at,
            )
        await self.settle(at)

    def put(self, topic: str, envelope: Envelope, body: str, at: datetime) -> None:
        """One record on a topic."""
        records = self.topics[topic]
        records.append(
            StoredRecord(
                topic,
                0,
                len(records),
                int(at.timestamp() * 1000),
                envelope.key.encode(),
                body.encode(),
                record_headers(envelope),
            )
        )

    async def settle(self, at: datetime) -> None:
        """Lets the services work until none has anything to read."""
        while any([await self._work(service, at) for service in self._services]):
            pass

    async def _work(self, service: Service, at: datetime) -> bool:
        batch = list(self._new(service))
        if not batch:
            return False
        conn = self._connections[service.name]
        async with conn.transaction():
            result = await transact(conn, service, batch)
            assert not result.parked, result.parked
            await outbox.drop(conn, [bundle.position for bundle in result.bundles])
        for bundle in result.bundles:
            self._say(bundle.messages, at)
        return True

    def _new(self, service: Service) -> Iterable[Read]:
        for topic in service.reads:
            records = self.topics[topic]
            first, self._read[service.name, topic] = self._read[service.name, topic], len(records)
            for record in records[first:]:
                if (read := intake.read(record, service)) is not None:
                    yield read

    def _say(self, messages: Iterable[Outgoing], at: datetime) -> None:
        for topic, envelope, body in messages:
            self.put(topic, envelope, body, at)


@asynccontextmanager
async def relayed(services: Sequence[Service], dsn: str) -> AsyncIterator[Relay]:
    """The services on that database, which has their schemas, each in its own role."""
    connections = {
        service.name: await asyncpg.connect(
            dsn, server_settings={"role": service.role, "search_path": service.schema}
        )
        for service in services
    }
    try:
        yield Relay(services, connections)
    finally:
        for conn in connections.values():
            await conn.close()
