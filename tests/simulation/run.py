"""One seed from beginning to end, on a database of its own: what was found wrong, and what befell the workers."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass
from typing import Any

import asyncpg

from deploy.local.postgres import Postgres
from shared.contracts.cloudevents import read_headers
from tests.faults import truth
from tests.faults.stream import Stream
from tests.faults.topic import COMMANDS, EVENTS, LETTERS, STATE, Heard
from tests.simulation.broker import Broker, Record
from tests.simulation.chance import Chance, Fault
from tests.simulation.demand import Demand
from tests.simulation.world import PERIODS, World, world_of


@dataclass(frozen=True)
class Ran:
    """What came of one seed."""

    seed: int
    wrong: list[str]
    befallen: Counter[Fault]


@dataclass
class _Place:
    """The run as those who look for the truth see it."""

    stream: Stream
    wages: str
    world: World

    async def rows(self, query: str, *args: object) -> list[Any]:
        return await self.world.rows(query, *args)


async def run(seed: int, server: Postgres, template: str) -> Ran:
    """Runs the seed on a copy of that database."""
    name = f"{template}_{seed}"
    await order(server, f'create database "{name}" template "{template}"')
    try:
        chance = Chance(seed)
        wrong = await _wrong(chance, server.dsn_of(name))
    finally:
        await order(server, f'drop database "{name}" with (force)')
    return Ran(seed, wrong, chance.befallen)


async def _wrong(chance: Chance, dsn: str) -> list[str]:
    demand = Demand(chance)
    async with world_of(chance, dsn, demand.wages) as world:
        try:
            await world.run(demand.sent(world))
        except ExceptionGroup as failed:
            return ["it did not end well: " + "".join(traceback.format_exception(failed))]
        heard = {topic: _heard(world.broker, topic) for topic in (COMMANDS, EVENTS, STATE, LETTERS)}
        demand.settle(truth.once(heard[EVENTS]))
        place = _Place(demand.stream, demand.wages, world)
        paid = [one for one in truth.once(heard[COMMANDS]) if one.key == demand.wages]
        return [
            *await truth.findings(place, heard, demand.unreadable),
            *([] if len(paid) == PERIODS + 1 else [f"the job spoke {len(paid) - 1} times, not {PERIODS}"]),
        ]


def _heard(broker: Broker, topic: str) -> list[Heard]:
    return [_one(record) for record in broker.topic(topic)]


def _one(record: Record) -> Heard:
    headers = read_headers(record.headers)
    return Heard(record.partition, record.offset, (record.key or b"").decode(), headers, record.value or b"")


async def order(server: Postgres, statement: str) -> None:
    """One statement about databases, outside of all of them."""
    conn = await asyncpg.connect(server.dsn_of("postgres"))
    try:
        await conn.execute(statement)
    finally:
        await conn.close()
