"""Dead letters: a record that cannot be read goes to its topic's dead-letter topic as it came, with the reason.

A crash after it was sent and before the offsets moved sends it again: the copies have the same coordinates.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from shared.contracts import topics
from shared.contracts.cloudevents import timestamp
from shared.engine.intake import Record
from shared.engine.publisher import Publisher

PREFIX: Final = "x-dlq-"
# Reasons quote what they found wrong: a header may be as large as a record.
_MOST_REASON: Final = 2000


async def send(publisher: Publisher, group: str, record: Record, reason: str) -> None:
    """Sends one record to the dead letters, whole: key, value and headers untouched."""
    seen = timestamp(datetime.fromtimestamp(record.timestamp / 1000, UTC))
    about = {
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "group": group,
        "error": reason[:_MOST_REASON],
        "first-seen": seen,
    }
    headers = [*record.headers, *((PREFIX + name, value.encode()) for name, value in about.items())]
    await publisher.send(topics.dead_letters(record.topic, group).name, record.value, record.key, headers)
