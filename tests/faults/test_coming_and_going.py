"""Workers join and leave while there is work, are asked to stop, and are given everything again."""

from __future__ import annotations

import asyncio
import time

import pytest

from shared.engine.metrics import Outcome
from tests.faults import truth
from tests.faults.scene import Scene
from tests.faults.topic import COMMANDS, EVENTS, STATE

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

_COMMANDS = 6000
_STOP_S = 25.0


async def test_nothing_is_lost_or_doubled_when_workers_join_and_leave(scene: Scene) -> None:
    before, share = await scene.decided(), _COMMANDS // 4
    scene.publish(scene.stream.mixed(_COMMANDS))
    stays = scene.start()
    for turn in range(2):
        await scene.progress(before + turn * share)
        guest = scene.start()
        await scene.shared(6, 6)
        await asyncio.sleep(scene.random.uniform(0, 1))
        assert await guest.stop(_STOP_S) == 0
    await truth.check(scene)
    assert await stays.stop(_STOP_S) == 0


async def test_a_successor_repeats_nothing_when_stopped_in_the_middle(scene: Scene) -> None:
    before = await scene.decided()
    scene.publish(scene.stream.top_ups(_COMMANDS))
    first = scene.start()
    await scene.progress(before + scene.random.randrange(_COMMANDS // 2))
    started = time.monotonic()
    assert await first.stop(_STOP_S) == 0
    assert time.monotonic() - started < _STOP_S
    left = scene.topics.lag()
    second = scene.start()
    await truth.check(scene)
    assert left > 0
    assert second.counted(Outcome.DECIDED) == left
    assert second.counted(Outcome.DUPLICATE) == 0


async def test_nothing_changes_when_every_command_is_given_again(scene: Scene) -> None:
    scene.publish(scene.stream.mixed(_COMMANDS // 4))
    worker = scene.start()
    await truth.check(scene)
    assert await worker.stop(_STOP_S) == 0
    ends = {topic: scene.topics.ends(topic) for topic in (COMMANDS, EVENTS, STATE)}
    books = await scene.books()
    scene.topics.rewind()
    again = scene.start()
    await truth.check(scene)
    assert {topic: scene.topics.ends(topic) for topic in ends} == ends
    assert await scene.books() == books
    assert again.counted(Outcome.DUPLICATE) + again.counted(Outcome.DEAD_LETTERED) == sum(ends[COMMANDS])
