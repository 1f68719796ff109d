"""`hold`, wired: what the engine needs to run it."""

from pathlib import Path
from typing import Final

from services.hold.rules import RULES, snapshot
from services.hold.state import Account
from services.hold.store import HoldStore
from shared.contracts import charges, hold
from shared.contracts.registry import Registry
from shared.engine.service import Service

HOLD: Final = Service(
    name="hold",
    registry=Registry((*hold.MESSAGES, *charges.MESSAGES)),
    rules=RULES,
    aggregates=(Account,),
    snapshots={Account: (hold.Account, snapshot)},
    store=HoldStore(),
    migrations=Path(__file__).with_name("migrations"),
)
