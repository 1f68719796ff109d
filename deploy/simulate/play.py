"""One scenario, played: its prelude, then its steps, and every difference from what it expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any

from deploy.simulate.bus import Bus
from deploy.simulate.compare import Mismatch, compare
from deploy.simulate.gateway import Gateways
from deploy.simulate.local import written
from deploy.simulate.prelude import begins, play_prelude
from deploy.simulate.scenario import Scenario, Send, Step
from deploy.simulate.view import view
from deploy.simulate.world import Stage, World
from shared import ids
from shared.contracts.message import Message


@dataclass(slots=True)
class Played:
    """How it went: the differences with the instant of their step, and the end that was reached."""

    steps: int = 0
    checks: int = 0
    seconds: float = 0.0
    mismatches: list[tuple[datetime, Mismatch]] = field(default_factory=list)
    ended: tuple[Bus, datetime] | None = None

    @property
    def final(self) -> Mapping[str, Any]:
        """Every section, as it stands at the end; nothing where the end was not reached."""
        return {} if self.ended is None else view(*self.ended)


async def play(stage: Stage, scenario: Scenario, *, keep: bool = False) -> Played:
    """Plays it in a world of its own, forgotten at its end unless it is to be kept. `Fault` where what it names cannot stand before the first step."""
    played = Played()
    started = perf_counter()
    async with stage.world(begins(scenario), keep=keep) as world:
        world.gateways = Gateways(scenario.ways)
        await play_prelude(world, scenario)
        for number, step in enumerate(scenario.steps, start=1):
            await world.advance(step.at)
            # From the first step's instant on: what fell due before it belongs to what stood.
            world.bus.prior = False
            await _step(world, step, number, played)
        played.ended = world.bus, world.at
    played.seconds = perf_counter() - started
    return played


async def _step(world: World, step: Step, number: int, played: Played) -> None:
    played.steps += 1
    if step.send is not None:
        message = _of_step(step.send.message, world.bus)
        await world.send(message, _message_id(step.send, step.at, number), step.send.copies)
    if step.expect is not None:
        played.checks += 1
        found = compare(step.expect.sections, view(world.bus, world.at, step.expect.sections))
        played.mismatches += [(step.at, mismatch) for mismatch in found]


def _message_id(send: Send, at: datetime, number: int) -> str:
    """The id the step gives, as a UUID where it is none; else one that no other step has."""
    if send.id is None:
        return ids.derived_id("scenario", f"{number}/{written(at)}", int(at.timestamp()) * 1000)
    return _given(send.id)


def _given(name: str) -> str:
    try:
        return ids.canonical(name)
    except ValueError:
        return ids.derived_id("scenario", f"id/{name}", 0)


def _of_step(message: Message, bus: Bus) -> Message:
    """The message; an order is also named by the id of the step that asked for it."""
    if (name := getattr(message, "order", None)) is None:
        return message
    asked = _given(name)
    for said in bus.events:
        if said.name == "OrderPlaced" and said.envelope.correlation_id == asked:
            return message.model_copy(update={"order": said.data["order"]})
    return message
