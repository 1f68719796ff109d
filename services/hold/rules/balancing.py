"""How credit is divided among what is held: each product keeps what it has as long as it needs it, what is free goes to
what is short of it, and only what no product is short of is available.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.hold.held import Meter, Meters, ProductHold, meter_key, product_key
from services.hold.state import Account
from shared.engine.decision import Entity, Known
from shared.period import to_minute


def balanced(account: Account) -> Account:
    """The account with as much held for each product as it needs and there is. The one that has been in debt for the
    most days comes first (docs/decisions/0211); what is out of debt is counted from the beginning, should it fall short again."""
    for hold in account.holds:
        if hold.held > hold.needed:
            account = account.holding(hold.holding(hold.needed))
    for hold in sorted(account.holds, key=lambda one: (-one.debt_days, one.product)):
        if (more := min(hold.debt, account.credit.available)) > 0:
            account = account.holding(hold.holding(hold.held + more))
    for hold in account.holds:
        if hold.debt_days and not hold.debt:
            account = account.holding(replace(hold, debt_days=0))
    return account


def changes(before: Account | None, after: Account) -> tuple[Entity, ...]:
    """The account, and what it holds otherwise than before."""
    were = () if before is None else before.holds
    return (after, *(hold for hold in after.holds if hold not in were))


def meters_of(account: str, product: str, known: Known) -> list[Meter]:
    """All that an account has metered of a product, or has not settled."""
    found = known.get(Meters, product_key(account, product))
    resources = sorted(found.resources) if found else ()
    meters = (known.get(Meter, meter_key(account, resource)) for resource in resources)
    return [meter for meter in meters if meter is not None]


def hold_of(account: Account, product: str) -> ProductHold:
    """What is held for a product: nothing, where nothing ever was."""
    return account.hold_for(product) or ProductHold(account.id, product)


def recounted(account: Account, hold: ProductHold, meters: list[Meter], at: datetime) -> Account:
    """The account with the product's use counted anew up to that minute: never to an earlier one than before."""
    until = max(to_minute(at), hold.counted_until or to_minute(at))
    actual = sum(meter.used(until) for meter in meters)
    return account.holding(hold.counting(actual, sum(meter.estimate for meter in meters), until))
