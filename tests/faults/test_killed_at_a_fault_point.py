"""Workers are killed at each named point of their work, one when it first comes there, one later; another finishes."""

from __future__ import annotations

import pytest

from shared import ids
from shared.contracts.hold import OpenAccount
from shared.engine.faultpoints import FaultPoint
from tests.faults import truth
from tests.faults.scene import Culprit, Scene
from tests.faults.stream import Asked

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

_COMMANDS = 2400
_LATER = 3
_MORE = 20
_WAGES = """
select substr(reference, 6)::bigint as period from hold.ledger_entry
where account_id = $1 and reference is not null order by sequence
"""

# The job's own point is not on the way of a command.
_ON_THE_WAY = [point for point in FaultPoint if point is not FaultPoint.AFTER_JOB_COMMIT]


@pytest.mark.parametrize("point", _ON_THE_WAY)
async def test_nothing_is_lost_or_doubled_when_killed(point: FaultPoint, scene: Scene) -> None:
    unreadable = [ids.new_id() for _ in range(50)] if point is FaultPoint.AFTER_DEAD_LETTER else []
    scene.publish(scene.stream.mixed(_COMMANDS))
    scene.publish_unreadable(unreadable)
    victims = [scene.start(fault=f"{point}:{reach}") for reach in (1, _LATER)]
    await scene.until(lambda: _one_is_dead(victims))
    scene.start()
    await scene.until(lambda: _are_dead(victims, scene))
    for victim in victims:
        await scene.death(victim)
    await truth.check(scene, unreadable)


async def test_each_period_is_paid_once_when_killed_after_a_job(scene: Scene) -> None:
    scene.wages = f"{scene.name}-wages"
    scene.publish(
        [Asked(ids.new_id(), OpenAccount(account=scene.wages, mode="prepaid", email="w@x.example"))]
    )
    for reach in (1, _LATER):
        await scene.death(scene.start(fault=f"after_job_commit:{reach}", test_wages=scene.wages))
    last = scene.start(test_wages=scene.wages)
    await scene.until(lambda: _paid(scene, 10))
    assert await last.stop() == 0
    scene.start()
    await truth.check(scene)
    periods = [row["period"] for row in await scene.rows(_WAGES, scene.wages)]
    assert periods == list(range(periods[0], periods[0] + len(periods)))


async def _one_is_dead(some: list[Culprit]) -> bool:
    return not all(one.alive for one in some)


async def _are_dead(some: list[Culprit], scene: Scene) -> bool:
    """Asks for more until then: offsets are moved now and then only, and not where nothing comes."""
    if dead := not any(one.alive for one in some):
        return dead
    scene.publish(scene.stream.mixed(_MORE))
    return False


async def _paid(scene: Scene, count: int) -> bool:
    return len(await scene.rows(_WAGES, scene.wages)) >= count
