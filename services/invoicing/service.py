"""`invoicing`, wired: what the engine needs to run it."""

from pathlib import Path
from typing import Final

from services.invoicing.rules import RULES, snapshot
from services.invoicing.state import AccountBooks, Invoice
from services.invoicing.store import InvoicingStore
from shared.contracts import invoicing, lifecycle
from shared.contracts.registry import Registry
from shared.engine.service import Service

INVOICING: Final = Service(
    name="invoicing",
    registry=Registry((*invoicing.MESSAGES, *lifecycle.MESSAGES)),
    rules=RULES,
    aggregates=(AccountBooks,),
    snapshots={Invoice: (invoicing.Invoice, snapshot)},
    store=InvoicingStore(),
    migrations=Path(__file__).with_name("migrations"),
)
