"""The flows of docs/integrate.md, played by all services in virtual time: exactly what the guide names is said, by whom
and because of what it says, and nothing else follows but mails."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deploy.services import SERVICES
from deploy.simulate.bus import Bus, Said
from deploy.simulate.parse import parse
from deploy.simulate.play import play
from deploy.simulate.stage import stage_on
from deploy.simulate.world import Stage, World
from services.notify.service import NOTIFY
from tests.contracts.guide import Flow, Step, flows

pytestmark = pytest.mark.postgres


class Watched(World):
    """A world whose bus can be looked at once it is over."""

    last: Bus

    async def begin(self) -> None:
        Watched.last = self.bus
        await super().begin()


async def bus_of(flow: Flow, database: str, monkeypatch: pytest.MonkeyPatch) -> Bus:
    monkeypatch.setattr("deploy.simulate.world.World", Watched)
    async with stage_on(database, list(SERVICES.values())) as stage:
        assert isinstance(stage, Stage)
        played = await play(stage, parse(flow.scenario.read_bytes()))
    assert played.mismatches == []
    return Watched.last


def everything(bus: Bus) -> Mapping[str, Said]:
    return bus.commands | {said.envelope.id: said for said in bus.events}


def step_of(said: Said, all_: Mapping[str, Said]) -> Step:
    because = said.envelope.causation_id
    return Step(
        said.envelope.source.removeprefix("/stoppoc/"), said.name, all_[because].name if because else ""
    )


@pytest.mark.parametrize("flow", flows(), ids=lambda flow: flow.title)
async def test_a_flow_of_the_guide_is_what_follows(
    flow: Flow, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = await bus_of(flow, database, monkeypatch)
    all_ = everything(bus)
    asked = [said for said in bus.commands.values() if said.name == flow.command and not said.prior][flow.nth]
    followed = {
        step_of(said, all_)
        for said in all_.values()
        if said.envelope.correlation_id == asked.envelope.id and said is not asked
    }
    followed = {step for step in followed if step.by != NOTIFY.name}
    assert followed == set(flow.steps[1:])
