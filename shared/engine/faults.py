"""What a failure means, decided in one place: retry (the world was not ready), park (this message can never
work), crash (the engine itself is wrong)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import asyncpg
from aiokafka.errors import KafkaError


class Verdict(StrEnum):
    """What to do about a failure."""

    RETRY = "retry"
    PARK = "park"
    CRASH = "crash"


class RuleRaised(Exception):
    """A rule raised: rules are pure, so it will raise again for this message, and it is known which."""


class TooManyParked(Exception):
    """So many keys were parked in a short time that the release, not the messages, must be wrong."""


# The database refuses what one message wants to store. Which one is found by trying them one at a time. A unique
# violation is one of these: where two workers made the same new thing at once, the loser finds it made when its
# message is tried alone; where it is not that, trying again would go on for ever.
_REFUSED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.RaiseError)

_NOT_READY: Final = (
    KafkaError,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    # What asyncpg makes of a connection that the database ended while this process stood still.
    asyncpg.InternalClientError,
)


def described(error: BaseException) -> str:
    """A failure in a line, for whoever is to mend it."""
    return str(error) if isinstance(error, RuleRaised) else f"{type(error).__name__}: {error}"


def sort(error: BaseException) -> Verdict:
    """The one function that tells what a failure means."""
    if isinstance(error, _NOT_READY) or _connection_was_lost(error) or _is_of_the_clean_up(error):
        return Verdict.RETRY
    if isinstance(error, (RuleRaised, *_REFUSED)):
        return Verdict.PARK
    return Verdict.CRASH


def _connection_was_lost(error: BaseException) -> bool:
    # asyncpg tells of a connection that went away under an operation as an InterfaceError with this text.
    return isinstance(error, asyncpg.InterfaceError) and "connection" in str(error).lower()


def _is_of_the_clean_up(error: BaseException) -> bool:
    # A connection that broke in the middle of an operation refuses the rollback as well, as if we had used it twice at
    # once: it then means what came before it.
    before = error.__context__
    return isinstance(error, asyncpg.InterfaceError) and before is not None and sort(before) is Verdict.RETRY
