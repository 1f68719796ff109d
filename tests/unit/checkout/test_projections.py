"""What other services tell of accounts, clusters and resources."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from services.checkout.rules.projections import after
from services.checkout.state import Account, Cluster, Item, Members
from shared.contracts import hold, lifecycle
from shared.contracts.parts import Term
from tests.unit.checkout.instants import AT, MONTH, TODAY
from tests.unit.checkout.standing import given, month_of

TERM: Final = Term(starts=TODAY, until=TODAY + MONTH, paid=5)
KNOWN: Final = Item(
    "srv-1", "acme", "server", "s-1x1", 1, "k1", "poc", "active", TODAY + MONTH, (TERM,), version=3
)


def told(**said: Any) -> lifecycle.Resource:
    whole: dict[str, Any] = {
        "resource": "srv-1", "account": "acme", "cluster": "k1", "kind": "server", "product": "vserver",
        "flavor": "s-1x1", "quantity": 1, "billing": "poc", "status": "active", "starts": TODAY,
        "until": TODAY + MONTH, "auto_renew": False, "months": 1, "terms": [TERM], "version": 3,
    }  # fmt: skip
    return lifecycle.Resource.model_validate(whole | said)


def test_a_resource_is_known_as_it_is_told() -> None:
    given().when(told()).then(now=[KNOWN])
    given().when(told(cluster=None)).then(now=[replace(KNOWN, cluster=None)])


def test_a_newer_state_stands_and_leaves_the_resource_in_its_orders_hands() -> None:
    held = KNOWN.claimed("o-1", 7)
    given(held).when(told(version=5, status="trash", trash_until=AT), told(version=4)).then(
        now=[replace(held, version=5, status="trash", trash_until=AT)]
    )


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_older_state_or_the_same_again_changes_nothing(version: int) -> None:
    given(KNOWN).when(told(version=version, status="trash")).then()


def renewed(version: int) -> lifecycle.ResourceRenewed:
    return lifecycle.ResourceRenewed.model_validate(
        lifecycle.ResourceRenewed.example
        | {
            "billing": "poc",
            "flavor": "s-1x1",
            "line": month_of(TODAY + MONTH, item=KNOWN),
            "effective_at": AT,
            "version": version,
        }
    )


def test_what_an_event_tells_is_not_taken_back_by_a_state_from_before() -> None:
    after_it = after(KNOWN, renewed(5))
    assert after_it.until == TODAY + 2 * MONTH
    given(after_it).when(told(version=4)).then()
    given(after_it).when(told(version=5, status="trash")).then(
        now=[replace(KNOWN, version=5, status="trash")]
    )


@pytest.mark.parametrize("version", [2, 3])
def test_what_the_state_has_told_already_is_not_added_again_by_its_event(version: int) -> None:
    assert after(KNOWN, renewed(version)) == KNOWN


def test_what_was_bought_and_not_told_of_yet_is_known_as_it_is_told() -> None:
    bought = replace(KNOWN, billing="prepaid", version=0, status="creating").claimed("o-1", 1)
    given(bought).when(told()).then(now=[KNOWN.claimed("o-1", 1)])


def test_a_resource_joins_its_cluster_where_a_command_of_the_batch_asks_for_all_of_it() -> None:
    given(Members("k1", ("srv-0",))).when(told()).then(now=[KNOWN, Members("k1", ("srv-0", "srv-1"))])
    given(Members("k1", ("srv-1",))).when(told()).then(now=[KNOWN, Members("k1", ("srv-1",))])
    given(Members("k2")).when(told()).then(now=[KNOWN])


def cluster(version: int, *, poc: bool = True) -> lifecycle.Cluster:
    return lifecycle.Cluster(
        cluster="k1",
        account="acme",
        poc=poc,
        stop_poc_available=poc,
        poc_remaining=1,
        resources=1,
        version=version,
    )


def test_the_newest_state_of_a_cluster_stands() -> None:
    given().when(cluster(2), cluster(4, poc=False), cluster(4), cluster(3)).then(
        now=[Cluster("k1", "acme", poc=False, version=4)]
    )


def account(**said: Any) -> hold.Account:
    credit = hold.Credit(total=1, held=0, available=1)
    return hold.Account(account="acme", mode="prepaid", email="a@b.vn", credit=credit, **said)


def test_of_an_account_is_known_when_its_poc_wallet_ends() -> None:
    poc = hold.Poc(granted=5, balance=5, until=TODAY)
    given().when(account()).then(now=[Account("acme", "prepaid")])
    given(Account("acme", "prepaid")).when(account(poc=poc)).then(now=[Account("acme", "prepaid", TODAY)])
    given(Account("acme", "prepaid", TODAY)).when(account(poc=poc)).then()
