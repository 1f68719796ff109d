"""Topics as a stranger finds them: every record from where one stopped to where they end now, partition by partition."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from deploy.topics import ANSWER_S, BrokerSilent
from shared.engine.intake import StoredRecord

_MANY: Final = 5000
_POLL_S: Final = 0.2
# Without an answer for so long, the broker is not there.
_SILENT_S: Final = 30.0

_Place = tuple[str, int]


class Tape:
    """Reads topics without a group; what was read once is not read again."""

    def __init__(self, kafka: str, topics: Iterable[str]) -> None:
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
        self._places = [place for topic in topics for place in self._partitions(topic)]
        self._at: dict[_Place, int] = {}
        # Where a partition still begins at its first record, numbers begin at 1.
        self.whole: set[_Place] = set()
        for place in self._places:
            first, _ = self._ends(place)
            self._at[place] = first
            if first == 0:
                self.whole.add(place)

    def close(self) -> None:
        """Lets go of the broker."""
        self._consumer.close()

    def more(self) -> Iterator[StoredRecord]:
        """What has come since the last time, in order within each partition."""
        ends = {place: self._ends(place)[1] for place in self._places}
        left = {place for place in self._places if self._at[place] < ends[place]}
        self._consumer.assign([TopicPartition(*place, self._at[place]) for place in sorted(left)])
        heard_at = time.monotonic()
        while left:
            records = self._consumer.consume(_MANY, _POLL_S)
            if not records and time.monotonic() - heard_at > _SILENT_S:
                raise BrokerSilent(f"tells nothing more of {sorted(left)[0][0]}")
            for record in records:
                heard_at = time.monotonic()
                if (stored := _stored(record)) is not None:
                    yield stored
            # Not the last record's offset: a compacted partition, or one with markers in it, ends in none.
            self._at |= {(one.topic, one.partition): one.offset for one in self._positions(left)}
            left = {place for place in left if self._at[place] < ends[place]}
        self._consumer.unassign()

    def _positions(self, left: Iterable[_Place]) -> list[TopicPartition]:
        asked = [TopicPartition(*place) for place in left]
        return [one for one in self._consumer.position(asked) if one.offset >= 0]

    def _ends(self, place: _Place) -> tuple[int, int]:
        try:
            first, end = self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=ANSWER_S)
        except KafkaException as error:
            raise BrokerSilent(str(error.args[0].str())) from None
        return first, end

    def _partitions(self, topic: str) -> Sequence[_Place]:
        try:
            found = self._consumer.list_topics(topic, timeout=ANSWER_S).topics[topic]
        except KafkaException as error:
            raise BrokerSilent(str(error.args[0].str())) from None
        return [] if found.error is not None else [(topic, number) for number in found.partitions]


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
