"""What stands before the first step, brought about by the same commands as everything else: accounts opened, prices
published, wallets filled with what the file names and the cost of the resources, and those bought when they began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from deploy.simulate.asked import public_commands
from deploy.simulate.document import Fault
from deploy.simulate.given import made
from deploy.simulate.scenario import Account, Billing, Plan, Scenario, Standing
from deploy.simulate.world import World
from shared import ids
from shared.contracts.message import Message
from shared.contracts.provisioning import PlanOutcome
from shared.money import prorated
from shared.period import minutes_between

_DAY: Final = timedelta(days=1)
_MOST_ITEMS: Final = 500
# Who converts together is asked together: of these the cluster is what the provider hears of.
_CONVERTED_WITH_CLUSTER: Final = ("k8s_node", "k8s_volume")
_HOURS_IN_30_DAYS: Final = 720
_PAID_BY: Final[Mapping[Billing, str]] = {"poc": "poc", "prepaid": "credit", "hold": "hold"}


class Act(NamedTuple):
    """One command of the prelude, and the line of the file it comes from."""

    at: datetime
    line: int
    message: Message


def begins(scenario: Scenario) -> datetime:
    """The world's first instant: a day before anything the file names."""
    return min([scenario.steps[0].at, *(one.starts for one in scenario.resources)]) - _DAY


async def play_prelude(world: World, scenario: Scenario) -> None:
    """Brings about all that stands before the first step; `Fault` where it cannot stand so."""
    for number, act in enumerate(acts(scenario)):
        await world.advance(act.at)
        heard = len(world.bus.events)
        await world.send(act.message, ids.derived_id("prelude", str(number), _ms(act.at)))
        _refuse_refusal(world, heard, act)
    for one in scenario.resources:
        _see_standing(world, one)


def acts(scenario: Scenario) -> list[Act]:
    """The commands, in the order of their instants."""
    start = begins(scenario)
    found = [*_general(scenario, start), *_plans(scenario.plans, scenario, start)]
    for account in scenario.accounts:
        own = [one for one in scenario.resources if one.account == account.id]
        found += _account(account, own, scenario, start)
    found += _purchases(scenario.resources)
    found += _discounted(scenario)
    return sorted(found, key=lambda act: act.at)


def _general(scenario: Scenario, at: datetime) -> Iterator[Act]:
    if scenario.prices:
        # What stands was paid at list price.
        prices = [{**price.data, "discount": 0} for price in scenario.prices]
        line = scenario.prices[0].line
        yield Act(at, line, _made("PublishPrices", line, {"prices": prices, "from": at}))
    for coupon in scenario.coupons:
        yield Act(at, coupon.line, _made("GrantCoupon", coupon.line, coupon.data))


def _discounted(scenario: Scenario) -> Iterator[Act]:
    prices = [price for price in scenario.prices if price.data.get("discount")]
    if prices:
        at, line = scenario.steps[0].at, prices[0].line
        yield Act(
            at, line, _made("PublishPrices", line, {"prices": [price.data for price in prices], "from": at})
        )


def _plans(plans: Sequence[Plan], scenario: Scenario, at: datetime) -> Iterator[Act]:
    with_cluster = {
        one.resource: one.cluster
        for one in scenario.resources
        if one.cluster and one.kind in _CONVERTED_WITH_CLUSTER
    }
    for plan in plans:
        of = dict.fromkeys([plan.resource, with_cluster.get(plan.resource, plan.resource)])
        for resource in of:
            data = {"resource": resource, "outcome": plan.outcome, "times": plan.times, "action": "convert"}
            yield Act(at, plan.line, made(PlanOutcome, plan.line, data))


def _account(account: Account, own: Sequence[Standing], scenario: Scenario, at: datetime) -> Iterator[Act]:
    data: dict[str, Any] = {"account": account.id, "mode": account.mode, "email": account.email}
    yield Act(at, account.line, _made("OpenAccount", account.line, data))
    if credit := account.credit + _cost(own, "prepaid", scenario):
        data = {"account": account.id, "amount": credit, "reference": "scenario"}
        yield Act(at, account.line, _made("TopUp", account.line, data))
    until = account.poc_until or max(
        (one.until for one in own if one.billing == "poc" and one.until), default=None
    )
    if until is not None and (amount := (account.poc_amount or 0) + _cost(own, "poc", scenario, until)):
        data = {"account": account.id, "amount": amount, "until": until}
        yield Act(at, account.line, _made("GrantPoc", account.line, data))


def _cost(own: Sequence[Standing], billing: Billing, scenario: Scenario, ends: datetime | None = None) -> int:
    prices = {price.flavor: price.data for price in scenario.prices}
    return sum(
        prorated(_vnd_30d(prices[flavor]), one.quantity, minutes_between(one.starts, until))
        for one in own
        if one.billing == billing and (until := _until(one, ends)) is not None
        for flavor in one.flavor.split("+")
    )


def _until(one: Standing, ends: datetime | None) -> datetime | None:
    return min((until for until in (one.until, ends) if until is not None), default=None)


def _vnd_30d(price: Mapping[str, object]) -> int:
    amount = price["vnd"]
    assert isinstance(amount, int)
    return amount * _HOURS_IN_30_DAYS if price.get("per") == "gb_hour" else amount


def _purchases(resources: Sequence[Standing]) -> Iterator[Act]:
    """One order for what was bought at one instant, in one cluster, and paid in one way."""
    together: defaultdict[tuple[object, ...], list[Standing]] = defaultdict(list)
    for one in resources:
        together[one.starts, one.account, one.cluster, one.billing].append(one)
    for bought in together.values():
        for first in range(0, len(bought), _MOST_ITEMS):
            slice_ = bought[first : first + _MOST_ITEMS]
            data = {
                "account": slice_[0].account,
                "items": [_item(one) for one in slice_],
                "pay": _PAID_BY[slice_[0].billing],
            }
            yield Act(slice_[0].starts, slice_[0].line, _made("Buy", slice_[0].line, data))


def _item(one: Standing) -> dict[str, object]:
    said = {
        "resource": one.resource, "kind": one.kind, "flavor": one.flavor, "quantity": one.quantity,
        "cluster": one.cluster, "until": one.until, "auto_renew": one.auto_renew or None,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


def _made(name: str, line: int, data: Mapping[str, object]) -> Message:
    if (model := public_commands().get(name)) is None:
        raise Fault(line, f"no service understands {name} yet")
    return made(model, line, data)


def _refuse_refusal(world: World, heard: int, act: Act) -> None:
    for said in world.bus.events[heard:]:
        data = said.data
        if "reason" in data and "explanation" in data:
            about = data.get("resource") or data.get("subject") or said.envelope.key
            raise Fault(act.line, f"{about} cannot stand so: {data['explanation']} ({data['reason']})")


def _see_standing(world: World, one: Standing) -> None:
    if one.resource not in world.bus.states["Resource"]:
        raise Fault(one.line, f"{one.resource} cannot stand so: it was bought, and is not there")


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000
