"""A guard against slow releases: ratios within one small run, which hold on a slow and busy machine too.

The bounds are far below what an idle machine shows (docs/performance.md): one of them fails when the engine has become
several times slower than it was, not when the machine was busy with something else.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.bench.engine import QUICK, Bench
from deploy.bench.ground import Ground

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]

LEAST_OF_NAIVE = 15
LEAST_OF_FLOORS = 0.25


async def test_the_engine_is_many_times_a_plain_consumer_and_not_far_from_the_floors(
    ground: Ground, tmp_path: Path
) -> None:
    figures = await Bench(ground, QUICK, tmp_path, lambda _: None).run()
    assert figures["ratio_naive"] >= LEAST_OF_NAIVE, figures["rates"]
    assert figures["ratio_floor"] >= LEAST_OF_FLOORS, figures["rates"]
