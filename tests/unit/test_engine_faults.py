"""What each failure means: a table of real exceptions."""

from __future__ import annotations

import asyncpg
import pytest
from aiokafka import errors as kafka

from shared.contracts.cloudevents import Unreadable
from shared.engine.faults import RuleRaised, TooManyParked, Verdict, described, sort

RETRY = (
    kafka.KafkaError("fatal heartbeat"),
    kafka.KafkaConnectionError("away"),
    kafka.KafkaTimeoutError(),
    kafka.RequestTimedOutError(),
    kafka.NodeNotReadyError(),
    kafka.CommitFailedError(),
    kafka.UnknownTopicOrPartitionError(),
    ConnectionRefusedError(),
    ConnectionResetError(),
    FileNotFoundError("the socket of a database that is stopped"),
    TimeoutError(),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.ConnectionDoesNotExistError("closed in the middle of operation"),
    asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    asyncpg.CrashShutdownError("terminating connection because of crash of another server process"),
    asyncpg.QueryCanceledError("statement timeout"),
    asyncpg.TooManyConnectionsError(),
    asyncpg.DiskFullError(),
    asyncpg.DeadlockDetectedError(),
    asyncpg.SerializationError(),
    asyncpg.LockNotAvailableError(),
    asyncpg.IdleInTransactionSessionTimeoutError(),
    asyncpg.TransactionTimeoutError(),
    asyncpg.ReadOnlySQLTransactionError("a replica that was not promoted yet"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InterfaceError("cannot call Transaction.rollback(): the underlying connection is closed"),
)
PARK = (
    RuleRaised("ValueError: this one"),
    asyncpg.CheckViolationError(),
    asyncpg.UniqueViolationError(),
    asyncpg.NotNullViolationError(),
    asyncpg.ForeignKeyViolationError(),
    asyncpg.NumericValueOutOfRangeError(),
    asyncpg.CharacterNotInRepertoireError(),
    asyncpg.DataError("invalid input for query argument $1"),
    asyncpg.RaiseError("a trigger says no"),
)
CRASH = (
    TooManyParked("11 keys"),
    Unreadable("only intake may meet it"),
    KeyError("a rule's table without the type"),
    AssertionError(),
    asyncpg.UndefinedTableError(),
    asyncpg.InsufficientPrivilegeError(),
    asyncpg.PostgresSyntaxError(),
    asyncpg.InvalidPasswordError(),
    asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
)


@pytest.mark.parametrize("error", RETRY, ids=repr)
def test_what_the_world_was_not_ready_for_is_tried_again(error: Exception) -> None:
    assert sort(error) is Verdict.RETRY


@pytest.mark.parametrize("error", PARK, ids=repr)
def test_what_can_never_work_is_parked(error: Exception) -> None:
    assert sort(error) is Verdict.PARK


@pytest.mark.parametrize("error", CRASH, ids=repr)
def test_what_is_wrong_with_the_engine_ends_it(error: Exception) -> None:
    assert sort(error) is Verdict.CRASH


def after(before: Exception) -> Exception:
    """What the rollback raises on a connection that failed of something before it."""
    error: Exception = asyncpg.InterfaceError("cannot perform operation: another operation is in progress")
    error.__context__ = before
    return error


def test_what_a_rollback_fails_of_means_what_came_before_it() -> None:
    assert sort(after(asyncpg.InternalClientError("cannot switch to state 21"))) is Verdict.RETRY
    assert sort(after(KeyError("a rule's table without the type"))) is Verdict.CRASH
    assert sort(after(asyncpg.UniqueViolationError())) is Verdict.CRASH


def test_a_failure_is_described_in_a_line() -> None:
    assert described(RuleRaised("ValueError: this one")) == "ValueError: this one"
    assert described(KeyError("x")) == "KeyError: 'x'"
