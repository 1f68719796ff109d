"""The messages of `hold` about orders that are paid from outside: credit set aside meanwhile, and the payment, when it is there."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pydantic import Field

from shared.contracts.charges import PlaceCharge
from shared.contracts.message import Command, Event, Id, Instant, Message, Vnd

MOST_REFERENCE: Final = 100

_ORDER_ID: Final = "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11"
_AT: Final = "The instant of the act: fixed once, when it was accepted."


class _Reserve(Message):
    account: Id = Field(description="The account, as the customer's contract names it.")
    order: Id = Field(description="The order.")
    effective_at: Instant = Field(description=_AT)


class _Refused(Message):
    reason: str = Field(description="A stable code; the service's page lists them, first match first.")
    explanation: str = Field(description="The same as a sentence for a person.")


_OF_ORDER: Final[dict[str, Any]] = {
    "account": "acme", "order": _ORDER_ID, "effective_at": "2026-03-06T02:00:00Z",
}  # fmt: skip


class ReserveCredit(_Reserve, Command, service="hold", key="account"):
    """Sets available credit aside for an order of which the rest is paid from outside: as much as there is. Asked again, it
    is answered alike, and nothing is set aside twice. Answered by CreditReserved or ReserveRefused."""

    amount: Vnd = Field(description="At most so much; 0 where all is paid from outside.")

    example: ClassVar[dict[str, Any]] = {**_OF_ORDER, "amount": 724_000}


class FreeReserve(_Reserve, Command, service="hold", key="account"):
    """Lets go of what was set aside for an order, if anything is. Answered by ReserveFreed or FreeRefused."""

    example: ClassVar[dict[str, Any]] = _OF_ORDER


class PlacePayment(Command, service="hold", key="account"):
    """Pays an order with what was received for it from outside and what was set aside for it. What was received passes
    through the credit wallet in one decision: nothing else can be paid with it, and a debt does not take it. Answered by
    Charged or ChargeRefused."""

    account: Id = Field(description="The account, as the customer's contract names it.")
    order: Id = Field(description="The order.")
    amount: Vnd = Field(description="What the order costs; more than zero.")
    received: Vnd = Field(description="What was received; 0 where what was set aside was enough.")
    reference: str = Field(description="The payment's own reference: counted once per account.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        **_OF_ORDER, "amount": 724_000, "received": 524_000, "reference": f"momo:{_ORDER_ID}",
    }  # fmt: skip

    def as_charge(self) -> PlaceCharge:
        """What it is in the words of any other charge."""
        return PlaceCharge(
            account=self.account,
            order=self.order,
            wallet="credit",
            amount=self.amount,
            effective_at=self.effective_at,
        )


class CreditReserved(_Reserve, Event, service="hold", key="account"):
    """Available credit was set aside for an order, as far as there was any."""

    amount: Vnd = Field(description="At most so much was asked for.")
    reserved: Vnd = Field(description="So much is set aside.")

    example: ClassVar[dict[str, Any]] = {**ReserveCredit.example, "reserved": 200_000}


class ReserveFreed(_Reserve, Event, service="hold", key="account"):
    """What was set aside for an order is available again."""

    freed: Vnd = Field(description="So much; 0 where nothing was set aside any more.")

    example: ClassVar[dict[str, Any]] = {**_OF_ORDER, "freed": 200_000}


class ReserveRefused(_Reserve, _Refused, Event, service="hold", key="account"):
    """ReserveCredit was refused; nothing is set aside."""

    amount: Vnd = Field(description="At most so much was asked for.")

    example: ClassVar[dict[str, Any]] = {
        **ReserveCredit.example, "reason": "account_unknown", "explanation": "There is no such account.",
    }  # fmt: skip


class FreeRefused(_Reserve, _Refused, Event, service="hold", key="account"):
    """FreeReserve was refused."""

    example: ClassVar[dict[str, Any]] = {
        **_OF_ORDER, "reason": "account_unknown", "explanation": "There is no such account.",
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    ReserveCredit, FreeReserve, PlacePayment,
    CreditReserved, ReserveFreed, ReserveRefused, FreeRefused,
)  # fmt: skip
