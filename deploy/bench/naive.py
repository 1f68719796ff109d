"""The same top-ups the way a tutorial has it: FastStream, one message at a time, one transaction each, then publish.

It is what a careful beginner would write: an inbox against duplicates, the account locked, the offset committed after
the handler (at least once); or with `auto`, as FastStream does unless told otherwise, now and then beside it (at most
once). It writes the rows and says the messages that `hold` does; a snapshot follows every event. A crash between its
commit and its publish loses the answer: it has no outbox.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import asyncpg
import uvloop
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from deploy.bench.ground import NAIVE_GROUP
from deploy.bench.load import COMMANDS, EVENTS, STATE
from shared import ids
from shared.contracts.cloudevents import Envelope, to_headers
from shared.contracts.hold import Account, Credit, ToppedUp, TopUp
from shared.contracts.message import Message

_SOURCE: Final = "/stoppoc/hold"

_REMEMBER: Final = (
    "insert into hold.inbox (message_id) values ($1) on conflict do nothing returning message_id"
)
_LOCK: Final = "select * from hold.account where account_id = $1 for update"
_UPDATE: Final = """
update hold.account set credit_total_vnd = $2, ledger_sequence = ledger_sequence + 1, event_sequence = event_sequence + 1
where account_id = $1
"""
_ADD: Final = """
insert into hold.ledger_entry (
  account_id, sequence, line, kind, book, amount_vnd, balance_after_vnd, effective_at, cause_id, reference
) values
  ($1, $2, 1, 'deposit', 'credit', $3, $4, $5, $6, $7),
  ($1, $2, 2, 'deposit', 'bank', -$3::bigint, null, $5, $6, null)
"""


class Done(NamedTuple):
    """What the transaction leaves to be said."""

    event: ToppedUp
    state: Account
    sequence: int


async def top_up(pool: asyncpg.Pool, asked: TopUp, message_id: str, at: datetime) -> Done | None:
    """The transaction; nothing where the message was there before."""
    async with pool.acquire() as conn, conn.transaction():
        if await conn.fetchval(_REMEMBER, message_id) is None:
            return None
        row = await conn.fetchrow(_LOCK, asked.account)
        total = row["credit_total_vnd"] + asked.amount
        await conn.execute(_UPDATE, asked.account, total)
        await conn.execute(
            _ADD,
            *(asked.account, row["ledger_sequence"] + 1, asked.amount, total),
            *(at, message_id, asked.reference),
        )
    return _done(asked, row, total, at)


def _done(asked: TopUp, row: Any, total: int, at: datetime) -> Done:
    credit = Credit(total=total, held=row["credit_held_vnd"], available=total - row["credit_held_vnd"])
    event = ToppedUp(
        account=asked.account, amount=asked.amount, reference=asked.reference, credit=credit, effective_at=at
    )
    state = Account(account=asked.account, mode=row["mode"], email=row["email"], credit=credit)
    return Done(event, state, row["event_sequence"] + 1)


def application(kafka: str, postgres: str, workers: int, policy: AckPolicy) -> FastStream:
    """The consumer. With one worker as tutorials have it; with more, FastStream deals the partitions out to them."""
    broker = KafkaBroker(kafka, acks="all", enable_idempotence=True, logger=None)
    app = FastStream(broker, logger=None)
    pool: asyncpg.Pool

    @app.on_startup
    async def connect() -> None:
        nonlocal pool
        pool = await asyncpg.create_pool(postgres)

    @broker.subscriber(
        COMMANDS,
        group_id=NAIVE_GROUP,
        auto_offset_reset="earliest",
        session_timeout_ms=30_000,
        ack_policy=policy,
        max_workers=workers,
    )
    async def handle(body: TopUp, message: KafkaMessage) -> None:
        message_id, milliseconds = message.headers["ce_id"], _accepted_ms(message)
        at = datetime.fromtimestamp(milliseconds / 1000, UTC)
        done = await top_up(pool, body, message_id, at)
        if done is not None:
            for part, said, topic in (
                ("0", done.event, EVENTS),
                (f"state/{body.account}", done.state, STATE),
            ):
                envelope = _envelope(
                    said,
                    message_id,
                    ids.derived_id(message_id, f"hold/{part}", milliseconds),
                    at,
                    done.sequence,
                )
                await broker.publish(said, topic, key=body.account.encode(), headers=to_headers(envelope))

    return app


def _envelope(said: Message, cause: str, own: str, at: datetime, sequence: int) -> Envelope:
    return Envelope(
        id=own,
        type=said.type,
        source=_SOURCE,
        key=said.key,
        correlation_id=cause,
        time=at,
        subject=said.key,
        causation_id=cause,
        sequence=sequence,
    )


def _accepted_ms(message: KafkaMessage) -> int:
    raw = message.raw_message
    assert not isinstance(raw, tuple)
    return int(raw.timestamp)


if __name__ == "__main__":
    policies = {"careful": AckPolicy.NACK_ON_ERROR, "auto": AckPolicy.ACK_FIRST}
    where = os.environ["STOPPOC_KAFKA"], os.environ["STOPPOC_POSTGRES"]
    uvloop.run(application(*where, int(sys.argv[1]), policies[sys.argv[2]]).run())
