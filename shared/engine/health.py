"""Whether a worker lives and is ready, judged by what its loop has done, never by asking a broker: a consumer
can be dead for ever while its broker answers every ping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

# Each wait of a batch has a limit and together they stay under the 25 s of a graceful stop, so a loop that has
# not turned for more than twice that will not; after as long the group has given its partitions away too.
TURN_SECONDS: Final = 60.0

# An idle worker sees broker and database once a poll or so; one that has not for this long cannot reach them.
WELL_SECONDS: Final = 60.0


class Health:
    """The loop tells it what happens, the probes ask it. The clock must be monotonic."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        turn_seconds: float = TURN_SECONDS,
        well_seconds: float = WELL_SECONDS,
    ) -> None:
        self._clock = clock
        self._turn_seconds = turn_seconds
        self._well_seconds = well_seconds
        self._turned_at = clock()
        self._well_at: float | None = None
        self._partitions: int | None = None
        self._fault = ""
        self._stopping = False
        self._stopped = ""

    def beat(self) -> None:
        """The loop turned. Waiting between two attempts is a turn too: a restart mends no database."""
        self._turned_at = self._clock()

    def assigned(self, count: int) -> None:
        """The group knows us and gave us that many partitions; none makes a spare, which is as good a member."""
        self._partitions = count

    def left(self) -> None:
        """The group knows us no longer: the consumer is being rebuilt."""
        self._partitions = None

    def well(self) -> None:
        """Broker and database answered just now."""
        self._well_at = self._clock()
        self._fault = ""

    def failing(self, reason: str) -> None:
        """Something we need does not answer; until `well()`."""
        self._fault = reason

    def stopping(self) -> None:
        """We were asked to stop and are finishing."""
        self._stopping = True

    def stopped(self, reason: str) -> None:
        """The loop ended and will not turn again."""
        self._stopped = reason

    def live(self) -> tuple[bool, str]:
        """Whether this process is worth keeping; if not, kill it and start another."""
        if self._stopped:
            return False, f"stopped: {self._stopped}"
        if (still := self._clock() - self._turned_at) > self._turn_seconds:
            return False, f"the loop has not turned for {still:.0f} s"
        return True, "the loop turns"

    def ready(self) -> tuple[bool, str]:
        """Whether it does its work now."""
        alive, reason = self.live()
        if not alive:
            return False, reason
        if (fault := self._why_not_ready()) is not None:
            return False, fault
        return True, f"{self._partitions} partitions" if self._partitions else "a spare, without partitions"

    def _why_not_ready(self) -> str | None:
        if self._stopping:
            return "stopping"
        if self._fault:
            return self._fault
        if self._partitions is None:
            return "no member of the group"
        if self._well_at is None:
            return "broker and database have not answered yet"
        if (since := self._clock() - self._well_at) > self._well_seconds:
            return f"broker and database have not answered for {since:.0f} s"
        return None
