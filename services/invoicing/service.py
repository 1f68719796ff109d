"""`invoicing`, wired: what the engine needs to run it, and the work that months and days bring."""

from pathlib import Path
from typing import Final

from services.invoicing.rules import RULES, snapshot
from services.invoicing.state import AccountBooks, Invoice
from services.invoicing.store import InvoicingStore
from shared.calendar import DAYS, MONTHS
from shared.contracts import charges, ends, invoicing, lifecycle, months, owed
from shared.contracts.months import RecordMonth
from shared.contracts.owed import PayOwed
from shared.contracts.registry import Registry
from shared.engine.service import Job, Service

_STORE: Final = InvoicingStore()

INVOICING: Final = Service(
    name="invoicing",
    registry=Registry(
        (
            *invoicing.MESSAGES,
            *months.MESSAGES,
            *owed.MESSAGES,
            *lifecycle.MESSAGES,
            *ends.MESSAGES,
            *charges.MESSAGES,
        )
    ),
    rules=RULES,
    aggregates=(AccountBooks,),
    snapshots={Invoice: (invoicing.Invoice, snapshot)},
    store=_STORE,
    migrations=Path(__file__).with_name("migrations"),
    # Of one instant the month comes first: what it invoices is settled by it, and paid from the next day on.
    jobs=(
        Job("record_month", MONTHS, RecordMonth),
        Job("pay_owed", DAYS, PayOwed, wakes=_STORE.first_owed),
    ),
)
