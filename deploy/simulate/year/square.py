"""What the year keeps of all that is said: which resources stand, and counts. Everything else would fill the memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from random import Random
from typing import Any, Final

from deploy.simulate.bus import Bus, Said
from deploy.simulate.world import Turn, Turns
from shared.engine.intake import StoredRecord
from shared.engine.service import Service

_GONE: Final = ("released",)
_MOST_AT_ONCE: Final = 500
# How often a record is read again later, as after a crash or a rebalance.
_AGAIN: Final = 0.02


class Square(Bus):
    """The bus of a year."""

    def __init__(self, services: Iterable[Service]) -> None:
        super().__init__(services)
        self.resources: dict[str, dict[str, Any]] = {}
        self.counted: Counter[str] = Counter()
        self._of: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def of(self, account: str) -> list[str]:
        """The account's resources, in the order in which they came."""
        return list(self._of[account])

    def _note(self, topic: str, said: Said) -> None:
        self.counted[topic.split(".")[2]] += 1
        if topic.endswith(".state.v1") and said.name == "Resource":
            data = said.data
            resource = data["resource"]
            if data["status"] in _GONE:
                self._of[data["account"]].pop(resource, None)
                self.resources.pop(resource, None)
            else:
                self._of[data["account"]][resource] = None
                self.resources[resource] = {name: data[name] for name in ("kind", "flavor", "billing")}


def unruly(services: Iterable[Service], chance: Random) -> Turns:
    """Anybody who has something to read reads some of one topic, in its order; some of it he reads once more later."""
    every = list(services)

    def turn(bus: Bus) -> Turn | None:
        busy = [service for service in every if bus.waiting[service.name]]
        if not busy:
            return None
        service = chance.choice(busy)
        waiting = bus.waiting[service.name]
        topic = chance.choice(waiting).topic
        read: list[StoredRecord] = []
        left: list[StoredRecord] = []
        most = chance.choice((1, 50, _MOST_AT_ONCE))
        for record in waiting:
            (read if record.topic == topic and len(read) < most else left).append(record)
        waiting.clear()
        waiting.extend(left)
        waiting.extend(record for record in read if chance.random() < _AGAIN)
        return service, read

    return turn
