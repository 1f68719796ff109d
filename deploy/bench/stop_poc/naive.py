"""One service the way a tutorial has it: FastStream, one message at a time, one transaction each, then publish.

The choreography, the rules and the stores are ours, so that both do the same; around them is what a careful beginner would
write: an inbox against duplicates, what was said awaited one message after the other, the offset committed after the
handler (at least once). It has no outbox: a crash between its commit and its publish loses what was said.
"""

from __future__ import annotations

import os
import sys

import asyncpg
import uvloop
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from deploy.bench.stop_poc.crew import NAIVE
from deploy.services import SERVICES
from shared.contracts.cloudevents import to_headers
from shared.engine import batch, intake
from shared.engine.decision import Known
from shared.engine.intake import Read
from shared.engine.outbox import Outgoing
from shared.engine.service import Service

_REMEMBER = "insert into inbox (message_id) values ($1) on conflict do nothing returning message_id"


async def handle(pool: asyncpg.Pool, service: Service, read: Read) -> list[Outgoing]:
    """The transaction; what is to be said. Nothing where the message was there before."""
    async with pool.acquire() as conn, conn.transaction():
        if await conn.fetchval(_REMEMBER, read.ask.envelope.id) is None:
            return []
        known = Known()
        await service.store.load(conn, [read.ask], known)
        result = batch.decide(service, [read], known, set())
        await service.store.save(conn, known)
    return [message for bundle in result.bundles for message in bundle.messages]


def application(service: Service, kafka: str, postgres: str) -> FastStream:
    """The service's consumer of all topics it reads."""
    broker = KafkaBroker(kafka, acks="all", enable_idempotence=True, logger=None)
    app = FastStream(broker, logger=None)
    pool: asyncpg.Pool

    @app.on_startup
    async def connect() -> None:
        nonlocal pool
        settings = {"role": service.role, "search_path": service.schema}
        pool = await asyncpg.create_pool(postgres, server_settings=settings)

    @broker.subscriber(
        *service.reads,
        group_id=NAIVE.group(service.name),
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def consume(_body: bytes, message: KafkaMessage) -> None:
        raw = message.raw_message
        assert not isinstance(raw, tuple)
        if (read := intake.read(raw, service)) is None:
            return
        for said in await handle(pool, service, read):
            headers = to_headers(said.envelope)
            await broker.publish(
                said.body.encode(), said.topic, key=said.envelope.key.encode(), headers=headers
            )

    return app


if __name__ == "__main__":
    where = os.environ["STOPPOC_KAFKA"], os.environ["STOPPOC_POSTGRES"]
    uvloop.run(application(SERVICES[sys.argv[1]], *where).run())
