"""How an invoice that is paid afterwards is paid: hold is asked for the money, and what it answers is a payment of its own.

Hold is asked for one invoice once at a time, so that none is paid twice, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from services.invoicing.reasons import Reason
from services.invoicing.rules import told as telling
from services.invoicing.state import Debts, Invoice, Owed, Payment
from shared.contracts.charges import PaidFrom, PayFrom, PayRefused, Settle, Settled, SettleRefused
from shared.contracts.message import Message
from shared.contracts.owed import PayInvoice, PayOwed
from shared.engine.decision import Cause, Decision, Known, changed, said, sliced


def settled_with(invoice: Invoice, settles: Iterable[Settle]) -> Decision:
    """The invoice is owed, and hold is asked at once to settle it, product by product."""
    asks = tuple(settles)
    owed = Owed(invoice.id, invoice.account, invoice.issued_at, invoice.amount)
    return changed(owed.asked("settlement", len(asks)) if asks else owed, says=asks)


def settled(told: Settled, known: Known, cause: Cause) -> Decision:
    """Hold has settled one product of an invoice, as far as there was money. Where nothing was to be paid, it has let go of
    what was held."""
    if told.amount == 0:
        return Decision()
    return _answered(told.invoice, told.paid, told.from_hold, told.product, known, cause)


def paid_from(told: PaidFrom, known: Known, cause: Cause) -> Decision:
    """Hold has paid what it could out of the available credit."""
    return _answered(told.invoice, told.paid, 0, None, known, cause)


def refused(told: SettleRefused | PayRefused, known: Known, cause: Cause) -> Decision:
    """Hold has paid nothing: what is owed is owed."""
    if told.amount == 0:
        return Decision()
    return _answered(told.invoice, 0, 0, None, known, cause)


def pay_invoice(ask: PayInvoice, known: Known, cause: Cause) -> Decision:
    """What is left to pay is asked of hold; its answer is ours."""
    owed = _to_pay(ask, known)
    if isinstance(owed, Reason):
        return said(telling.payment_refused(ask.account, ask.invoice, owed, cause))
    asked = owed.asked("command")
    return changed(asked, says=(_pay_from(asked, cause),))


def pay_owed(_: PayOwed, known: Known, cause: Cause) -> Decision:
    """What these accounts owed at the end of the day is asked of hold, in the order in which it is to be paid."""
    asked = [owed.asked("auto_payment") for owed in _owed(sliced(known, cause), known, cause)]
    return changed(*asked, says=[_pay_from(owed, cause) for owed in asked])


def _owed(accounts: Iterable[str], known: Known, cause: Cause) -> Iterator[Owed]:
    """Older invoices first, of those of one instant that with less left to pay. What was issued just now has its own turn."""
    for account in accounts:
        debts = known.get(Debts, account)
        found = (known.get(Owed, id_) for id_ in (() if debts is None else debts.invoices))
        yield from sorted(
            (owed for owed in found if owed is not None and _is_due(owed, cause)),
            key=lambda owed: (owed.issued_at, owed.outstanding, owed.invoice),
        )


def _is_due(owed: Owed, cause: Cause) -> bool:
    return owed.awaited == 0 and owed.outstanding > 0 and owed.issued_at < cause.at


def _to_pay(ask: PayInvoice, known: Known) -> Owed | Reason:
    invoice = known.get(Invoice, ask.invoice)
    if invoice is None or invoice.account != ask.account:
        return Reason.INVOICE_UNKNOWN
    owed = known.get(Owed, ask.invoice)
    if owed is None or owed.is_over:
        return Reason.INVOICE_PAID
    return Reason.PAYMENT_UNDER_WAY if owed.awaited else owed


def _pay_from(owed: Owed, cause: Cause) -> PayFrom:
    return PayFrom(
        account=owed.account,
        invoice=owed.invoice,
        amount=owed.outstanding,
        payment=cause.derive(f"payment/{owed.invoice}"),
        effective_at=cause.at,
    )


def _answered(
    id_: str, paid: int, from_hold: int, product: str | None, known: Known, cause: Cause
) -> Decision:
    before, owed = known.get(Invoice, id_), known.get(Owed, id_)
    if before is None or owed is None or owed.awaited == 0 or owed.by is None:
        raise LookupError(f"nothing was asked of hold for invoice {id_}")
    after = owed.answered(paid, from_hold)
    if paid == 0:
        return changed(after, says=_told(before, after, cause))
    number = before.payments + 1
    payment = Payment(before.account, id_, number, product, paid, from_hold, owed.by, cause.at, cause.id)
    invoice = replace(before, paid=before.paid + paid, payments=number)
    return changed(invoice, after, adds=(payment,), says=_told(invoice, after, cause))


def _told(invoice: Invoice, owed: Owed, cause: Cause) -> tuple[Message, ...]:
    """Once hold has answered for all of it: what was paid; to who asked for it by hand, also that nothing was."""
    if owed.awaited or owed.by is None:
        return ()
    if owed.paid_now:
        return (telling.paid(invoice, owed, owed.by, cause),)
    if owed.by == "command":
        return (telling.payment_refused(invoice.account, invoice.id, Reason.CREDIT_SHORT, cause),)
    return ()
