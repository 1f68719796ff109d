"""What happens, shown as it happens: on a terminal a picture that changes, elsewhere a line for each thing said."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from deploy.cli.hearing import Heard
from deploy.cli.progress import Progress, drawn
from deploy.cli.say import plain
from deploy.cli.telling import told

_LAST: Final = 6
_PER_SECOND: Final = 12
_STYLES: Final = {True: "green", False: "yellow", None: ""}


class Screen:
    """Tells of one order."""

    def __init__(self, out: Console, progress: Progress, live: Live | None) -> None:
        self._out: Final = out
        self._progress: Final = progress
        self._live: Final = live
        self._last: deque[Text] = deque(maxlen=_LAST)

    def tell(self, heard: Heard) -> None:
        """One more thing was said, and the progress knows of it."""
        words = sentence(heard)
        if self._live is None:
            if words is not None:
                self._out.print(Text("  ") + words)
            return
        if words is not None:
            self._last.append(words)
        self._live.update(Group(drawn(self._progress), Text(), *self._last))


@contextmanager
def screen(out: Console, progress: Progress) -> Iterator[Screen]:
    """A screen for as long as it is needed; the picture is gone when it ends, lines stay."""
    if not out.is_terminal:
        yield Screen(out, progress, None)
        return
    with Live(drawn(progress), console=out, refresh_per_second=_PER_SECOND, transient=True) as live:
        yield Screen(out, progress, live)


def sentence(heard: Heard) -> Text | None:
    """When, who and what; nothing for what nobody watches for."""
    found = told(heard.message)
    if found is None:
        return None
    when = f"{heard.at:%H:%M:%S}.{heard.at.microsecond // 1000:03}"
    who = type(heard.message).service
    words = (plain(found.words), _STYLES[found.good])
    return Text.assemble((f"{when}  {who:<12}  ", "dim"), words, no_wrap=True, overflow="ellipsis")
