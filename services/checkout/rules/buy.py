"""Buy: new resources, for a period out of the credit wallet or the POC wallet, or metered: out of held credit, or, where the
account pays by the month, with nothing to be paid now."""

from __future__ import annotations

from datetime import datetime

from services.checkout.pricing import Period, Thing, line_for, metered_for, period_from
from services.checkout.reasons import Reason
from services.checkout.rules.answers import answered
from services.checkout.rules.placing import Placing, Wanted, place
from services.checkout.rules.standing import BY_THE_MONTH, REAL_MONEY, from_outside, paid_by
from services.checkout.state import Account, Cluster, Item
from shared import catalogue
from shared.contracts.checkout import Buy, BuyItem, PaidBy
from shared.contracts.resources import Billing
from shared.engine.decision import Cause, Decision, Known
from shared.period import to_minute


def buy(ask: Buy, known: Known, cause: Cause) -> Decision:
    """An order over all of them. They are there from now on as far as orders go: no other can be placed on them."""
    return answered(ask, _bought(ask, known, cause), cause)


def _bought(ask: Buy, known: Known, cause: Cause) -> Decision | Reason:
    pay = paid_by(ask.account, ask.pay, known)
    if (reason := _why_not(ask, pay, known)) is not None:
        return reason
    poc_until = _poc_until(ask, known, cause)
    if isinstance(poc_until, Reason):
        return poc_until
    wanted = []
    for item in ask.items:
        priced = _priced(ask, item, pay, poc_until, known, cause)
        if isinstance(priced, Reason):
            return priced
        wanted.append(priced)
    return place(
        Placing("buy", ask.key, ask.account, pay, ask.coupon, **from_outside(ask)), wanted, known, cause
    )


def _why_not(ask: Buy, pay: PaidBy, known: Known) -> Reason | None:
    if len({item.resource for item in ask.items}) < len(ask.items):
        return Reason.RESOURCE_TWICE
    if pay == BY_THE_MONTH and ask.pay == "poc":
        return Reason.ACCOUNT_POSTPAID
    if (reason := _why_not_paid(ask, pay)) is not None:
        return reason
    clusters = [known.get(Cluster, item.cluster) for item in ask.items if item.cluster is not None]
    if any(cluster is not None and cluster.account != ask.account for cluster in clusters):
        return Reason.NOT_OWNER
    return None if all(_is_free(ask, item, known) for item in ask.items) else Reason.RESOURCE_EXISTS


def _is_free(ask: Buy, item: BuyItem, known: Known) -> bool:
    """Nothing is called so. What is gone for good may be had again, by who had it and where it was."""
    there = known.get(Item, item.resource)
    if there is None or there.is_imagined:
        return True
    is_gone = there.status == "released" and there.open_order is None
    return is_gone and (there.account, there.cluster) == (ask.account, item.cluster)


def _why_not_paid(ask: Buy, pay: PaidBy) -> Reason | None:
    flags = [(catalogue.of(item.kind), item) for item in ask.items]
    if pay == BY_THE_MONTH:
        return None
    if pay == "poc":
        allowed = all(each.allows_poc(in_cluster=item.cluster is not None) for each, item in flags)
        return None if allowed else Reason.POC_NOT_FOR_THIS
    if pay not in REAL_MONEY | {"hold"}:
        return Reason.PAY_NOT_AVAILABLE
    if pay in REAL_MONEY and any(each.billing == "hold" for each, _ in flags):
        return Reason.PAY_BY_HOLD
    if pay == "hold" and any(each.billing == "prepaid" for each, _ in flags):
        return Reason.PAY_BY_CREDIT
    return None


def _poc_until(ask: Buy, known: Known, cause: Cause) -> datetime | Reason | None:
    """When the POC wallet ends, where it is what pays: nothing of it lasts longer."""
    if ask.pay != "poc":
        return None
    account = known.get(Account, ask.account)
    if account is None or account.poc_until is None:
        return Reason.POC_NOT_GRANTED
    # To the minute: a wallet that ends within this one pays no minute any more.
    return Reason.POC_ENDED if account.poc_until <= to_minute(cause.at) else account.poc_until


def _priced(
    ask: Buy, item: BuyItem, pay: PaidBy, poc_until: datetime | None, known: Known, cause: Cause
) -> Wanted | Reason:
    thing = Thing(item.resource, item.kind, item.flavor, item.quantity)
    if pay in ("hold", BY_THE_MONTH):
        metered = metered_for(thing, known, cause.at, held=pay == "hold")
        return metered if isinstance(metered, Reason) else Wanted(_new(ask, item, pay, known), None, metered)
    period = _period(item, poc_until, cause.at)
    if isinstance(period, Reason):
        return period
    line = line_for(thing, period, known, cause.at, discounted=poc_until is None)
    if isinstance(line, Reason):
        return line
    renews = item.auto_renew and poc_until is None
    return Wanted(_new(ask, item, pay, known), line, None, renews, item.months or 1)


def _period(item: BuyItem, poc_until: datetime | None, at: datetime) -> Period | Reason:
    if poc_until is None:
        return period_from(at, item.months, item.until, at)
    if item.months is None and item.until is None:
        return period_from(at, None, poc_until, at)
    asked = period_from(at, item.months, item.until, at)
    return asked if isinstance(asked, Reason) else Period(asked.starts, min(asked.until, poc_until))


def _new(ask: Buy, item: BuyItem, pay: PaidBy, known: Known) -> Item:
    there = known.get(Item, item.resource)
    billing: Billing = pay if pay in ("poc", "hold", "postpaid") else "prepaid"
    return Item(
        *(item.resource, ask.account, item.kind, item.flavor, item.quantity, item.cluster),
        billing=billing,
        status="creating",
        version=0 if there is None else there.version,
    )
