"""The engine under seeded storms: duplicates, reorderings, crashes, lost answers, lost partitions, lost connections.

A seed that fails is named: STOPPOC_SEED=n runs it again, and STOPPOC_SEEDS=m that many from there on. A seed fixes what
befalls whom, not how the machine interleaves it: one that failed may need a few runs to fail again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from deploy.local.postgres import Postgres
from services.hold.service import HOLD
from shared.engine.migrate import migrate
from tests.conftest import run_apart
from tests.simulation.chance import Fault
from tests.simulation.run import Ran, order, run
from tests.simulation.world import engine_in_memory
from tests.support.seeds import SEED

pytestmark = pytest.mark.postgres

# As many as fit into it, unless a number is asked for.
_BUDGET_S: Final = 20.0
_COUNT: Final = int(os.environ.get("STOPPOC_SEEDS") or bool(os.environ.get("STOPPOC_SEED")))

# They mostly wait: so many keep two cores half busy.
_AT_ONCE: Final = 3
# In so many runs every kind of fault happens, as good as surely.
_ENOUGH: Final = 16
_MOST_TOLD: Final = 12


@pytest.fixture(scope="module")
def template(postgres_server: Postgres) -> Iterator[str]:
    """A database with hold's schema, to copy."""
    name = "simulated"
    run_apart(order(postgres_server, f'create database "{name}"'))
    run_apart(migrate(postgres_server.dsn_of(name), [HOLD]))
    yield name
    run_apart(order(postgres_server, f'drop database "{name}" with (force)'))


def _seeds() -> Iterator[int]:
    until = time.monotonic() + _BUDGET_S
    seed = SEED
    while seed < SEED + _COUNT or (not _COUNT and time.monotonic() < until):
        yield seed
        seed += 1


async def _lane(seeds: Iterator[int], server: Postgres, template: str, ran: list[Ran]) -> None:
    for seed in seeds:
        ran.append(await run(seed, server, template))
        if any(one.wrong for one in ran):
            return


@pytest.mark.timeout(120 + 10 * _COUNT)
async def test_the_truth_is_what_is_left_whatever_happened(postgres_server: Postgres, template: str) -> None:
    seeds, ran = _seeds(), list[Ran]()
    with engine_in_memory():
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(_lane(seeds, postgres_server, template, ran))
    told = [
        line for one in ran for line in (f"STOPPOC_SEED={one.seed}", *one.wrong[:_MOST_TOLD]) if one.wrong
    ]
    assert not told, "\n".join(told)
    befallen = sum((one.befallen for one in ran), Counter[Fault]())
    print(f"{len(ran)} seeds from {SEED} on; { {fault.name: n for fault, n in befallen.items()} }")  # noqa: T201 - for who asks with -s
    assert len(ran) < _ENOUGH or befallen.keys() == set(Fault), "each kind of fault has happened"
