"""Why an order is not paid from outside: the closed list of reasons."""

from __future__ import annotations

import shared.reason
from shared.contracts.payments import MOST_PAID_VND


class Reason(shared.reason.Reason):
    """Why a payment failed: a stable code, and the sentence a person reads."""

    PAYER_MISSING = "payer_missing", "Say the e-mail address of who is to pay, one that can be written to."
    PAYMENT_DECLINED = "payment_declined", "The payment was declined, or not made in time."
    PAYMENT_TOO_LARGE = "payment_too_large", f"A gateway takes at most {MOST_PAID_VND} VND in one payment."
    GATEWAY_SILENT = "gateway_silent", "The gateway said nothing clear for a whole day."
