"""Prices: each thing has its own, with versions, and the latest that has begun stands.

What was bought carries the price it was bought at, so publishing never touches it, whatever instant it names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.checkout.reasons import Reason
from services.checkout.state import Price, PriceVersion, price_key
from shared import catalogue
from shared.contracts.checkout import Price as PriceSaid
from shared.contracts.checkout import PublishPrices
from shared.contracts.orders import PricesPublished, PricesRefused
from shared.engine.decision import Cause, Decision, Known, changed, said
from shared.period import MOST_AHEAD

# A thousand times what the largest machine costs in a month; it keeps the sums of an order far from their bound.
MOST_PRICE_VND: Final = 10**12


def publish_prices(ask: PublishPrices, known: Known, cause: Cause) -> Decision:
    """All of them, or none. What is not named keeps its price; the same instant published again is corrected."""
    if (reason := _why_not(ask, cause)) is not None:
        return _refused(ask, reason, cause)
    published = PricesPublished.model_validate(dict(ask) | {"effective_at": cause.at})
    return changed(*(_with(price, ask, known) for price in ask.prices), says=(published,))


def _with(price: PriceSaid, ask: PublishPrices, known: Known) -> Price:
    before = known.get(Price, price_key(price.kind, price.flavor)) or Price(price.kind, price.flavor)
    return before.with_version(PriceVersion(ask.starts, price.vnd, price.per, price.discount))


def _why_not(ask: PublishPrices, cause: Cause) -> Reason | None:
    if ask.starts - cause.at > MOST_AHEAD:
        return Reason.FROM_TOO_FAR
    if len({price_key(price.kind, price.flavor) for price in ask.prices}) < len(ask.prices):
        return Reason.PRICE_TWICE
    return next((reason for reason, is_wrong in _WRONG if any(map(is_wrong, ask.prices))), None)


def _is_priced_otherwise(price: PriceSaid) -> bool:
    by_size = catalogue.of(price.kind).metered_by == "gb_hour"
    return by_size != (price.per == "gb_hour")


_WRONG: Final[tuple[tuple[Reason, Callable[[PriceSaid], bool]], ...]] = (
    (Reason.FLAVOR_JOINED, lambda price: "+" in price.flavor),
    (Reason.PRICE_NEGATIVE, lambda price: price.vnd < 0),
    (Reason.PRICE_TOO_LARGE, lambda price: price.vnd > MOST_PRICE_VND),
    (Reason.PER_WRONG, _is_priced_otherwise),
)


def _refused(ask: PublishPrices, reason: Reason, cause: Cause) -> Decision:
    why = {"reason": reason.value, "explanation": reason.sentence, "effective_at": cause.at}
    return said(PricesRefused.model_validate(dict(ask) | why))
