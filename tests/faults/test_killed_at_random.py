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
    before, share = await scene.decided(), _TOP_UPS // _KILLS
    scene.publish(scene.stream.top_ups(_TOP_UPS))
    workers = [scene.start(), scene.start()]
    for kill in range(_KILLS):
        await scene.progress(before + kill * share + scene.random.randrange(share))
        await asyncio.sleep(scene.random.uniform(0, 0.1))
        workers.pop(scene.random.randrange(2)).kill()
        workers.append(scene.start())
    await truth.check(scene)
