"""What a scenario says stands before its first step: prices, accounts, coupons, resources, the provider's moods."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

import orjson
from pydantic import ValidationError

from deploy.sandbox.ledger import BEHAVIOURS, Behaviour
from deploy.simulate import fields
from deploy.simulate.document import Fault, Mapped, Node, shown
from deploy.simulate.fields import optional, required
from deploy.simulate.gateway import Ways
from deploy.simulate.local import written
from deploy.simulate.scenario import Account, Coupon, Misbehaviour, Plan, Price, Scenario, Standing
from shared import catalogue
from shared.contracts.message import Message

_OUTCOMES: Final[Mapping[str, Misbehaviour]] = {
    "fail": "refuse", "late": "late", "twice": "twice", "never": "never",
}  # fmt: skip

_WAY: Final = fields.one_of(*BEHAVIOURS)


def read_price(entry: tuple[str, Node]) -> Price:
    flavor, node = entry
    price = fields.mapping(node, flavor)
    fields.known_names(price, ("kind", "vnd", "per", "discount"), f"the price of {flavor}")
    data: dict[str, object] = {
        "flavor": flavor,
        "kind": required(price, "kind", fields.one_of(*catalogue.KINDS), f"the price of {flavor}"),
        "vnd": required(price, "vnd", fields.at_least(0), f"the price of {flavor}"),
        "per": optional(price, "per", fields.one_of("30d", "gb_hour")) or "30d",
    }
    if (discount := optional(price, "discount", fields.at_least(0))) is not None:
        data["discount"] = discount
    return Price(node.line, flavor, data)


def read_account(entry: tuple[str, Node]) -> Account:
    account, node = entry
    said = fields.mapping(node, account)
    fields.known_names(said, ("mode", "credit", "email", "poc"), f"the account {account}")
    poc = optional(said, "poc", fields.mapping)
    if poc is not None:
        fields.known_names(poc, ("amount", "until"), f"the POC wallet of {account}")
    return Account(
        node.line,
        account,
        optional(said, "mode", fields.one_of("prepaid", "postpaid")) or "prepaid",
        optional(said, "email", fields.text) or "owner@customer.example",
        optional(said, "credit", fields.at_least(0)) or 0,
        None if poc is None else required(poc, "amount", fields.at_least(0), f"the POC wallet of {account}"),
        None if poc is None else required(poc, "until", fields.instant, f"the POC wallet of {account}"),
    )


def read_coupon(entry: tuple[str, Node]) -> Coupon:
    code, node = entry
    said = fields.mapping(node, code)
    fields.known_names(said, ("amount", "products", "until", "uses"), f"the coupon {code}")
    data: dict[str, object] = {
        "code": code,
        "amount": required(said, "amount", fields.at_least(1), f"the coupon {code}"),
    }
    if (products := optional(said, "products", fields.listed)) is not None:
        data["products"] = [_product(one) for one in products]
    if (until := optional(said, "until", fields.instant)) is not None:
        data["until"] = until
    if (uses := optional(said, "uses", fields.at_least(1))) is not None:
        data["uses"] = uses
    return Coupon(node.line, code, data)


def _product(node: Node) -> str:
    products = dict.fromkeys(catalogue.of(kind).product for kind in catalogue.KINDS)
    return fields.one_of(*products)(node, "products")


def read_standing(node: Node, first: datetime | None) -> Standing:
    said = fields.mapping(node, "a resource")
    known = (
        "resource",
        "kind",
        "flavor",
        "quantity",
        "account",
        "cluster",
        "billing",
        "from",
        "until",
        "auto_renew",
    )
    fields.known_names(said, known, "a resource")
    resource = required(said, "resource", fields.identifier, "a resource")
    starts = optional(said, "from", fields.instant) or first
    if starts is None:
        raise Fault(node.line, f"{resource}: `from` is missing")
    return Standing(
        node.line,
        resource,
        required(said, "account", fields.identifier, resource),
        required(said, "kind", fields.one_of(*catalogue.KINDS), resource),
        required(said, "flavor", fields.text, resource),
        optional(said, "quantity", fields.at_least(1)) or 1,
        optional(said, "cluster", fields.identifier),
        cast(Any, required(said, "billing", fields.one_of("poc", "prepaid", "hold"), resource)),
        starts,
        optional(said, "until", fields.instant),
        optional(said, "auto_renew", fields.truth) or False,
    )


def once(resources: list[Standing], at: int) -> None:
    one = resources[at]
    if one.resource in {other.resource for other in resources[:at]}:
        raise Fault(one.line, f"{one.resource} stands here twice")


def fits(one: Standing, scenario: Scenario) -> None:
    accounts = {account.id: account for account in scenario.accounts}
    prices = [price.flavor for price in scenario.prices]
    if one.account not in accounts:
        raise Fault(
            one.line,
            f"{one.resource}: there is no account {shown(one.account)}; {fields.near(one.account, accounts)}",
        )
    for flavor in one.flavor.split("+"):
        if flavor not in prices:
            raise Fault(
                one.line,
                f"{one.resource}: no price is given for {shown(flavor)}; {fields.near(flavor, prices)}",
            )
    if one.billing == "prepaid" and one.until is None:
        raise Fault(one.line, f"{one.resource}: `until` is missing: it was paid for until then")
    if one.until is not None and one.until <= one.starts:
        raise Fault(one.line, f"{one.resource}: `until` must lie after `from` ({written(one.starts)})")
    if one.starts > scenario.steps[0].at:
        raise Fault(
            one.line,
            f"{one.resource}: `from` must not lie after the first step ({written(scenario.steps[0].at)})",
        )


def plan_entries(node: Node | None) -> list[tuple[str, str, Node]]:
    if node is None or fields.is_null(node):
        return []
    provider = fields.mapping(node, "provider")
    fields.known_names(provider, _OUTCOMES, "provider")
    return [
        (how, resource, times)
        for how, resources in provider.pairs.items()
        for resource, times in fields.entries(resources, how)
    ]


def read_plan(entry: tuple[str, str, Node]) -> Plan:
    how, resource, times = entry
    return Plan(times.line, resource, _OUTCOMES[how], fields.at_least(1)(times, f"{how}.{resource}"))


def read_ways(node: Node | None) -> Ways:
    """How payments go at the gateways, one after the other, and after how many minutes their payers act."""
    if node is None or fields.is_null(node):
        return Ways()
    said = fields.mapping(node, "gateway")
    fields.known_names(said, ("ways", "soon", "late"), "gateway")
    named = optional(said, "ways", fields.listed) or []
    usual = Ways()
    return Ways(
        tuple(cast("Behaviour", _WAY(one, "ways")) for one in named) or usual.ways,
        _minutes(said, "soon", usual.soon),
        _minutes(said, "late", usual.late),
    )


def _minutes(said: Mapped, name: str, usual: timedelta) -> timedelta:
    many = optional(said, name, fields.at_least(1))
    return usual if many is None else timedelta(minutes=many)


def made(model: type[Message], line: int, data: Mapping[str, object]) -> Message:
    """A message of the prelude; what the contract does not allow is a fault of the line it comes from."""
    try:
        return model.model_validate_json(orjson.dumps(data))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise Fault(line, f"{where}: {fault['msg']}") from None
