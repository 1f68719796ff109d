"""A Stop POC by the command line alone, as in the README: bought, watched, shown, stopped, and pressed until nothing is left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.system import Folder, Said

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

EMAIL = "billing@example.com"
PRICES = [
    {"flavor": "story-1x1", "kind": "server", "vnd": 181_000},
    {"flavor": "story-ssd", "kind": "volume", "vnd": 120_000},
]


def done(said: Said) -> Any:
    assert said.status == 0, f"{said.out}{said.err}"
    return said.document["answer"]["data"]


@pytest.fixture(scope="module")
def story(system: Folder) -> Folder:
    """A cluster on POC: a server and two volumes."""
    done(system.send("PublishPrices", prices=PRICES, **{"from": "2026-01-01T00:00:00Z"}))
    done(system.send("OpenAccount", account="story", mode="prepaid", email=EMAIL))
    done(system.send("TopUp", account="story", amount=1_000_000, reference="story-1"))
    done(system.send("GrantPoc", account="story", amount=1_000_000, until="2099-01-01T00:00:00Z"))
    items = [
        item("story-srv-1", "server", "story-1x1"),
        item("story-vol-1", "volume", "story-ssd"),
        item("story-vol-2", "volume", "story-ssd"),
    ]
    done(system.send("Buy", account="story", items=items, pay="poc"))
    assert system.ok("watch", "story-k1", "--wait", "30s")["order"]["status"] == "completed"
    return system


def item(resource: str, kind: str, flavor: str) -> dict[str, object]:
    return {"resource": resource, "kind": kind, "flavor": flavor, "cluster": "story-k1", "months": 1}


def test_a_cluster_on_poc_is_stopped_until_nothing_is_left(story: Folder) -> None:
    cluster = story.ok("show", "cluster", "story-k1")
    assert (cluster["stop_poc_available"], cluster["poc_remaining"]) == (True, 3)
    assert {one["billing"] for one in cluster["in_it"]} == {"poc"}

    done(story.send("PlanOutcome", resource="story-vol-2", outcome="refuse", times=1, action="convert"))
    placed = done(story.send("StopPoc", account="story", cluster="story-k1", months=1, pay="credit"))
    watched = story.stoppoc("watch", placed["order"], "--json")
    assert watched.status == 1, "partly completed"
    assert watched.document["order"]["given_back"] == 120_000
    assert "InvoiceIssued" in {one["type"].split(".")[2] for one in watched.document["heard"]}

    order = story.ok("show", "order", placed["order"])
    assert (order["status"], order["total"]) == ("partly_completed", 421_000)
    assert [(one["resource"], one["status"]) for one in order["each"]] == [
        ("story-srv-1", "done"),
        ("story-vol-1", "done"),
        ("story-vol-2", "failed"),
    ]
    assert story.ok("show", "cluster", "story-k1")["poc_remaining"] == 1

    done(story.send("StopPoc", account="story", cluster="story-k1", months=1, pay="credit"))
    assert story.stoppoc("watch", "story-k1").status == 0
    assert "not offered: nothing is POC" in story.stoppoc("show", "cluster", "story-k1").out

    account = story.ok("show", "account", "story", "--history")
    assert account["credit"]["available"] == 1_000_000 - 421_000
    assert [one["amount"] for one in account["invoices"]].count(120_000) == 2
    assert {one["kind"] for one in account["history"]} >= {"charge", "refund", "poc_charge", "poc_refund"}
    invoice = account["invoices"][0]
    assert story.ok("show", "invoice", invoice["invoice"]) == invoice | {"uses": [], "payments": []}
    assert "43,200 minutes / 43,200" in story.stoppoc("show", "invoice", invoice["invoice"]).out


def test_what_is_shown_to_people_names_what_json_does(story: Folder) -> None:
    for arguments, words in (
        (("show", "account", "story"), ("credit", "POC", "story")),
        (("show", "order", "story-k1", "--explain"), ("stop poc", "To be paid: ")),
        (("show", "cluster", "story-k1"), ("story-srv-1", "story-vol-2", "prepaid")),
    ):
        said = story.stoppoc(*arguments)
        assert said.status == 0
        assert [word for word in words if word not in said.out] == []


def test_an_order_that_is_refused_has_its_reason_and_status_1(story: Folder) -> None:
    said = story.send("StopPoc", account="story", cluster="nobodys", months=1, pay="credit")
    assert said.status == 1
    assert said.document["answer"]["data"]["reason"] == "cluster_unknown"


def test_what_deletes_a_cluster_answers_for_the_cluster(story: Folder) -> None:
    said = story.send("DeleteCluster", account="story", cluster="story-k1")
    assert said.status == 0, json.dumps(said.document)
    assert said.document["answer"]["type"] == "billing.lifecycle.ClusterDeleted.v1"
    assert said.document["answer"]["data"]["resources"] == 3


def test_what_is_not_there_is_not_shown(story: Folder) -> None:
    for what, id_ in (
        ("cluster", "no"),
        ("order", "no"),
        ("invoice", "019a0000-0000-7000-8000-000000000001"),
    ):
        assert story.stoppoc("show", what, id_).status == 1
    assert story.stoppoc("show", "invoice", "no").status == 2
