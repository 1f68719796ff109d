"""The broker and the database end in the middle of the work, as they may, and come back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import pytest

from tests.faults import truth
from tests.faults.scene import Scene

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

_COMMANDS = 6000
_LONGEST_AWAY_S = 2.0
_STALL_S = 12.0

Loss = Callable[[Scene], Awaitable[None]]


async def _broker_killed(scene: Scene) -> None:
    await scene.ground.kafka.kill()
    await asyncio.sleep(scene.random.uniform(0, _LONGEST_AWAY_S))
    await scene.ground.kafka.start()


async def _broker_restarted(scene: Scene) -> None:
    await scene.ground.kafka.stop()
    await scene.ground.kafka.start()


async def _database_crashed(scene: Scene) -> None:
    await scene.ground.postgres.stop(immediate=True)
    await asyncio.sleep(scene.random.uniform(0, _LONGEST_AWAY_S))
    await scene.ground.postgres.start()


async def _broker_stalled(scene: Scene) -> None:
    """For longer than a worker waits for an answer: what it sent may still arrive, after what it sends anew."""
    os.kill(scene.ground.kafka.pid, signal.SIGSTOP)
    await asyncio.sleep(_STALL_S)
    os.kill(scene.ground.kafka.pid, signal.SIGCONT)


async def _all_at_once(scene: Scene) -> None:
    await asyncio.gather(_broker_killed(scene), _database_crashed(scene))


@pytest.mark.parametrize(
    "loss",
    [
        _broker_killed,
        _broker_restarted,
        _database_crashed,
        _all_at_once,
        _broker_stalled,
    ],
)
async def test_nothing_is_lost_or_doubled_when_servers_go_away(loss: Loss, scene: Scene) -> None:
    before = await scene.decided()
    scene.publish(scene.stream.mixed(_COMMANDS))
    scene.start()
    scene.start()
    await scene.progress(before + scene.random.randrange(_COMMANDS // 2))
    await loss(scene)
    await truth.check(scene)
