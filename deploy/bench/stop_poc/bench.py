"""The whole measure of Stop POC: ours, the naive twin and the floors in turns on one broker and one database server.

Returns plain figures; whether they are enough is told by `verdict`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from deploy.bench.about import about
from deploy.bench.many_accounts import middle
from deploy.bench.stop_poc.crew import NAIVE, OURS
from deploy.bench.stop_poc.ground import Ground
from deploy.bench.stop_poc.growth import growth
from deploy.bench.stop_poc.playback import Recorded, broker_floor, recorded
from deploy.bench.stop_poc.solitude import latencies
from deploy.bench.stop_poc.sql_floor import sql_floor
from deploy.bench.stop_poc.trial import Size, Trial, attempt
from deploy.bench.stop_poc.verdict import REQUIRED, alone, ratios
from deploy.bench.verdict import verdicts
from deploy.local.place import Say


@dataclass(frozen=True, slots=True)
class Alone:
    """How many are stopped one by one: those that only warm up, and those that count."""

    warm: int
    stops: int


_GROWING: Final = Size(40, 300)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything is done."""

    ours: Size
    naive: Size
    standing: int
    ours_alone: Alone
    naive_alone: Alone
    rounds: int = 3
    stored: Sequence[int] = ()
    growing: Size = _GROWING
    growing_rounds: int = 2

    def resized(self, clusters: int, rounds: int) -> Plan:
        """With another number of clusters stopped in each trial of ours, and of rounds."""
        ours = Size(self.ours.warm, clusters)
        standing = max(self.standing, clusters + self.ours.warm)
        return replace(self, ours=ours, standing=standing, rounds=rounds)


FULL: Final = Plan(
    ours=Size(40, 400),
    naive=Size(2, 12),
    standing=500,
    ours_alone=Alone(30, 200),
    naive_alone=Alone(2, 10),
)
QUICK: Final = Plan(
    ours=Size(10, 60),
    naive=Size(1, 3),
    standing=100,
    ours_alone=Alone(10, 20),
    naive_alone=Alone(1, 2),
    rounds=1,
)


@dataclass(slots=True)
class Bench:
    """One run."""

    ground: Ground
    plan: Plan
    directory: Path
    say: Say
    trials: dict[str, list[Trial]] = field(default_factory=dict)

    async def run(self) -> dict[str, Any]:
        """All figures."""
        begun = time.monotonic()
        figures: dict[str, Any] = {"bench": "stop-poc"} | about(self.ground, self.plan)
        await self._compare()
        figures["runs"] = {name: [asdict(trial) for trial in trials] for name, trials in self.trials.items()}
        figures["rates"] = {
            name: _spread([trial.rate for trial in trials]) for name, trials in self.trials.items()
        }
        for what in ("cpu_s_per_1000", "memory_mib"):
            figures[what] = {
                name: middle([getattr(trial, what) for trial in trials])
                for name, trials in self.trials.items()
            }
        figures |= ratios(self.trials)
        figures["latency"] = alone(await self._alone())
        if self.plan.stored:
            figures["growth"] = await self._growth()
        figures["seconds"] = round(time.monotonic() - begun, 1)
        figures["requirements"] = verdicts(figures, REQUIRED)
        return figures

    async def _compare(self) -> None:
        self.say("a recording of ours, which also warms the servers up")
        tape = await recorded(self.ground, self.plan.standing, self.plan.ours, self.directory)
        for number in range(self.plan.rounds):
            for name, trial in self._round(tape):
                self.say(f"round {number + 1}: {name}")
                self.trials.setdefault(name, []).append(await trial())
        await self.ground.drop(tape.after)

    # Ours between the floors: what the machine does besides is then most alike for what is compared most closely.
    def _round(self, tape: Recorded) -> list[tuple[str, Callable[[], Awaitable[Trial]]]]:
        plan = self.plan
        return [
            ("sql_floor", lambda: sql_floor(self.ground, tape.before, tape.after, tape.resources)),
            ("ours", lambda: attempt(self.ground, OURS, plan.standing, plan.ours, self.directory)),
            ("broker_floor", lambda: broker_floor(self.ground, tape)),
            ("naive", lambda: attempt(self.ground, NAIVE, plan.standing, plan.naive, self.directory)),
        ]

    async def _alone(self) -> dict[str, dict[str, float]]:
        found = {}
        for kind, plan in ((OURS, self.plan.ours_alone), (NAIVE, self.plan.naive_alone)):
            self.say(f"one Stop POC at a time: {kind.name}")
            found[kind.name] = await latencies(
                self.ground, kind, self.plan.standing, plan.warm, plan.stops, self.directory
            )
        return found

    async def _growth(self) -> list[dict[str, Any]]:
        plan = self.plan
        return await growth(
            self.ground, plan.stored, plan.growing, plan.growing_rounds, self.directory, self.say
        )


def _spread(rates: list[float]) -> dict[str, float]:
    return {
        "median": round(median(rates), 1),
        "lowest": round(min(rates), 1),
        "highest": round(max(rates), 1),
    }
