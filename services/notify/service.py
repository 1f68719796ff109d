"""`notify`, wired: what the engine needs to run it."""

from pathlib import Path
from typing import Final

from services.notify.rules import RULES
from services.notify.state import Account
from services.notify.store import NotifyStore
from shared.contracts import (
    ends,
    hold,
    holding,
    invoicing,
    lifecycle,
    notify,
    orders,
    owed,
    payments,
    refusals,
)
from shared.contracts.registry import Registry
from shared.engine.service import Service

NOTIFY: Final = Service(
    name="notify",
    registry=Registry(
        (
            *notify.MESSAGES,
            *ends.MESSAGES,
            *hold.MESSAGES,
            *holding.MESSAGES,
            *invoicing.MESSAGES,
            *lifecycle.MESSAGES,
            *orders.MESSAGES,
            *owed.MESSAGES,
            *payments.MESSAGES,
            *refusals.MESSAGES,
        )
    ),
    rules=RULES,
    aggregates=(Account,),
    snapshots={},
    store=NotifyStore(),
    migrations=Path(__file__).with_name("migrations"),
    # A mail may take a fifth of a second longer; what the others do for a customer who waits comes first.
    gathers_ms=200,
)
