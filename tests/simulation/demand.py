"""What portals ask of hold in one run, and what must come of it.

Most accounts are asked about as they should be. A few are strays: their commands come on any partition, so what
is right for them hangs on the order in which they were decided, and is worked out from it afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Final

from shared import ids
from shared.contracts.hold import OpenAccount, TopUp
from tests.faults.stream import Asked, Books, Stream, answer
from tests.faults.topic import Heard
from tests.simulation.broker import PARTITIONS, partition_of
from tests.simulation.chance import Chance
from tests.simulation.world import World

_COMMANDS: Final = 160
_ACCOUNTS: Final = 10
_STRAYS: Final = 4
# Commands that come at once, and the longest wait before more do.
_MOST_AT_ONCE: Final = 12
_LONGEST_WAIT_S: Final = 0.08


class Demand:
    """The commands of one run."""

    def __init__(self, chance: Chance) -> None:
        self.stream = Stream(chance.seed, "sim", _ACCOUNTS)
        self.wages = "sim-wages"
        self.unreadable: set[str] = set()
        self._random: Random = chance.dice("portals")
        self._strays = [f"sim-stray-{number}" for number in range(_STRAYS)]
        self._strayed: dict[str, Asked] = {}

    async def sent(self, world: World) -> AsyncIterator[None]:
        """Sends everything, a few at a time."""
        self._send(world, self._pay_wages())
        left = self.stream.mixed(_COMMANDS)
        while left:
            for _ in range(self._random.randint(1, _MOST_AT_ONCE)):
                self._send_next(world, left)
            yield
            await asyncio.sleep(self._random.uniform(0, _LONGEST_WAIT_S))

    def _send_next(self, world: World, left: list[Asked]) -> None:
        die = self._random.random()
        if die < 0.02:
            self._send_unreadable(world)
        elif die < 0.3:
            self._send(world, self._stray(), self._random.randrange(PARTITIONS))
        elif left:
            self._send(world, left.pop(0))

    def _send(self, world: World, asked: Asked, partition: int | None = None) -> None:
        key = asked.command.key
        place = partition_of(key) if partition is None else partition
        world.send(asked.id, key, place, asked.command.model_dump_json().encode(), asked.command.type)

    def _send_unreadable(self, world: World) -> None:
        self.unreadable.add(id_ := ids.new_id())
        world.send(id_, id_, self._random.randrange(PARTITIONS), b"{")

    def _pay_wages(self) -> Asked:
        return Asked(ids.new_id(), OpenAccount(account=self.wages, mode="prepaid", email="sim@owner.example"))

    def _stray(self) -> Asked:
        """About a stray account: opened more than once, paid, and each payment perhaps told twice."""
        account, die = self._random.choice(self._strays), self._random.random()
        if die < 0.2 and self._strayed:
            return self._random.choice(list(self._strayed.values()))
        if die < 0.4:
            return self._remembered(OpenAccount(account=account, mode="prepaid", email="sim@owner.example"))
        reference = f"BANK-{self._random.randrange(30)}"
        return self._remembered(
            TopUp(account=account, amount=self._random.randint(1, 999), reference=reference)
        )

    def _remembered(self, command: OpenAccount | TopUp) -> Asked:
        asked = Asked(ids.new_id(), command)
        self._strayed[asked.id] = asked
        return asked

    def settle(self, events: Sequence[Heard]) -> None:
        """Works out what was right for the strays, in the order in which they were decided."""
        books: dict[str, Books] = {}
        for event in sorted(events, key=lambda one: one.sequence or 0):
            asked = self._strayed.get(event.headers["ce_causationid"])
            if asked is not None and asked.id not in self.stream.answers:
                self.stream.answers[asked.id] = answer(books, asked.command)
        self.stream.books |= books
