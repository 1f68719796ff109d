"""Recover: out of the trash, or back after its POC was stopped; paid with real money, like new from now on."""

from __future__ import annotations

from datetime import datetime

from services.checkout.pricing import Period, Thing, line_for
from services.checkout.reasons import Reason
from services.checkout.rules.answers import answered
from services.checkout.rules.placing import Placing, Wanted, place
from services.checkout.rules.standing import first_wrong, owned
from services.checkout.state import Item
from shared import catalogue
from shared.contracts.checkout import Recover
from shared.engine.decision import Cause, Decision, Known
from shared.period import months_after, to_minute


def recover(ask: Recover, known: Known, cause: Cause) -> Decision:
    """An order of one line, priced as what is bought now."""
    return answered(ask, _recovered(ask, known, cause), cause)


def _recovered(ask: Recover, known: Known, cause: Cause) -> Decision | Reason:
    items = owned([ask.resource], ask.account, ask.pay, known)
    if isinstance(items, Reason):
        return items
    wrong = first_wrong(
        items,
        (
            (Reason.NOT_RECOVERABLE, lambda item: not _is_recoverable(item, cause.at)),
            (Reason.PAY_BY_CREDIT, lambda _: ask.pay != "credit"),
        ),
    )
    if wrong is not None:
        return wrong
    (item,) = items
    period = Period(to_minute(cause.at), months_after(cause.at, ask.months))
    thing = Thing(item.resource, item.kind, item.flavor, item.quantity)
    line = line_for(thing, period, known, cause.at)
    if isinstance(line, Reason):
        return line
    return place(Placing("recover", ask.key, ask.account, ask.pay), [Wanted(item, line)], known, cause)


def _is_recoverable(item: Item, at: datetime) -> bool:
    """In the trash still, and paid for a period: what is metered is gone when it is deleted."""
    if item.status not in ("trash", "expired") or catalogue.of(item.kind).billing != "prepaid":
        return False
    return item.trash_until is not None and at < item.trash_until
