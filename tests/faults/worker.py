"""One worker of `hold` as a process, in the frame it has everywhere. STOPPOC_TEST_WAGES adds a job to it, which pays
every account named there once a period: hold has no job of its own, and what a job says must survive murder too."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.hold.service import HOLD
from shared.calendar import Period
from shared.contracts.hold import TopUp
from shared.engine import app, log
from shared.engine.service import Job, Service
from shared.engine.settings import Settings
from shared.engine.worker import Worker
from tests.support.calendars import every

WAGE = 1_000
_PERIOD = timedelta(milliseconds=200)
_START = datetime(2020, 1, 1, tzinfo=UTC)


def _service(accounts: Sequence[str]) -> Service:
    def wage(period: Period, share: int) -> TopUp:
        return TopUp(account=accounts[share], amount=WAGE, reference=period.name)

    calendar = every(_PERIOD, _START, "wage-{}".format)
    return replace(HOLD, jobs=(Job("wages", calendar, wage, shards=len(accounts)),)) if accounts else HOLD


def main() -> int:
    service = _service(os.environ.get("STOPPOC_TEST_WAGES", "").split())
    settings = Settings.from_environment()
    log.set_up(service.name, settings.worker)
    listener = app.listen(port=int(os.environ["STOPPOC_TEST_PORT"]))
    return app.serve(service, lambda metrics, health: Worker(service, settings, metrics, health), listener)


if __name__ == "__main__":
    sys.exit(main())
