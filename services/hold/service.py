"""`hold`, wired: what the engine needs to run it, and the work that each day and each minute bring."""

from pathlib import Path
from typing import Final

from services.hold.rules import RULES, snapshot
from services.hold.rules.meters import is_held_for
from services.hold.state import Account
from services.hold.store import HoldStore
from shared.calendar import DAYS, MINUTES
from shared.contracts import charges, ends, hold, holding, lifecycle, reserving
from shared.contracts.holding import CheckPocWallets, CloseDay
from shared.contracts.lifecycle import ResourceConverted, ResourceCreated, ResourceRecovered, ResourceResized
from shared.contracts.registry import Registry
from shared.engine.service import Job, Service

_STORE: Final = HoldStore()

HOLD: Final = Service(
    name="hold",
    registry=Registry(
        (
            *hold.MESSAGES,
            *charges.MESSAGES,
            *holding.MESSAGES,
            *reserving.MESSAGES,
            *lifecycle.MESSAGES,
            *ends.MESSAGES,
        )
    ),
    rules=RULES,
    aggregates=(Account,),
    snapshots={Account: (hold.Account, snapshot)},
    store=_STORE,
    migrations=Path(__file__).with_name("migrations"),
    heeds=dict.fromkeys(
        (ResourceCreated, ResourceConverted, ResourceRecovered, ResourceResized), is_held_for
    ),
    jobs=(
        Job("close_day", DAYS, CloseDay, wakes=_STORE.any_held),
        Job("check_poc_wallets", MINUTES, CheckPocWallets, skips=True, wakes=_STORE.first_poc_due),
    ),
)
