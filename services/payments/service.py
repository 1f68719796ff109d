"""`payments`, wired: what the engine needs to run it, and the questions that each minute brings."""

from pathlib import Path
from typing import Final

from services.payments.rules import RULES, snapshot
from services.payments.state import Payment
from services.payments.store import PaymentsStore
from shared.calendar import MINUTES
from shared.contracts import charges, payments, reserving
from shared.contracts.payments import ChasePayments
from shared.contracts.registry import Registry
from shared.engine.service import Job, Service

_STORE: Final = PaymentsStore()

PAYMENTS: Final = Service(
    name="payments",
    registry=Registry((*payments.MESSAGES, *charges.MESSAGES, *reserving.MESSAGES)),
    rules=RULES,
    aggregates=(Payment,),
    snapshots={Payment: (payments.Payment, snapshot)},
    store=_STORE,
    migrations=Path(__file__).with_name("migrations"),
    jobs=(Job("chase_payments", MINUTES, ChasePayments, skips=True, wakes=_STORE.first_next),),
)
