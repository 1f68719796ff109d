"""What a message costs with few and with many accounts stored: the same number of top-ups, at random over them all.

Of many accounts fewer come twice in a batch, and each that comes is written and said once a batch: so there is more to
do, whatever the database holds. A third trial, over as many of the many as the few are, tells that apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from deploy.bench.ground import Ground, check, expected
from deploy.bench.load import Load
from deploy.bench.trial import OURS, Size, Trial, course
from deploy.local.place import Say

FEW: Final = 10_000
MANY: Final = 1_000_000


async def many_accounts(
    ground: Ground,
    load: Load,
    size: Size,
    rounds: int,
    logs: Path,
    say: Say,
    counts: tuple[int, int] = (FEW, MANY),
) -> dict[str, Any]:
    """Time and CPU a message with each, in turns; the databases are kept, so that they have met their pages by then."""
    few, many = (replace(load, accounts=count, drawn=count) for count in counts)
    stands = [_Stand(ground, one, logs) for one in (few, many, replace(many, drawn=few.accounts))]
    for stand in stands:
        await stand.open()
    for number in range(rounds):
        for stand in stands:
            say(f"round {number + 1}: {stand.load.drawn:,} of {stand.load.accounts:,} accounts")
            await stand.measure(size, str(number))
    for stand in stands:
        await stand.close()
    costs = [[trial.seconds / trial.messages * 1e6 for trial in stand.trials] for stand in stands]
    return {
        "accounts": [stand.load.accounts for stand in stands],
        "drawn": [stand.load.drawn for stand in stands],
        "microseconds_a_message": [round(median(cost), 1) for cost in costs],
        "cpu_us": [stand.cpu_us() for stand in stands],
        "snapshots_a_message": [round(stand.snapshots / stand.sent, 4) for stand in stands],
        "cost_ratio": _ratio(costs[0], costs[1]),
        "cost_ratio_as_many_drawn": _ratio(costs[0], costs[2]),
        "trials": [[asdict(trial) for trial in stand.trials] for stand in stands],
    }


def _ratio(before: Sequence[float], after: Sequence[float]) -> float:
    return round(median(many / few for few, many in zip(before, after, strict=True)), 4)


class _Stand:
    """One database and its trials."""

    def __init__(self, ground: Ground, load: Load, logs: Path) -> None:
        self.load = load
        self.trials: list[Trial] = []
        self._ground = ground
        self._logs = logs
        self.sent = 0
        self.snapshots = 0
        self._total_vnd = 0
        self._dsn = ""

    async def open(self) -> None:
        self._dsn = await self._ground.database(self.load.accounts)

    async def measure(self, size: Size, name: str) -> None:
        async with course(self._ground, OURS, self._dsn, self._logs) as run:
            records = replace(self.load, name=name).records()
            await run.warm(records, size.warm)
            self.trials.append(await run.measure(records, size.messages))
            self.sent += run.sent
            self._total_vnd += run.total_vnd
        wanted = expected(self.load.accounts, self.sent, self._total_vnd)
        books = await self._ground.books(self._dsn)
        check(books, wanted | {"events": run.sent})
        self.snapshots += books.snapshots

    async def close(self) -> None:
        await self._ground.drop(self._dsn)

    def cpu_us(self) -> dict[str, float]:
        return middle([trial.cpu_us for trial in self.trials])


def middle(cpu_us: list[dict[str, float]]) -> dict[str, float]:
    """The median of each process."""
    return {name: median(one[name] for one in cpu_us) for name in cpu_us[0]} if cpu_us else {}
