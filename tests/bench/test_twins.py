"""The plain consumer is a twin: for the same commands it leaves the same rows and says the same as the engine."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.bench.ground import Ground, check, expected
from deploy.bench.load import EVENTS, STATE, Load
from deploy.bench.trial import NAIVE, NAIVE_8, NAIVE_AUTO, OURS, Consumer, course
from shared.contracts.topics import PARTITIONS

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]

ACCOUNTS = 20
COUNT = 300
TWICE = 40

Spoken = dict[str, list[tuple[dict[str, str], dict[str, Any]]]]


class Left(NamedTuple):
    """What a consumer leaves, without what differs by the instant at which the broker accepted a command."""

    accounts: list[tuple[Any, ...]]
    ledger: list[tuple[Any, ...]]
    inbox: list[tuple[Any, ...]]
    events: Spoken
    states: Spoken


async def test_the_naive_twins_leave_the_same_rows_and_say_the_same_messages_as_ours(
    ground: Ground, tmp_path: Path
) -> None:
    ours = await left_by(OURS, ground, tmp_path)
    assert len(ours.ledger) == 2 * (ACCOUNTS + COUNT)
    assert sum(map(len, ours.events.values())) == COUNT
    for twin in (NAIVE, NAIVE_AUTO, NAIVE_8):
        its = await left_by(twin, ground, tmp_path)
        assert its.accounts == ours.accounts, twin.name
        assert its.ledger == ours.ledger, twin.name
        assert its.inbox == ours.inbox, twin.name
        assert its.events == ours.events, twin.name
        # The engine makes one snapshot of an account for a whole batch; the last one of each is the truth in both.
        assert last_of(its.states) == last_of(ours.states), twin.name


async def left_by(consumer: Consumer, ground: Ground, logs: Path) -> Left:
    """Has it do the commands, some of them twice, and looks at everything there is afterwards."""
    load = Load(7, ACCOUNTS, 1_767_225_600_000)
    commands = list(islice(load.records(), COUNT))
    dsn = await ground.database(ACCOUNTS)
    async with course(ground, consumer, dsn, logs) as run:
        await run.feed(chain(commands, commands[:TWICE]), COUNT + TWICE)
        # Whoever is known by what it says has nothing more to say about what it has seen before.
        run.sent -= 0 if consumer.commits else TWICE
        await run.done(60)
    total = sum(command.amount for command in commands)
    check(await ground.books(dsn), expected(ACCOUNTS, COUNT, total))
    left = await look(ground, dsn)
    await ground.drop(dsn)
    return left


async def look(ground: Ground, dsn: str) -> Left:
    conn = await asyncpg.connect(dsn)
    try:
        accounts, ledger, inbox = [
            [tuple(row) for row in await conn.fetch(query)]
            for query in (
                "select * from hold.account order by account_id",
                "select account_id, sequence, line, kind, book, amount_vnd, balance_after_vnd, cause_id, reference "
                "from hold.ledger_entry order by account_id, sequence, line",
                "select message_id from hold.inbox order by message_id",
            )
        ]
    finally:
        await conn.close()
    return Left(
        accounts, ledger, inbox, await spoken(ground.kafka, EVENTS), await spoken(ground.kafka, STATE)
    )


async def spoken(kafka: str, topic: str) -> Spoken:
    """What is on the topic by key, in order: headers and bodies without the instants."""
    reader = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=None, enable_auto_commit=False)
    await reader.start()
    try:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        ends = await reader.end_offsets(places)
        reader.assign(places)
        await reader.seek_to_beginning()
        said: Spoken = defaultdict(list)
        while sum(map(len, said.values())) < sum(ends.values()):
            for batch in (await reader.getmany(timeout_ms=200)).values():
                for record in batch:
                    said[record.key.decode()].append(timeless(record.headers, record.value))
        return dict(said)
    finally:
        await reader.stop()


def timeless(headers: Any, value: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    told = {name: text.decode() for name, text in headers if name.startswith("ce_") or name == "content-type"}
    body = json.loads(value)
    # An id begins with its instant; all behind it is derived from the command.
    told["ce_id"] = told["ce_id"][14:]
    said_at = told.pop("ce_time")
    assert body.pop("effective_at", said_at) == said_at
    return told, body


def last_of(states: Spoken) -> dict[str, Any]:
    return {
        key: {"body": said[-1][1], "sequence": said[-1][0]["ce_sequence"]} for key, said in states.items()
    }
