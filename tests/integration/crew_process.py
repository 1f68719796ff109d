"""A worker of a crew as a process, which can be killed at a fault point; the clock stands where it is told.

STOPPOC_TEST_CREW names the crew, STOPPOC_TEST_NOW the instant, STOPPOC_TEST_SLICE how many are paid at once.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime

from shared.engine import slices
from shared.engine.health import Health
from shared.engine.metrics import Metrics
from shared.engine.settings import Settings
from shared.engine.worker import Worker
from tests.support.crew import Crew


def main() -> None:
    """Works until it is killed."""
    slices.MOST_KEYS = int(os.environ["STOPPOC_TEST_SLICE"])  # type: ignore[misc]
    crew = Crew(os.environ["STOPPOC_TEST_CREW"])
    now = datetime.fromisoformat(os.environ["STOPPOC_TEST_NOW"])
    settings = Settings.from_environment()
    asyncio.run(Worker(crew.service, settings, Metrics(crew.name), Health(), now=lambda: now).run())


if __name__ == "__main__":
    main()
