"""The engine under seeded storms: duplicates, reorderings, crashes, lost answers, lost partitions, lost connections.

A seed that fails is named: STOPPOC_SEED=n runs it again, and STOPPOC_SEEDS=m that many from there on. A seed fixes what
befalls whom, not how the machine interleaves it: one that failed may need a few runs to fail again.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from services.hold.service import HOLD
from shared.engine.migrate import migrate
from tests.conftest import run_apart
from tests.simulation.chance import Fault
from tests.simulation.run import run
from tests.support.seeds import SEED

pytestmark = pytest.mark.postgres

# As many as fit into it, unless a number is asked for.
_BUDGET_S: Final = 35.0
_NAMED: Final = "STOPPOC_SEED" in os.environ
_COUNT: Final = int(os.environ.get("STOPPOC_SEEDS") or (1 if _NAMED else 0))

_MOST_TOLD: Final = 12


@pytest.fixture(scope="module")
def template(postgres_server: Postgres) -> Iterator[str]:
    """A database with hold's schema, to copy."""
    name = "simulated"
    run_apart(_prepare(postgres_server, name))
    run_apart(migrate(postgres_server.dsn_of(name), [HOLD]))
    yield name
    run_apart(_order(postgres_server, f'drop database "{name}" with (force)'))


async def _prepare(server: Postgres, name: str) -> None:
    await _order(server, f'create database "{name}"')


async def _order(server: Postgres, statement: str) -> None:
    conn = await asyncpg.connect(server.dsn_of("postgres"))
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


def _seeds() -> Iterator[int]:
    until = time.monotonic() + _BUDGET_S
    seed = SEED
    while seed < SEED + _COUNT or (not _COUNT and time.monotonic() < until):
        yield seed
        seed += 1


@pytest.mark.timeout(max(120, 30 * _COUNT))
async def test_the_truth_is_what_is_left_whatever_happened(postgres_server: Postgres, template: str) -> None:
    befallen: Counter[Fault] = Counter()
    for seed in _seeds():
        ran = await run(seed, postgres_server, template)
        told = "\n".join(ran.wrong[:_MOST_TOLD])
        assert not ran.wrong, (
            f"{len(ran.wrong)} things are wrong, STOPPOC_SEED={seed}\n{told}\n{ran.befallen}"
        )
        befallen += ran.befallen
    if not _COUNT:
        assert befallen.keys() == set(Fault), "each kind of fault has happened"
