"""Looking after a provider that does not answer: asked again, asked again later, then given up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.answering import not_made
from services.lifecycle.rules.asking import called_off, request
from services.lifecycle.rules.telling import joined
from services.lifecycle.state import ASKED_AGAIN_AFTER, AWAY, GIVEN_UP_AFTER, ONCE_MORE, Change, Due
from shared.contracts.lifecycle import ChangesChecked
from shared.contracts.resources import CheckChanges
from shared.engine.decision import Cause, Decision, Known, changed, said

# How long is waited after each time it was asked; who was asked so often is given up.
_WAITS: Final = (*ASKED_AGAIN_AFTER, GIVEN_UP_AFTER)


def check_changes(ask: CheckChanges, known: Known, cause: Cause) -> Decision:
    """One step further with each change of this share that fell due."""
    due = list(_due(ask, known, cause))
    again = [change for change in due if _is_asked_again(change, cause)]
    silent = [change for change in due if not _is_asked_again(change, cause)]
    checked = ChangesChecked(
        shard=ask.shard, asked_again=len(again), given_up=len(silent), effective_at=cause.at
    )
    return joined(
        *(_asked_again(change, cause) for change in again),
        not_made(silent, known),
        *(called_off(change, Reason.PROVIDER_SILENT) for change in silent),
        said(checked),
    )


def _due(ask: CheckChanges, known: Known, cause: Cause) -> Iterator[Change]:
    found = known.get(Due, ask.shard)
    for target in () if found is None else found.targets:
        change = known.get(Change, target)
        if change is not None and change.open and change.due_at <= cause.at:
            yield change


def _is_asked_again(change: Change, cause: Cause) -> bool:
    if change.asked < len(_WAITS):
        return True
    return change.asked == len(_WAITS) and cause.at - change.due_at > AWAY


def _asked_again(change: Change, cause: Cause) -> Decision:
    wait = _WAITS[change.asked] if change.asked < len(_WAITS) else ONCE_MORE
    return changed(change.again(cause.at + wait), says=(request(change),))
