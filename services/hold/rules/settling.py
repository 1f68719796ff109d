"""Invoices that are paid after they were issued: what was held for the use goes first, then credit that is available, as far as
there is any. Each is paid once, whoever asks for it again.
"""

from __future__ import annotations

from dataclasses import replace

from services.hold.held import Meter, Meters, Payment, payment_key, product_key, settlement_id
from services.hold.reasons import Reason
from services.hold.rules.answers import refused
from services.hold.rules.balancing import balanced, changes, hold_of, meters_of, recounted
from services.hold.rules.booking import transaction
from services.hold.state import Account, Entry, Transaction, TransactionKind
from shared.contracts import charges as says
from shared.contracts.charges import PayFrom, Settle
from shared.engine.decision import Cause, Decision, Entity, Known, changed, said
from shared.period import billing_month

Paid = tuple[Account, tuple[Transaction, ...]]


def settle(ask: Settle, known: Known, cause: Cause) -> Decision:
    """Out of what is held for the product, then out of available credit. That use is no longer held for; what was held for it
    beyond its amount is free."""
    account = known.get(Account, ask.account)
    if account is None:
        return refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    id_ = settlement_id(ask.invoice, ask.product)
    if (before := known.get(Payment, payment_key(ask.account, id_))) is not None:
        if before.amount != ask.amount:
            return refused(ask, Reason.SETTLED_OTHERWISE, cause)
        return said(_settled(ask, before))
    if ask.amount < 0:
        return refused(ask, Reason.AMOUNT_NEGATIVE, cause)
    from_hold = min(ask.amount, hold_of(account, ask.product).held)
    paid = from_hold + min(ask.amount - from_hold, account.credit.available)
    payment = Payment(account.id, id_, ask.invoice, ask.product, ask.amount, paid, from_hold)
    after, booked = _paid(_let_go(account, ask.product, from_hold), paid, "settle", ask.invoice, cause)
    after, meters = _without(after, ask, known, cause)
    return changed(
        *changes(account, balanced(after)), *meters, payment, adds=booked, says=(_settled(ask, payment),)
    )


def pay_from(ask: PayFrom, known: Known, cause: Cause) -> Decision:
    """Out of available credit, partly if there is less: nothing where there is none, and never out of what is held."""
    account = known.get(Account, ask.account)
    if account is None:
        return refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    if (before := known.get(Payment, payment_key(ask.account, ask.payment))) is not None:
        if (before.invoice, before.amount) != (ask.invoice, ask.amount):
            return refused(ask, Reason.PAID_OTHERWISE, cause)
        return said(_paid_from(ask, before))
    if ask.amount <= 0:
        return refused(ask, Reason.AMOUNT_NOT_POSITIVE, cause)
    paid = min(ask.amount, account.credit.available)
    payment = Payment(account.id, ask.payment, ask.invoice, None, ask.amount, paid)
    after, booked = _paid(account, paid, "payment", ask.invoice, cause)
    return changed(after, payment, adds=booked, says=(_paid_from(ask, payment),))


def _let_go(account: Account, product: str, amount: int) -> Account:
    hold = account.hold_for(product)
    return account if hold is None else account.holding(hold.holding(hold.held - amount))


def _paid(account: Account, amount: int, kind: TransactionKind, invoice: str, cause: Cause) -> Paid:
    if amount == 0:
        return account, ()
    credit = account.credit.plus(-amount)
    after = account.moved_credit(credit)
    entries = (Entry("credit", -amount, credit.total), Entry("sales", amount))
    return after, (transaction(kind, after, cause, entries, invoice),)


def _without(account: Account, ask: Settle, known: Known, cause: Cause) -> tuple[Account, list[Entity]]:
    """The account with that use no longer counted, and the meters it was counted by, as they go on."""
    meters = meters_of(ask.account, ask.product, known)
    settled = [_settled_by(meter, ask) for meter in meters]
    if (hold := account.hold_for(ask.product)) is not None:
        account = recounted(account, hold, settled, cause.at)
    moved: list[Entity] = [after for before, after in zip(meters, settled, strict=True) if before != after]
    if index := known.get(Meters, product_key(ask.account, ask.product)):
        gone = {meter.resource for meter in settled if meter.is_over}
        moved.append(replace(index, resources=index.resources - gone))
    return account, moved


def _settled_by(meter: Meter, ask: Settle) -> Meter:
    if ask.resource is None:
        return meter.settled(ask.until)
    # Months before that one are held for until they are settled themselves (docs/decisions/0510).
    return meter.settled(ask.until, billing_month(ask.until)) if ask.resource == meter.resource else meter


def _settled(ask: Settle, payment: Payment) -> says.Settled:
    outstanding = payment.amount - payment.paid
    return says.Settled.model_validate(
        dict(ask) | {"paid": payment.paid, "from_hold": payment.from_hold, "outstanding": outstanding}
    )


def _paid_from(ask: PayFrom, payment: Payment) -> says.PaidFrom:
    return says.PaidFrom.model_validate(
        dict(ask) | {"paid": payment.paid, "outstanding": payment.amount - payment.paid}
    )
