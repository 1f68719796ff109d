"""A worker stands still for longer than its group waits, another takes over, and the first wakes as if nothing had been."""

from __future__ import annotations

import time

import pytest

from tests.faults import truth
from tests.faults.scene import Culprit, Scene

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

_COMMANDS = 6000
# The database ends the transaction of one that stands still after 10 s; the rest is work.
_LONGEST_WAIT_S = 30.0
# In its transaction; between commit and publishing; with a claim, and with its last look at the clock behind it.
_POINTS = ("after_load", "after_commit", "after_claim", "before_send")


async def test_nothing_is_doubled_or_out_of_order_when_paused_at_the_worst_moments(scene: Scene) -> None:
    asleep = [scene.start(fault=f"pause:{point}:3") for point in _POINTS]
    await scene.shared(3, 3, 3, 3)
    scene.publish(scene.stream.mixed(_COMMANDS))
    await scene.until(lambda: _all_paused(asleep))
    await _taken_over(scene)
    for one in asleep:
        one.wake()
    await scene.shared(2, 2, 2, 3, 3)
    await truth.check(scene)
    scene.publish(scene.stream.mixed(_COMMANDS // 4))
    await truth.check(scene)


async def test_nothing_is_doubled_or_out_of_order_when_paused_at_random(scene: Scene) -> None:
    before = await scene.decided()
    asleep = scene.start()
    scene.publish(scene.stream.mixed(_COMMANDS))
    await scene.progress(before + scene.random.randrange(_COMMANDS // 2))
    asleep.pause()
    await _taken_over(scene)
    asleep.wake()
    await scene.shared(6, 6)
    await truth.check(scene)


async def _all_paused(some: list[Culprit]) -> bool:
    return all(one.paused for one in some)


async def _taken_over(scene: Scene) -> None:
    """Another worker does all there is, and waits for the sleepers no longer than the database lets it."""
    successor = scene.start()
    await scene.until(lambda: _works(successor))
    started = time.monotonic()
    await scene.settled()
    assert time.monotonic() - started < _LONGEST_WAIT_S


async def _works(one: Culprit) -> bool:
    return one.works
