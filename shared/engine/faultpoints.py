"""Named places where a test may kill or pause the process: the list is closed, and costs a set look-up when nothing
is armed.

Armed by STOPPOC_FAULT, e.g. `after_commit`, `after_commit:7` (at the seventh time it is reached) or
`pause:after_commit:7` (there it stops, until it is sent SIGCONT).
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import Final


class FaultPoint(StrEnum):
    """Where the process can be made to die or to stop, in the order a batch passes them."""

    AFTER_READ = "after_read"
    AFTER_DEAD_LETTER = "after_dead_letter"
    AFTER_INBOX = "after_inbox"
    AFTER_LOAD = "after_load"
    AFTER_DECIDE = "after_decide"
    AFTER_SAVE = "after_save"
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"
    AFTER_CLAIM = "after_claim"
    BEFORE_SEND = "before_send"
    AFTER_PUBLISH = "after_publish"
    BEFORE_OFFSETS = "before_offsets"
    AFTER_OFFSETS = "after_offsets"
    AFTER_JOB_COMMIT = "after_job_commit"


def _armed(text: str) -> dict[FaultPoint, int]:
    if not text:
        return {}
    name, _, count = text.partition(":")
    return {FaultPoint(name): int(count or 1)}


_PAUSE: Final = "pause:"
_FAULT: Final = os.environ.get("STOPPOC_FAULT", "")
_SIGNAL: Final = signal.SIGSTOP if _FAULT.startswith(_PAUSE) else signal.SIGKILL
_LEFT: Final = _armed(_FAULT.removeprefix(_PAUSE))


def reach(point: FaultPoint) -> None:
    """Kills or pauses this process, if this is the armed point and its time has come."""
    if point not in _LEFT:
        return
    _LEFT[point] -= 1
    if _LEFT[point] == 0:
        os.kill(os.getpid(), _SIGNAL)
