"""`checkout`, wired: what the engine needs to run it."""

from pathlib import Path
from typing import Final

from services.checkout.rules import RULES, line_said, order_said
from services.checkout.state import Coupon, Order, OrderLine
from services.checkout.store import CheckoutStore
from shared.contracts import charges, checkout, hold, lifecycle, orders, payments, refusals
from shared.contracts.registry import Registry
from shared.engine.service import Service

CHECKOUT: Final = Service(
    name="checkout",
    registry=Registry(
        (
            *checkout.MESSAGES,
            *orders.MESSAGES,
            *charges.MESSAGES,
            *hold.MESSAGES,
            *lifecycle.MESSAGES,
            *refusals.MESSAGES,
            *payments.MESSAGES,
        )
    ),
    rules=RULES,
    aggregates=(Order, Coupon),
    snapshots={Order: (orders.Order, order_said), OrderLine: (orders.OrderLine, line_said)},
    store=CheckoutStore(),
    migrations=Path(__file__).with_name("migrations"),
)
