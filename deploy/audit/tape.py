"""Topics as a stranger finds them: every record from where one stopped to where they end now, partition by partition."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import OffsetSpec

from deploy.lag import Place, offsets, places
from deploy.topics import BrokerSilent, admin_of
from shared.engine.intake import StoredRecord

_MANY: Final = 5000
_POLL_S: Final = 0.2
# Without an answer for so long, the broker is not there.
_SILENT_S: Final = 30.0


class Tape:
    """Reads topics together, without a group; what was read once is not read again."""

    def __init__(self, kafka: str, topics: Iterable[str]) -> None:
        self._topics = list(topics)
        self._admin = admin_of(kafka)
        self._consumer = Consumer(
            {
                "bootstrap.servers": kafka,
                # Never joined and never committed: the client wants a name.
                "group.id": "stoppoc-audit",
                "enable.auto.commit": False,
                "enable.partition.eof": False,
                "log_level": 0,
            }
        )
        self._at: dict[Place, int] = {}
        # Where a partition still begins at its first record, numbers begin at 1.
        self.whole: set[Place] = set()

    def close(self) -> None:
        """Lets go of the broker."""
        self._consumer.close()

    def more(self) -> Iterator[StoredRecord]:
        """What has come since the last time, in order within each partition: up to where the topics ended now, looked at in
        the order in which they were given."""
        ends = {place: end for topic in self._topics for place, end in self._ends(topic).items()}
        left = {place: end - self._at[place] for place, end in ends.items() if self._at[place] < end}
        # All at once: the client takes up to a second to turn to other topics.
        self._consumer.assign([TopicPartition(*place, self._at[place]) for place in sorted(left)])
        heard_at = time.monotonic()
        while left:
            records = self._consumer.consume(min(_MANY, sum(left.values())), _POLL_S)
            if not records and time.monotonic() - heard_at > _SILENT_S:
                raise BrokerSilent(f"tells nothing more of {min(left)[0]}")
            for record in records:
                heard_at = time.monotonic()
                if (stored := _stored(record)) is not None:
                    yield stored
            # Not the last record's offset: a compacted partition, or one with markers in it, ends in none.
            self._at |= {(one.topic, one.partition): one.offset for one in self._positions(left)}
            left = {place: ends[place] - self._at[place] for place in left if self._at[place] < ends[place]}
        self._consumer.unassign()

    def _ends(self, topic: str) -> dict[Place, int]:
        found = places(self._admin, topic)
        self._begin([place for place in found if place not in self._at])
        return offsets(self._admin, found, OffsetSpec.latest())  # type: ignore[no-untyped-call]  # confluent-kafka is typed in part

    def _begin(self, new: list[Place]) -> None:
        first = offsets(self._admin, new, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        self._at |= first
        self.whole |= {place for place, offset in first.items() if offset == 0}

    def _positions(self, left: Iterable[Place]) -> list[TopicPartition]:
        asked = [TopicPartition(*place) for place in left]
        return [one for one in self._consumer.position(asked) if one.offset >= 0]


def _stored(record: Any) -> StoredRecord | None:
    if record.error() is not None:
        raise BrokerSilent(str(record.error().str()))
    return StoredRecord(
        record.topic(),
        record.partition(),
        record.offset(),
        record.timestamp()[1],
        record.key(),
        record.value(),
        record.headers() or (),
    )
