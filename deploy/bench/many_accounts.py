"""What a message costs with few and with many accounts stored: the same number of top-ups, at random over them all."""

from __future__ import annotations

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
    """Time and CPU a message with either, in turns; each database is kept, so that it has met all its pages by then."""
    stands = [_Stand(ground, replace(load, accounts=count), logs) for count in counts]
    for stand in stands:
        await stand.open()
    for number in range(rounds):
        for stand in stands:
            say(f"round {number + 1} with {stand.load.accounts:,} accounts")
            await stand.measure(size, str(number))
    for stand in stands:
        await stand.close()
    few, many = ([trial.seconds / trial.messages * 1e6 for trial in stand.trials] for stand in stands)
    return {
        "accounts": list(counts),
        "microseconds_a_message": [round(median(few), 1), round(median(many), 1)],
        "cpu_us": [stand.cpu_us() for stand in stands],
        # Of many accounts fewer come twice in a batch, so more is published: a part of the difference.
        "snapshots_a_message": [round(stand.snapshots / stand.sent, 4) for stand in stands],
        "cost_ratio": round(median(after / before for before, after in zip(few, many, strict=True)), 4),
        "trials": [[asdict(trial) for trial in stand.trials] for stand in stands],
    }


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
