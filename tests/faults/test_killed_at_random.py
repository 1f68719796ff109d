"""Two workers, one of which is killed again and again, whatever it is doing."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults import truth
from tests.faults.scene import Scene

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

_TOP_UPS = 20_000
_KILLS = 25


async def test_every_dong_is_counted_once_whoever_is_killed(scene: Scene) -> None:
    before = await scene.decided()
    scene.publish(scene.stream.top_ups(_TOP_UPS))
    scene.start()
    scene.start()
    for kills_left in range(_KILLS, 0, -1):
        decided = await scene.decided()
        share = (before + _TOP_UPS - decided) // kills_left
        # Only after it went on: so every kill finds somebody at work.
        await scene.progress(decided + scene.random.randrange(1, share))
        await asyncio.sleep(scene.random.uniform(0, 0.05))
        scene.random.choice([one for one in scene.culprits if one.works]).kill()
        scene.start()
    await truth.check(scene)
