"""The seed of a run's random tests. A test that fails names it; STOPPOC_SEED set to it makes the same run again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from typing import Final, TypeVar

import hypothesis

SEED: Final = int(os.environ.get("STOPPOC_SEED") or secrets.randbits(32))

T = TypeVar("T", bound=Callable[..., object])


def seeded(test: T) -> T:
    """A hypothesis test that depends on nothing but the seed: no deadline, no examples kept from earlier runs."""
    settings = hypothesis.settings(deadline=None, database=None, print_blob=False)
    return settings(hypothesis.seed(SEED)(test))


def tell_seed() -> None:
    """Says how to run the failing example again."""
    hypothesis.note(f"STOPPOC_SEED={SEED}")
