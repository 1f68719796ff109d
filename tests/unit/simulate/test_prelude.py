"""What stands before the first step is asked for like everything else, and paid with money that was given for it."""

from __future__ import annotations

from typing import Any

from deploy.simulate.local import written
from deploy.simulate.parse import parse
from deploy.simulate.prelude import acts

FILE = """
scenario: x
prices:
  s: {kind: server, vnd: 181000, discount: 10}
  boot: {kind: server, vnd: 30000}
  n: {kind: k8s_node, vnd: 362000}
accounts:
  acme: {credit: 1000, email: a@a.vn, poc: {amount: 500, until: "2026-04-30T00:00"}}
  post: {mode: postpaid}
  poor: {}
resources:
  - {resource: a, kind: server, flavor: s+boot, quantity: 2, account: acme, cluster: k1, billing: poc,
     from: "2026-03-31T00:00"}
  - {resource: b, kind: server, flavor: s, account: acme, cluster: k1, billing: poc,
     from: "2026-03-31T00:00", until: "2026-04-15T00:00"}
  - {resource: c, kind: server, flavor: s, account: acme, billing: prepaid, from: "2026-03-01T00:00", until: "2026-03-31T00:00"}
  - {resource: d, kind: server, flavor: s, account: poor, billing: poc, from: "2026-03-01T00:00", until: "2026-03-31T00:00"}
  - {resource: e, kind: k8s_node, flavor: n, account: acme, cluster: kube, billing: hold, from: "2026-03-02T00:00"}
provider: {fail: {e: 2, a: 1}}
coupons: {SAVE: {amount: 10}}
steps: [{at: "2026-04-01T00:00", expect: {}}]
"""


def asked() -> list[tuple[str, str, dict[str, Any]]]:
    found = acts(parse(FILE.encode()))
    return [
        (written(act.at), type(act.message).__name__, act.message.model_dump(mode="json")) for act in found
    ]


def of(name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(at, data) for at, what, data in asked() if what == name]


def test_all_begins_a_day_before_anything_that_is_named() -> None:
    begins = [(at, name) for at, name, _ in asked() if at == "2026-02-28T00:00"]
    assert [name for _, name in begins] == [
        *("PublishPrices", "GrantCoupon", "PlanOutcome", "PlanOutcome", "PlanOutcome"),
        *("OpenAccount", "TopUp", "GrantPoc", "OpenAccount", "OpenAccount", "GrantPoc"),
    ]


def test_wallets_are_filled_by_what_is_wanted_and_what_the_resources_cost() -> None:
    # c: 181,000 for 30 days.
    assert [data["amount"] for _, data in of("TopUp")] == [1000 + 181_000]
    # a: 2 x (181,000 + 30,000) to the wallet's end, 30 days on; b: half a month of 181,000; d: a month.
    assert [(data["account"], data["amount"]) for _, data in of("GrantPoc")] == [
        ("acme", 500 + 2 * 211_000 + 90_500),
        ("poor", 181_000),
    ]


def test_resources_are_bought_when_they_began_and_together_where_they_belong_together() -> None:
    bought = [(at, data["pay"], [item["resource"] for item in data["items"]]) for at, data in of("Buy")]
    assert bought == [
        ("2026-03-01T00:00", "credit", ["c"]),
        ("2026-03-01T00:00", "poc", ["d"]),
        ("2026-03-02T00:00", "hold", ["e"]),
        ("2026-03-31T00:00", "poc", ["a", "b"]),
    ]


def test_what_stands_is_paid_at_list_price_and_a_discount_is_for_what_comes() -> None:
    published = [(at, [price["discount"] for price in data["prices"]]) for at, data in of("PublishPrices")]
    assert published == [("2026-02-28T00:00", [0, 0, 0]), ("2026-04-01T00:00", [10])]


def test_a_part_that_fails_fails_the_cluster_it_is_converted_with() -> None:
    planned = [
        (data["resource"], data["outcome"], data["times"], data["action"]) for _, data in of("PlanOutcome")
    ]
    assert planned == [
        ("e", "refuse", 2, "convert"),
        ("kube", "refuse", 2, "convert"),
        ("a", "refuse", 1, "convert"),
    ]
