"""Why `invoicing` refuses: a closed list. A command's reasons are tried in the order given here, the first match is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import shared.reason
from shared.contracts.message import Command
from shared.contracts.months import CloseMonth
from shared.contracts.owed import PayInvoice


class Reason(shared.reason.Reason):
    """A stable code, and the sentence a person reads."""

    INVOICE_UNKNOWN = "invoice_unknown", "The account has no such invoice."
    INVOICE_PAID = "invoice_paid", "The invoice is paid."
    PAYMENT_UNDER_WAY = "payment_under_way", "The invoice is being paid just now."
    CREDIT_SHORT = "credit_short", "No credit is available."
    MONTH_UNKNOWN = "month_unknown", "There is no such month."
    MONTH_NOT_OVER = "month_not_over", "The month is not over yet."


REFUSALS: Final[Mapping[type[Command], tuple[Reason, ...]]] = {
    PayInvoice: (
        Reason.INVOICE_UNKNOWN,
        Reason.INVOICE_PAID,
        Reason.PAYMENT_UNDER_WAY,
        Reason.CREDIT_SHORT,
    ),
    CloseMonth: (Reason.MONTH_UNKNOWN, Reason.MONTH_NOT_OVER),
}
