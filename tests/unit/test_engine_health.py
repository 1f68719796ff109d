"""Health: what makes a worker live and ready, at which second, with a clock of our own."""

from __future__ import annotations

import pytest

from shared.engine.health import TURN_SECONDS, WELL_SECONDS, Health


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock)


@pytest.fixture
def at_work(health: Health) -> Health:
    health.assigned(3)
    health.well()
    return health


def test_a_start_is_live_and_not_ready(health: Health) -> None:
    assert health.live() == (True, "the loop turns")
    assert health.ready() == (False, "no member of the group")


def test_a_start_that_never_turns_is_not_live_after_the_limit(health: Health, clock: Clock) -> None:
    clock.now += TURN_SECONDS
    assert health.live()[0]
    clock.now += 0.5
    assert health.live() == (False, "the loop has not turned for 60 s")


def test_a_beat_starts_the_limit_again(health: Health, clock: Clock) -> None:
    clock.now += TURN_SECONDS - 1
    health.beat()
    clock.now += TURN_SECONDS - 1
    assert health.live()[0]
    clock.now += 2
    assert not health.live()[0]


def test_a_member_is_ready_once_broker_and_database_have_answered(health: Health) -> None:
    health.assigned(3)
    assert health.ready() == (False, "broker and database have not answered yet")
    health.well()
    assert health.ready() == (True, "3 partitions")


def test_a_spare_is_ready(at_work: Health) -> None:
    at_work.assigned(0)
    assert at_work.ready() == (True, "a spare, without partitions")


def test_who_left_the_group_is_not_ready_until_it_is_assigned_again(at_work: Health) -> None:
    at_work.left()
    assert at_work.ready() == (False, "no member of the group")
    at_work.assigned(1)
    assert at_work.ready()[0]


def test_a_fault_is_told_until_all_is_well(at_work: Health) -> None:
    at_work.failing("the database does not answer")
    assert at_work.ready() == (False, "the database does not answer")
    assert at_work.live()[0]
    at_work.well()
    assert at_work.ready()[0]


def test_who_has_not_been_well_lately_is_not_ready(at_work: Health, clock: Clock) -> None:
    clock.now += WELL_SECONDS + 1
    at_work.beat()
    assert at_work.ready() == (False, "broker and database have not answered for 61 s")
    assert at_work.live()[0]


def test_who_is_not_live_is_not_ready(at_work: Health, clock: Clock) -> None:
    clock.now += TURN_SECONDS + 1
    assert at_work.ready() == at_work.live() == (False, "the loop has not turned for 61 s")


def test_who_is_stopping_is_live_and_not_ready(at_work: Health) -> None:
    at_work.stopping()
    assert at_work.live()[0]
    assert at_work.ready() == (False, "stopping")


def test_who_has_stopped_is_neither_whatever_it_says_later(at_work: Health) -> None:
    at_work.stopped("crashed")
    at_work.beat()
    at_work.well()
    assert at_work.live() == at_work.ready() == (False, "stopped: crashed")
