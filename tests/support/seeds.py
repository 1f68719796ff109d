"""The seed of a run's random tests. A test that fails names it; STOPPOC_SEED set to it makes the same run again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from random import Random
from typing import Final, TypeVar

import hypothesis

SEED: Final = int(os.environ.get("STOPPOC_SEED") or secrets.randbits(32))

T = TypeVar("T", bound=Callable[..., object])


def seeded_random() -> Random:
    """What a test that rolls its own dice rolls; the seed is in what it printed."""
    print(f"STOPPOC_SEED={SEED}")  # noqa: T201 - pytest shows it with a failure
    return Random(SEED)


def seeded(test: T) -> T:
    """A hypothesis test that depends on nothing but the seed: no deadline, no examples kept from earlier runs."""
    settings = hypothesis.settings(deadline=None, database=None, print_blob=False)
    return settings(hypothesis.seed(SEED)(test))


def tell_seed() -> None:
    """Says how to run the failing example again."""
    hypothesis.note(f"STOPPOC_SEED={SEED}")
