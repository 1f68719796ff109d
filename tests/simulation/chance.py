"""What goes wrong, and when: all of it from one seed. Each actor rolls dice of its own, so that what befalls one does
not hang on how the machine interleaves it with the others; that interleaving itself no seed can fix."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextvars import ContextVar
from enum import StrEnum
from random import Random
from typing import Final

from tests.simulation.broker import Broker


class Fault(StrEnum):
    """What can go wrong."""

    CRASH = "a worker dies at a fault point"
    REFUSED = "the broker refuses a publish"
    UNANSWERED = "a publish stands, its answer is lost"
    SLOW = "a request takes its time"
    UNCOMMITTED = "offsets are not moved"
    COMMIT_UNANSWERED = "offsets are moved, the answer is lost"
    UNREAD = "a read fails"
    PAUSED = "a worker stands still before it publishes what it claimed"
    REBALANCED = "the partitions are dealt out anew"
    EVICTED = "the group gives a worker up"
    REJOINED = "a worker gets other partitions with a batch in hand"
    DISCONNECTED = "the database ends a connection"


# How often, where it may happen at all; a run takes none, a third or all of each, so that runs differ in kind.
_RATES: Final = {
    Fault.CRASH: 0.012,
    Fault.REFUSED: 0.04,
    Fault.UNANSWERED: 0.06,
    Fault.SLOW: 0.3,
    Fault.UNCOMMITTED: 0.15,
    Fault.COMMIT_UNANSWERED: 0.2,
    Fault.UNREAD: 0.05,
    Fault.PAUSED: 0.06,
    Fault.REBALANCED: 0.25,
    Fault.EVICTED: 0.25,
    Fault.REJOINED: 0.4,
    Fault.DISCONNECTED: 0.4,
}

# The engine's waits are divided by this, and so is what befalls it: what takes a minute takes 1.5 s.
PACE: Final = 40
_LONGEST_PAUSE_S: Final = 24 / PACE
_SLOWEST_S: Final = 1 / PACE


class Crash(BaseException):
    """A worker dies here. No `except Exception` may catch it, as none catches SIGKILL."""


class Chance:
    """The dice of one run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.storm = True
        self.befallen: Counter[Fault] = Counter()
        self._dice: dict[str, Random] = {}
        rates = self.dice("rates")
        self.rates = {fault: rate * rates.choice((0, 1 / 3, 1)) for fault, rate in _RATES.items()}

    def dice(self, actor: str) -> Random:
        """The dice of one actor."""
        if actor not in self._dice:
            self._dice[actor] = Random(f"{self.seed}/{actor}")
        return self._dice[actor]

    def strikes(self, fault: Fault, actor: str) -> bool:
        """Whether it happens to that actor now; once the storm is over, nothing does."""
        struck = self.dice(f"{actor}/{fault.name}").random() < self.rates[fault] and self.storm
        self.befallen[fault] += struck
        return struck


class Life:
    """One life of one worker: from its start to its stop or its crash."""

    def __init__(self, name: str, chance: Chance, broker: Broker) -> None:
        self.name = name
        self.chance = chance
        self.broker = broker
        self.dead = False

    def check(self) -> None:
        """The dead do nothing more."""
        if self.dead:
            raise Crash

    def pass_by(self, _point: object) -> None:
        """In place of a fault point."""
        self.check()
        if self.chance.strikes(Fault.CRASH, self.name):
            self.dead = True
            raise Crash

    async def take_time(self) -> None:
        """A request on its way: mostly quick."""
        slow = self.chance.strikes(Fault.SLOW, self.name)
        dice = self.chance.dice(f"{self.name}/way")
        await asyncio.sleep(dice.uniform(0, _SLOWEST_S if slow else _SLOWEST_S / 20))
        self.check()

    async def stand_still(self) -> None:
        """For longer than the database and the group wait for it, now and then."""
        if self.chance.strikes(Fault.PAUSED, self.name):
            await asyncio.sleep(self.chance.dice(f"{self.name}/pause").uniform(0, _LONGEST_PAUSE_S))
        self.check()

    def may_fail(self, fault: Fault, error: type[Exception]) -> None:
        """Raises it, if it strikes."""
        if self.chance.strikes(fault, self.name):
            raise error(fault.value)


# Whose life this task is part of.
LIFE: ContextVar[Life] = ContextVar("life")


def reach(point: object) -> None:
    """Stands in for the engine's own in every module that has fault points."""
    LIFE.get().pass_by(point)
