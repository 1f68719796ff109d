"""Who reads next, and how much at once, drawn at random: only the order of a key is kept, as on the real bus, and now and then a
message is read twice."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from deploy.simulate.bus import Bus
from deploy.simulate.world import Turn, Turns
from shared.engine.intake import StoredRecord
from shared.engine.service import Service

_PARTITIONS: Final = 3
_AGAIN: Final = 0.1


def at_random(services: Sequence[Service], chance: Random) -> Turns:
    """Anybody who has something to read reads some of one partition of one topic."""

    def turn(bus: Bus) -> Turn | None:
        busy = [service for service in services if bus.waiting[service.name]]
        if not busy:
            return None
        service = chance.choice(busy)
        waiting = bus.waiting[service.name]
        place = _place(chance.choice(waiting))
        there = [record for record in waiting if _place(record) == place]
        read = there[: chance.randint(1, len(there))]
        for record in read:
            waiting.remove(record)
        again = [record for record in read if chance.random() < _AGAIN]
        return service, [*read, *again]

    return turn


def _place(record: StoredRecord) -> tuple[str, int]:
    return record.topic, sum(record.key or b"") % _PARTITIONS
