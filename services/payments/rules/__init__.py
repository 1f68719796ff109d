"""What `payments` decides, by meaning: `requests` (an order is to be paid, or not any more), `reports` (what gateways
told), `charges` (what hold answered), `chasing` (time has passed).

A payment begins with credit set aside at hold, where there is to be any; then a gateway is asked for the rest; when the
money is there, hold charges the order with both. Whatever comes too late becomes credit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.payments.rules.answers import snapshot
from services.payments.rules.charges import charge_refused, charged, credit_reserved, reserve_refused
from services.payments.rules.chasing import chase_payments
from services.payments.rules.reports import report_payment
from services.payments.rules.requests import abandon_payment, request_payment
from shared.contracts import charges, payments, reserving
from shared.contracts.message import Message
from shared.engine.decision import Rule

__all__ = ["RULES", "snapshot"]

RULES: Final[Mapping[type[Message], Rule]] = {
    payments.RequestPayment: request_payment,
    payments.AbandonPayment: abandon_payment,
    payments.ReportPayment: report_payment,
    payments.ChasePayments: chase_payments,
    reserving.CreditReserved: credit_reserved,
    reserving.ReserveRefused: reserve_refused,
    charges.Charged: charged,
    charges.ChargeRefused: charge_refused,
}
