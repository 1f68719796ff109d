"""What a portal's view shows: every amount, the button, and why an amount is what it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from io import StringIO
from typing import Any, TypeVar

import pytest
from rich.console import Console

from deploy.cli import shown
from deploy.cli.desk import Answer, is_answer
from deploy.cli.say import Section
from deploy.cli.scene import RESOURCES, Scene
from deploy.cli.teller import Teller
from services.hold.books import Running
from services.invoicing.books import Payment
from shared.contracts.checkout import StopPoc
from shared.contracts.hold import Account
from shared.contracts.invoicing import Invoice, UseLine, explained_use
from shared.contracts.lifecycle import Cluster, Resource
from shared.contracts.message import Message
from shared.contracts.months import MonthRecorded
from shared.contracts.orders import Order, OrderLine
from shared.contracts.resources import DeleteCluster

M = TypeVar("M", bound=Message)


def made(model: type[M], **changes: Any) -> M:
    return model.model_validate_json(json.dumps(dict(model.example) | changes))


def cells(sections: Iterable[Section]) -> list[object]:
    return [cell for section in sections for row in section.rows for cell in row]


def test_an_account_is_shown_with_both_wallets_and_what_is_held() -> None:
    found = cells(shown.account(made(Account)))
    for value in ("acme", "credit", 1_000_000, 54_300, 945_700, "POC", 5_000_000, 4_100_000, "vcontainer"):
        assert value in found


def test_an_account_without_poc_has_one_wallet() -> None:
    assert "POC" not in cells(shown.account(made(Account, poc=None, holds=[])))


@pytest.mark.parametrize(
    ("available", "remaining", "words"),
    [
        (True, 3, "offered: 3 still POC"),
        (True, 0, "offered: to clear the flag"),
        (False, 0, "not offered: nothing is POC"),
    ],
)
def test_the_button_says_what_is_left(available: bool, remaining: int, words: str) -> None:
    cluster = made(Cluster, poc=available, stop_poc_available=available, poc_remaining=remaining)
    assert shown.button(cluster) == words
    assert words in cells(shown.cluster(cluster, []))


def test_a_cluster_is_shown_with_all_that_is_in_it() -> None:
    found = cells(
        shown.cluster(made(Cluster), [made(Resource), made(Resource, resource="vol-1", auto_renew=False)])
    )
    for value in ("srv-1", "vol-1", "s-general-1x1", "prepaid", "active"):
        assert value in found
    assert "grace 2026-04-05T02:00:00Z" in found
    assert "by 1 months, from 2026-03-29T01:00:00Z on" in found


@pytest.mark.parametrize(
    ("status", "more", "words"),
    [
        ("grace", {}, "suspended 2026-04-20T02:00:00Z"),
        ("suspended", {}, "released 2026-05-05T02:00:00Z"),
        ("trash", {"trash_until": "2026-03-13T02:00:00Z"}, "released 2026-03-13T02:00:00Z"),
    ],
)
def test_a_resource_tells_what_it_is_next_and_when(status: str, more: dict[str, str], words: str) -> None:
    assert words in cells(shown.cluster(made(Cluster), [made(Resource, status=status, **more)]))


def test_a_resource_without_an_end_tells_of_none() -> None:
    gone = made(Resource, resource="gone", status="released", auto_renew=False)
    held = made(Resource, billing="hold", until=None)
    assert not [cell for cell in cells(shown.cluster(made(Cluster), [gone, held])) if "grace" in str(cell)]


def test_an_order_is_shown_line_by_line_and_with_its_reasons_when_asked() -> None:
    lines = [
        made(OrderLine, status="done"),
        made(OrderLine, id="o:2", resource="vol-1", status="failed", reason="provider_refused", line=None),
    ]
    found = cells(shown.order(made(Order), lines))
    for value in ("724,000 VND", "srv-1", 181_000, "vol-1", "failed", "provider_refused"):
        assert value in found
    whole = cells(shown.order(made(Order), lines, whole=True))
    assert "To be paid: 181,000 VND." in whole
    assert "Nothing is paid for it." in whole


@pytest.mark.parametrize(("carried", "before"), [(0, ""), (36_200, ", 36,200 VND were before")])
def test_a_metered_line_tells_its_price_and_what_is_held(carried: int, before: str) -> None:
    metered = {
        "resource": "node-1", "kind": "k8s_node", "flavor": "s-general-2x4", "quantity": 2, "vnd": 362_000,
        "per": "30d", "estimate": 72_400, "carried": carried,
    }  # fmt: skip
    found = cells(shown.order(made(Order), [made(OrderLine, line=None, metered=metered)], whole=True))
    assert (
        "s-general-2x4: 362,000 VND per 30 days x 2, paid by its use; "
        f"72,400 VND are held for the next 3 days{before}." in found
    )


def test_an_invoice_explains_its_amount_and_tells_when_it_was_closed() -> None:
    found = cells(shown.invoice(made(Invoice)))
    for value in (
        "2026-03-000001",
        "181,000 VND",
        "2026-03-21T02:00:00Z, 90,500 VND unused",
        "To be paid: 181,000 VND.",
    ):
        assert value in found
    assert "closed at" not in cells(shown.invoice(made(Invoice, closed_at=None)))


def test_the_answer_to_a_command_is_about_what_was_asked() -> None:
    asked = made(DeleteCluster)
    of_resource = {
        "ce_type": "billing.lifecycle.ResourceDeleted.v1",
        "ce_correlationid": "1",
        "ce_subject": "srv-1",
    }
    of_cluster = {
        "ce_type": "billing.lifecycle.ClusterDeleted.v1",
        "ce_correlationid": "1",
        "ce_subject": "k1",
    }
    assert not is_answer(asked, of_resource, "1")
    assert is_answer(asked, of_cluster, "1")
    assert not is_answer(asked, of_cluster, "2")


def test_what_follows_from_an_answer_is_not_the_answer() -> None:
    headers = {"ce_correlationid": "1", "ce_subject": "o", "ce_partitionkey": "k1"}
    assert is_answer(made(StopPoc), headers | {"ce_type": "billing.checkout.OrderPlaced.v1"}, "1")
    assert not is_answer(made(StopPoc), headers | {"ce_type": "billing.checkout.OrderPaid.v1"}, "1")


def told(width: int = 120) -> tuple[Teller, StringIO]:
    out = StringIO()
    return Teller(Console(file=out, width=width, highlight=False)), out


def test_the_demo_shows_wallets_before_and_after() -> None:
    teller, out = told()
    poor = {"total": 300_000, "held": 0, "available": 300_000}
    teller.wallets(made(Account), made(Account, credit=poor))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines[1:] == [
        ["credit", "1,000,000", "300,000", "-700,000", "VND"],
        ["POC", "4,100,000", "4,100,000", "+0", "VND"],
    ]


def test_the_demo_says_what_is_wrong_and_remembers_it() -> None:
    teller, out = told()
    for right, words in ((True, "this"), (False, "that")):
        teller.find(right, words)
    assert out.getvalue().splitlines() == ["  right  this", "  WRONG  that"]
    assert [finding.right for finding in teller.findings] == [True, False]


def test_the_demo_shows_each_thing_asked_with_its_answer_and_a_reason() -> None:
    teller, out = told()
    scene = Scene("1", datetime(2026, 3, 6, tzinfo=UTC))
    refused = Answer({"ce_type": "billing.checkout.OrderRefused.v1"}, {"reason": "not_poc"}, 0.0123)
    teller.answered(scene.stopping("again", "not_poc"), refused)
    assert out.getvalue().split() == ["StopPoc", "again", "->", "OrderRefused", "12", "ms", "not_poc"]


def test_the_scene_is_one_cluster_of_three_servers_and_five_volumes() -> None:
    scene = Scene("1", datetime(2026, 3, 6, tzinfo=UTC))
    ask = scene.buying().ask.model_dump()
    assert len(ask["items"]) == RESOURCES == 8
    assert {item["cluster"] for item in ask["items"]} == {scene.cluster}
    assert scene.unwilling in {item["resource"] for item in ask["items"]}


def use_of(per: str = "30d", amount: int = 181_000, **changes: Any) -> UseLine:
    [line] = MonthRecorded.example["lines"]
    return UseLine.model_validate_json(json.dumps(line | {"per": per, "amount": amount} | changes))


def test_an_invoice_for_use_shows_its_lines_and_its_payments() -> None:
    of = made(Invoice, line=None, resource=None, product=None, kind=None, action="month")
    paid = Payment(datetime(2026, 4, 1, tzinfo=UTC), "auto_payment", None, 100_000, 0)
    found = cells(shown.invoice(of, [use_of()], [paid]))
    assert "all that was used in 2026-03" in found
    assert "362,000 VND per 30 days x 1 x 21,600 minutes / 43,200" in found
    assert ("auto payment" in found, 100_000 in found) == (True, True)


def test_use_explains_its_amount_whatever_it_is_measured_by() -> None:
    assert explained_use(use_of("gb_hour", 72_000, vnd=5, quantity=40, units=360)) == [
        "5 VND per GB and hour x 40 GB x 360 hours",
        "72,000 VND.",
    ]
    parts = [{"flavor": "s-1", "vnd": 181_000}, {"flavor": "boot", "vnd": 40_001, "discount_percent": 10}]
    first, second, last = explained_use(use_of(amount=-7, parts=parts))
    assert first == "s-1: 181,000 VND per 30 days x 1 x 21,600 minutes / 43,200"
    assert second.endswith(", less its item discount of 10 %")
    assert last == "-7 VND; recorded too much, before its end became known."


def test_what_is_metered_tells_its_price_and_what_it_has_cost_before() -> None:
    since = datetime(2026, 3, 6, tzinfo=UTC)
    node = Running("vcontainer", "node-1", 1, 362_000, "30d", since, 5)
    over = Running("snapshot", "snap-1", None, None, None, since, 240)
    found = cells([shown.metered([node, over, node._replace(per="gb_hour", vnd=3)])])
    for value in ("node-1", "362,000 VND per 30 days", "3 VND per GB and hour", "ended", 240):
        assert value in found
