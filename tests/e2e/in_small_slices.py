"""`stoppoc` as a process that takes a job's work in slices of STOPPOC_TEST_SLICE keys: a kill finds a share half done."""

from __future__ import annotations

import os

from deploy.cli.main import app
from shared.engine import slices

if __name__ == "__main__":
    slices.MOST_KEYS = int(os.environ["STOPPOC_TEST_SLICE"])  # type: ignore[misc]
    app(prog_name="stoppoc")
