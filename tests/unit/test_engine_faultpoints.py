"""A named point kills the process, as SIGKILL does, at the time it is armed for; every other is passed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from shared.engine.faultpoints import FaultPoint

_PROGRAM = """
from shared.engine.faultpoints import FaultPoint, reach
for _ in range(3):
    for point in FaultPoint:
        reach(point)
    print("round", flush=True)
"""


def run(armed: str) -> tuple[int, int]:
    """The exit status, and how many rounds of all points were passed."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=os.environ | {"STOPPOC_FAULT": armed}, capture_output=True, text=True,
        check=False
    )  # fmt: skip
    return done.returncode, done.stdout.count("round")


@pytest.mark.parametrize("point", FaultPoint)
def test_an_armed_point_kills_at_its_time(point: FaultPoint) -> None:
    assert run(f"{point}:2") == (-signal.SIGKILL, 1)


def test_without_a_number_it_is_the_first_time() -> None:
    assert run(FaultPoint.AFTER_COMMIT) == (-signal.SIGKILL, 0)


def test_nothing_armed_kills_nothing() -> None:
    assert run("") == (0, 3)


def test_a_point_that_is_not_in_the_list_is_refused() -> None:
    assert run("after_lunch")[0] == 1
