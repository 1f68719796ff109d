"""What a batch of messages is about: for the store, which then reads and locks just that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.invoicing.rules.told import Ended, Stopped, Told
from shared.contracts.charges import PaidFrom, PayRefused, Settled, SettleRefused
from shared.contracts.lifecycle import UsageReported
from shared.contracts.months import RecordMonth
from shared.contracts.owed import PayInvoice
from shared.engine.decision import Known, Slice
from shared.engine.service import Ask
from shared.period import billing_month

_METERED = ("hold", "postpaid")


@dataclass(slots=True)
class Wanted:
    """Keys of what is to be read: accounts, months that may get an invoice, resources, those whose use ends and in which
    month, months that are to be recorded, and invoices that may be paid."""

    accounts: set[str] = field(default_factory=set)
    numbered: set[tuple[str, str]] = field(default_factory=set)
    resources: set[tuple[str, str]] = field(default_factory=set)
    ended: set[tuple[str, str]] = field(default_factory=set)
    ended_months: set[tuple[str, str]] = field(default_factory=set)
    months: set[tuple[str, str]] = field(default_factory=set)
    invoices: list[str] = field(default_factory=list)

    def told(self, message: Told, at: datetime) -> None:
        """What is told of a resource; its month may get an invoice."""
        month = (message.account, billing_month(at))
        self.accounts.add(message.account)
        self.numbered.add(month)
        self.resources.add((message.account, message.resource))
        if isinstance(message, Ended | Stopped) and message.billing in _METERED:
            self.ended.add((message.account, message.resource))
            self.ended_months.add(month)

    def paid(self, account: str, invoice: str) -> None:
        """Something that is paid, or is to be."""
        self.accounts.add(account)
        if _is_id(invoice):
            self.invoices.append(invoice)

    def recorded(self, accounts: Iterable[str], month: str) -> None:
        """Accounts whose month is recorded."""
        for account in accounts:
            self.accounts.add(account)
            self.numbered.add((account, month))
            self.months.add((account, month))


def wanted(asks: Sequence[Ask], known: Known) -> Wanted:
    """All that these messages are about; their slices are known."""
    found = Wanted()
    for ask in asks:
        message = ask.message
        if isinstance(message, Told):
            if _of_concern(message):
                found.told(message, ask.cause.at)
        elif isinstance(message, PayInvoice | Settled | SettleRefused | PaidFrom | PayRefused):
            found.paid(message.account, message.invoice)
        elif isinstance(message, RecordMonth):
            one = known.get(Slice, ask.cause.id)
            found.recorded(() if one is None else one.keys, message.period)
    return found


def _of_concern(message: Told) -> bool:
    """Whether a document may follow from it: none ever does of POC, nor when a period that was paid for is over."""
    if isinstance(message, UsageReported):
        return True
    if isinstance(message, Stopped):
        return message.billing in _METERED
    return message.billing != "poc"


def _is_id(invoice: str) -> bool:
    try:
        UUID(invoice)
    except ValueError:
        return False
    return True
