"""The documented scenarios come out alike whoever reads first, and however much at once: only the order of a key is kept,
as on the real bus, and now and then a message is read twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from deploy.services import SERVICES
from deploy.simulate.bus import Bus
from deploy.simulate.parse import parse
from deploy.simulate.play import play
from deploy.simulate.stage import set_stage
from deploy.simulate.world import Turn, Turns
from shared.engine.intake import StoredRecord
from shared.engine.service import Service
from tests.support.seeds import seeded_random

pytestmark = pytest.mark.postgres

FILES: Final = sorted((Path(__file__).parents[2] / "docs" / "scenarios").glob("*.yaml"))
PARTITIONS: Final = 3
ROUNDS: Final = 3
AGAIN: Final = 0.1


def at_random(services: Sequence[Service], chance: Random) -> Turns:
    """Anybody who has something to read reads some of one partition of one topic."""

    def turn(bus: Bus) -> Turn | None:
        busy = [service for service in services if bus.waiting[service.name]]
        if not busy:
            return None
        service = chance.choice(busy)
        waiting = bus.waiting[service.name]
        place = _place(chance.choice(waiting))
        there = [record for record in waiting if _place(record) == place]
        read = there[: chance.randint(1, len(there))]
        for record in read:
            waiting.remove(record)
        again = [record for record in read if chance.random() < AGAIN]
        return service, [*read, *again]

    return turn


def _place(record: StoredRecord) -> tuple[str, int]:
    return record.topic, sum(record.key or b"") % PARTITIONS


SECTIONS: Final = ("wallets", "holds", "resources", "clusters", "orders")


def _stands(final: Mapping[str, Any]) -> dict[str, Any]:
    """How everything stands at the end; only the numbers of invoices follow from who was first."""
    invoices = sorted(
        sorted((name, str(value)) for name, value in invoice.items() if name != "number")
        for invoices in final["invoices"].values()
        for invoice in invoices
    )
    return {name: final[name] for name in SECTIONS} | {"invoices": invoices}


@pytest.mark.timeout(300)
async def test_scenarios_come_out_alike_in_any_order() -> None:
    chance = seeded_random()
    services = list(SERVICES.values())
    async with set_stage(services) as orderly:
        disorderly = replace(orderly, turns=at_random(services, chance))
        for file in FILES:
            scenario = parse(file.read_bytes())
            expected = _stands((await play(orderly, scenario)).final)
            for _ in range(ROUNDS):
                assert _stands((await play(disorderly, scenario)).final) == expected, file.name
