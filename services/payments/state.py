"""What `payments` remembers: one payment an order, and what gateways told of it. Values only: nothing is changed in place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.contracts.payments import FromOutside, GatewayName, Outcome, PaymentStatus, ToldBy, Verdict

# ZaloPay's own time for an order, and long enough to find one's telephone.
PAID_WITHIN: Final = timedelta(minutes=15)
# The rules of the business: a link for somebody else is good for three days.
LINK_LASTS: Final = timedelta(days=3)
# So long a gateway that says nothing clear is asked before an order is called off all the same.
CLEAR_WITHIN: Final = timedelta(days=1)
# So long after its end a payment that was given up is still asked about.
WATCHED_FOR: Final = timedelta(days=3)
# First after a minute; then ever more seldom, by the payment's age: three days take some forty questions.
_FIRST_WAIT: Final = timedelta(minutes=1)
_SHARE_OF_AGE: Final = 8

# Has asked for the money, and does not have it.
WAITING: Final[frozenset[PaymentStatus]] = frozenset({"asking", "pending"})
# The order does not want it any more.
LEFT: Final[frozenset[PaymentStatus]] = frozenset({"failed", "abandoned", "closed"})


@dataclass(frozen=True, slots=True)
class Payment:
    """One order's payment from outside."""

    order: str
    account: str
    pay: FromOutside
    gateway: GatewayName
    total: int
    asked_at: datetime
    until: datetime
    payer_email: str | None = None
    status: PaymentStatus = "reserving"
    reserved: int = 0
    amount: int = 0
    received: int = 0
    transaction: str = ""
    pay_url: str = ""
    next_at: datetime | None = None
    version: int = 1
    # Under these numbers of its gateway's it was paid once more: each is credit.
    paid_again: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.order

    @property
    def reference(self) -> str:
        """What it is called in the books: counted once."""
        return f"{self.gateway}:{self.order}"

    def having(self, **changes: object) -> Payment:
        """Changed so: its next version."""
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]  # fields of its own

    def asked_again_after(self, at: datetime) -> datetime:
        """When the gateway is asked next, as it was asked, or has answered, now."""
        return at + max(_FIRST_WAIT, (at - self.asked_at) // _SHARE_OF_AGE)


class Told(NamedTuple):
    """What was told of a payment, and what became of it: kept for ever, with the bytes that came."""

    order: str
    message: str
    gateway: GatewayName
    by: ToldBy
    outcome: Outcome
    verdict: Verdict
    amount: int
    transaction: str
    code: str
    raw: str
    at: datetime
