"""What one worker makes of commands: an effect, an answer, a snapshot, once each and in order."""

from __future__ import annotations

import pytest

from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


async def test_a_command_is_answered_by_an_event_and_a_snapshot(stage: Stage) -> None:
    stage.start_worker()
    await stage.send(stage.toy.Add(counter="a", amount=5))
    await stage.settled()
    [event] = await stage.hear(stage.events)
    [snapshot] = await stage.hear(stage.state)
    assert event.body["total"] == snapshot.body["total"] == 5
