"""RenewDue: an order for each resource, in the order in which they are to be had; and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.checkout.reasons import REFUSALS, Reason
from services.checkout.rules import order_said
from services.checkout.state import Item, Order
from shared.contracts.charges import Charged, ChargeRefused, GiveBack, PlaceCharge
from shared.contracts.checkout import CancelOrder, RenewalDue, RenewDue
from shared.contracts.orders import AutoRenewFailed, OrderCancelled, OrderCompleted, OrderPaid, OrderPlaced
from shared.contracts.refusals import RenewalRefused
from shared.contracts.resources import RenewResource
from shared.engine.decision import Cause
from tests.support.spec import cause_id
from tests.unit.checkout.instants import AT, DAY, MINUTE, MONTH
from tests.unit.checkout.standing import ENDS, NODE, PRICES, SERVER, given, month_of

CAUSE = Cause(cause_id(1), "checkout", AT)
ORDER = CAUSE.derive("order/srv-1")


def due(item: Item = SERVER, months: int = 1, **different: Any) -> RenewalDue:
    told = {"resource": item.resource, "kind": item.kind, "flavor": item.flavor, "quantity": item.quantity}
    more = {"cluster": item.cluster, "until": item.until, "months": months, "version": item.version}
    return RenewalDue.model_validate(told | more | different)


def renew_due(*resources: RenewalDue) -> RenewDue:
    return RenewDue(account="acme", resources=list(resources or (due(),)), effective_at=AT)


def failed(reason: str, explanation: str, **different: Any) -> AutoRenewFailed:
    about = {"account": "acme", "resource": "srv-1", "until": ENDS, "amount": 0, "missing": 0, "due": AT}
    why = {"reason": reason, "explanation": explanation, "effective_at": AT}
    return AutoRenewFailed.model_validate(about | why | different)


def charge(resource: str, amount: int) -> PlaceCharge:
    order = CAUSE.derive(f"order/{resource}")
    return PlaceCharge(account="acme", order=order, wallet="credit", amount=amount, effective_at=AT)


def charged_to_be(case: Any) -> list[PlaceCharge]:
    return [each for each in case.decisions[0].says if isinstance(each, PlaceCharge)]


ANSWER: dict[str, Any] = {
    "account": "acme", "order": ORDER, "wallet": "credit", "amount": 181_000, "effective_at": AT,
}  # fmt: skip
ABOUT: dict[str, Any] = {
    "order": ORDER, "subject": "srv-1", "account": "acme", "action": "renew", "pay": "credit", "auto": True,
    "effective_at": AT,
}  # fmt: skip


def test_what_fell_due_is_ordered_at_the_price_of_that_morning_out_of_the_credit_wallet() -> None:
    case = given(SERVER, *PRICES).when(renew_due())
    assert list(case.decisions[0].says) == [
        OrderPlaced(**ABOUT, total=181_000, lines=1),
        charge("srv-1", 181_000),
    ]
    order = case.known.get(Order, ORDER)
    assert order is not None
    assert order_said(order).auto
    assert case.known.get(Item, "srv-1") == SERVER.claimed(ORDER, 1)


def test_it_is_for_as_many_months_as_were_chosen_from_the_present_end_on() -> None:
    case = given(SERVER, *PRICES).when(renew_due(due(months=3)), Charged(**ANSWER | {"amount": 543_000}))
    (_, ask) = case.decisions[1].says
    assert isinstance(ask, RenewResource)
    assert (ask.auto, ask.line.starts, ask.line.until) == (True, ENDS, ENDS + 3 * MONTH)


def test_what_ends_first_is_paid_first_then_what_costs_least_then_by_name() -> None:
    dear = replace(SERVER, resource="a-dear", flavor="s-2x4")
    cheap, same = replace(SERVER, resource="b-cheap"), replace(SERVER, resource="c-cheap")
    first = replace(SERVER, resource="z-first", flavor="s-2x4", until=ENDS - MINUTE)
    every = (dear, same, cheap, first)
    case = given(*every, *PRICES).when(renew_due(*map(due, every)))
    assert charged_to_be(case) == [
        charge("z-first", 362_000),
        charge("b-cheap", 181_000),
        charge("c-cheap", 181_000),
        charge("a-dear", 362_000),
    ]


def test_one_that_is_paid_is_renewed_and_told_as_nobodys_wish() -> None:
    case = given(SERVER, *PRICES).when(renew_due(), Charged(**ANSWER))
    line = month_of(ENDS)
    renew = RenewResource(
        account="acme", order=ORDER, resource="srv-1", line=line, auto=True, effective_at=AT
    )
    assert list(case.decisions[1].says) == [OrderPaid(**ABOUT, total=181_000), renew]


def test_short_of_credit_it_is_told_how_much_is_missing_and_everything_is_as_before() -> None:
    short = "Less credit is available than that."
    no = ChargeRefused(**ANSWER, missing=31_000, reason="credit_short", explanation=short)
    case = given(SERVER, *PRICES).when(renew_due(), no, no)
    why: dict[str, Any] = {"reason": "credit_short", "explanation": short, "missing": 31_000}
    assert list(case.decisions[1].says) == [
        OrderCancelled(**ABOUT, total=181_000, **why),
        failed("credit_short", short, order=ORDER, amount=181_000, missing=31_000),
    ]
    assert case.decisions[2].says == ()
    assert case.known.get(Item, "srv-1") == SERVER


def test_one_that_lifecycle_refuses_is_given_back_and_told() -> None:
    case = given(SERVER, *PRICES).when(renew_due(), Charged(**ANSWER))
    why = {"reason": "resource_deleted", "explanation": "It was deleted.", "effective_at": AT}
    about = {"account": "acme", "order": ORDER, "resource": "srv-1", "line": month_of(ENDS)}
    case.when(RenewalRefused.model_validate(about | why))
    back = GiveBack(
        account="acme", wallet="credit", amount=181_000, why="line_failed", order=ORDER, resource="srv-1",
        effective_at=AT,
    )  # fmt: skip
    told = failed("resource_deleted", "It was deleted.", order=ORDER, amount=181_000)
    assert list(case.decisions[2].says)[:2] == [back, told]
    assert isinstance(case.decisions[2].says[2], OrderCompleted)
    assert case.decisions[2].says[2].auto


def test_one_that_is_abandoned_is_told_as_not_renewed() -> None:
    case = given(SERVER, *PRICES).when(renew_due())
    case.when(CancelOrder(account="acme", order=ORDER), at=AT + DAY)
    told = case.decisions[1].says[1]
    assert isinstance(told, AutoRenewFailed)
    assert (told.reason, told.due, told.effective_at) == ("abandoned", AT, AT + DAY)


def test_what_costs_nothing_is_renewed_at_once() -> None:
    free = replace(SERVER, flavor="s-free")
    case = given(free, replace(PRICES[0], flavor="s-free", versions=(PRICES[0].versions[0]._replace(vnd=0),)))
    case.when(renew_due(due(free)))
    assert [type(each) for each in case.decisions[0].says] == [OrderPlaced, OrderPaid, RenewResource]


@pytest.mark.parametrize("known", [[], [replace(SERVER, version=2, until=ENDS - DAY, flavor="s-2x4")]])
def test_what_lifecycle_tells_with_it_counts_before_its_state_comes(known: list[Item]) -> None:
    case = given(*known, *PRICES).when(renew_due())
    assert charged_to_be(case) == [charge("srv-1", 181_000)]
    item = case.known.get(Item, "srv-1")
    assert item is not None
    assert (item.version, item.until, item.flavor, item.open_order) == (2, ENDS, "s-1x1", ORDER)


BUSY = replace(SERVER, open_order="o-1", open_line=1)
FAR = replace(SERVER, until=AT + timedelta(days=4_000))
NOT_PLACED: list[tuple[Any, Any, Reason]] = [
    ([replace(BUSY, until=ENDS + DAY)], due(), Reason.RESOURCE_BUSY),
    ([replace(SERVER, until=ENDS + DAY)], due(), Reason.CHANGED_MEANWHILE),
    ([FAR], due(FAR), Reason.UNTIL_TOO_FAR),
    ([SERVER], due(), Reason.PRICE_UNKNOWN),
    ([replace(SERVER, flavor="dear"), *PRICES], due(flavor="dear"), Reason.AMOUNT_TOO_LARGE),
]


@pytest.mark.parametrize(("known", "asked", "reason"), NOT_PLACED, ids=[each[2] for each in NOT_PLACED])
def test_one_that_cannot_be_ordered_is_told_with_the_first_reason_and_stops_no_other(
    known: Any, asked: RenewalDue, reason: Reason
) -> None:
    if reason is Reason.AMOUNT_TOO_LARGE:
        known = [replace(known[0], quantity=9), *known[1:]]
    other = replace(SERVER, resource="srv-2")
    case = given(*known, other).when(renew_due(asked))
    assert list(case.decisions[0].says) == [failed(reason, reason.sentence, until=asked.until)]


def test_the_reasons_are_those_listed() -> None:
    assert tuple(dict.fromkeys(reason for *_, reason in NOT_PLACED)) == REFUSALS[RenewDue]


@pytest.mark.parametrize("status", ["trash", "released", "expired"])
def test_what_is_gone_meanwhile_is_not_ordered(status: Any) -> None:
    case = given(replace(SERVER, status=status), *PRICES).when(renew_due())
    assert list(case.decisions[0].says) == [failed("changed_meanwhile", Reason.CHANGED_MEANWHILE.sentence)]


def test_what_is_metered_has_no_end_and_is_never_due() -> None:
    assert NODE.until is None
