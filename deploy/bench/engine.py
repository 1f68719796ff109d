"""The whole measure: ours, the plain consumer and the floors in turns on one broker and one database, and what else
is asked for. Returns plain figures; whether they are enough is told by `verdict`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from deploy.bench.about import about
from deploy.bench.ground import Ground
from deploy.bench.load import Load
from deploy.bench.many_accounts import FEW, MANY, many_accounts, middle
from deploy.bench.memory import memory
from deploy.bench.playback import Recorded, broker_floor, recorded, sql_floor
from deploy.bench.solitude import latencies
from deploy.bench.trial import NAIVE, NAIVE_8, NAIVE_AUTO, OURS, Consumer, Size, Trial, attempt
from deploy.bench.verdict import ratios, verdicts
from deploy.local.place import Say


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything is done."""

    ours: Size
    naive: Size
    floor: Size
    accounts: int = 10_000
    rounds: int = 3
    seed: int = 1
    others: bool = True
    latency_messages: int = 0
    memory: Size | None = None
    stored: Size | None = None
    stored_rounds: int = 3
    stored_accounts: tuple[int, int] = (FEW, MANY)


FULL: Final = Plan(ours=Size(10_000, 60_000), naive=Size(200, 800), floor=Size(10_000, 60_000))
QUICK: Final = Plan(
    ours=Size(2_000, 12_000),
    naive=Size(100, 600),
    floor=Size(2_000, 8_000),
    accounts=2_000,
    rounds=1,
    others=False,
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
        begun, figures = time.monotonic(), about(self.ground, self.plan)
        await self._compare()
        figures["runs"] = {name: [asdict(trial) for trial in trials] for name, trials in self.trials.items()}
        figures["rates"] = {
            name: _spread([trial.rate for trial in trials]) for name, trials in self.trials.items()
        }
        figures["cpu_us"] = {
            name: middle([trial.cpu_us for trial in trials]) for name, trials in self.trials.items()
        }
        figures |= ratios(self.trials)
        figures |= await self._extras()
        figures["seconds"] = round(time.monotonic() - begun, 1)
        figures["requirements"] = verdicts(figures)
        return figures

    async def _compare(self) -> None:
        self.say("a recording of the engine's work, which also warms the servers up")
        tape = await recorded(self.ground, self._load("floor"), self.plan.floor, self.directory)
        for number in range(self.plan.rounds):
            for name, trial in self._round(tape):
                self.say(f"round {number + 1}: {name}")
                self.trials.setdefault(name, []).append(await trial())
        if self.plan.others:
            self.say("sql_floor_at_once")
            self.trials["sql_floor_at_once"] = [await sql_floor(self.ground, tape, "sql_at_once")]
        for other in (NAIVE_AUTO, NAIVE_8) if self.plan.others else ():
            self.say(other.name)
            self.trials[other.name] = [await self._attempt(other, self.plan.naive)]

    # Ours between the floors: what the machine does besides is then most alike for what is compared most closely.
    def _round(self, tape: Recorded) -> list[tuple[str, Callable[[], Awaitable[Trial]]]]:
        return [
            ("sql_floor", lambda: sql_floor(self.ground, tape)),
            ("ours", lambda: self._attempt(OURS, self.plan.ours)),
            ("broker_floor", lambda: broker_floor(self.ground, tape)),
            ("naive", lambda: self._attempt(NAIVE, self.plan.naive)),
        ]

    async def _attempt(self, consumer: Consumer, size: Size) -> Trial:
        return await attempt(self.ground, consumer, self._load(), size, self.directory)

    async def _extras(self) -> dict[str, Any]:
        plan, extras = self.plan, dict[str, Any]()
        if plan.latency_messages:
            for name, consumer in (("ours", OURS), ("naive", NAIVE)):
                self.say(f"one message at a time: {name}")
                extras.setdefault("latency", {})[name] = await latencies(
                    self.ground, consumer, self._load("alone"), plan.latency_messages, self.directory
                )
        if plan.stored is not None:
            self.say(f"databases with {plan.stored_accounts[0]:,} and {plan.stored_accounts[1]:,} accounts")
            extras["stored_accounts"] = await many_accounts(
                self.ground, self._load("stored"), plan.stored, plan.stored_rounds,
                self.directory, self.say, plan.stored_accounts,
            )  # fmt: skip
        if plan.memory is not None:
            self.say(f"memory over {plan.memory.messages:,} messages")
            extras["memory"] = await memory(self.ground, self._load("memory"), plan.memory, self.directory)
        return extras

    def _load(self, name: str = "") -> Load:
        return Load(self.plan.seed, self.plan.accounts, time.time_ns() // 1_000_000, name)


def _spread(rates: list[float]) -> dict[str, float]:
    return {
        "median": round(median(rates), 1),
        "lowest": round(min(rates), 1),
        "highest": round(max(rates), 1),
    }
