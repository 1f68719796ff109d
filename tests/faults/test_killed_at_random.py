"""Two workers, one of which is killed again and again, whatever it is doing."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults import truth
from tests.faults.scene import Scene

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

_TOP_UPS = 9_600
_KILLS = 12


async def test_every_dong_is_counted_once_whoever_is_killed(scene: Scene) -> None:
    before, share = await scene.decided(), _TOP_UPS // _KILLS
    asked = scene.stream.top_ups(_TOP_UPS)
    scene.start()
    scene.start()
    for start in range(0, _TOP_UPS, share):
        # A share at a time, so that every kill finds somebody at work and none finds all of it done.
        scene.publish(asked[start : start + share])
        await scene.progress(before + start + scene.random.randrange(1, share))
        await asyncio.sleep(scene.random.uniform(0, 0.02))
        scene.random.choice([one for one in scene.culprits if one.works]).kill()
        scene.start()
    scene.publish(asked[_TOP_UPS:])
    await truth.check(scene)
