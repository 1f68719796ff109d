"""The instant at which these tests ask, and those around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

AT: Final = datetime(2026, 3, 6, 2, 0, 30, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
MONTH: Final = 30 * DAY
TODAY: Final = AT.replace(second=0)  # to the minute, as every end is
TOMORROW: Final = TODAY + DAY
YESTERDAY: Final = TODAY - DAY
