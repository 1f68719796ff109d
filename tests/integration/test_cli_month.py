"""`stoppoc month` and `stoppoc show invoice` as finance meets them, on what two scenarios have left behind."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from deploy.services import SERVICES
from deploy.simulate.stage import stage_on
from deploy.simulate.world import World
from shared.contracts.checkout import Buy, PublishPrices
from shared.contracts.hold import OpenAccount, TopUp
from shared.contracts.resources import DeleteResource
from shared.metering import month_start
from tests.conftest import run_apart
from tests.support.system import Folder, Said

pytestmark = pytest.mark.postgres

_BEGINS: Final = month_start("2026-03")
_ENDS: Final = month_start("2026-04")
_PRICES: Final = [
    {"kind": "k8s_node", "flavor": "node", "vnd": 310_000},
    {"kind": "volume", "flavor": "ssd", "vnd": 31_000},
]


async def _live(dsn: str) -> None:
    async with stage_on(dsn, list(SERVICES.values())) as stage, stage.world(_BEGINS, keep=True) as world:
        await _say(world)
        await world.advance(_ENDS)


async def _say(world: World) -> None:
    nodes = [{"resource": f"node-{n}", "kind": "k8s_node", "flavor": "node", "cluster": "k1"} for n in (1, 2)]
    of_beta = [{"resource": "vol-1", "kind": "volume", "flavor": "ssd", "months": 1}]
    for number, message in enumerate(
        (
            PublishPrices.model_validate({"prices": _PRICES, "from": _BEGINS}),
            OpenAccount(account="acme", mode="prepaid", email="a@acme.example"),
            TopUp(account="acme", amount=1_000_000, reference="A-1"),
            OpenAccount(account="beta", mode="postpaid", email="b@beta.example"),
            Buy.model_validate({"account": "acme", "items": nodes, "pay": "hold"}),
            Buy.model_validate({"account": "beta", "items": of_beta, "pay": "credit"}),
            DeleteResource(account="acme", resource="node-2"),
        )
    ):
        if isinstance(message, DeleteResource):
            await world.advance(_BEGINS + timedelta(days=15))
        await world.send(message, f"0195668e-0000-7000-8000-{number:012d}")


@pytest.fixture(scope="module")
def books(postgres_server: Postgres) -> Iterator[str]:
    """A database in which March is over. node-1 cost 310,000 x 31 / 30, vol-1 31,000 x 31 / 30."""

    async def order(statement: str) -> None:
        conn = await asyncpg.connect(postgres_server.dsn)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    run_apart(order("create database finance"))
    run_apart(_live(postgres_server.dsn_of("finance")))
    yield postgres_server.dsn_of("finance")
    run_apart(order("drop database finance with (force)"))


@pytest.fixture
def ask(books: str, tmp_path: Path) -> Any:
    """Runs a command on those books."""

    def stoppoc(*arguments: str) -> Said:
        return Folder(tmp_path).stoppoc(*arguments, STOPPOC_POSTGRES=books)

    return stoppoc


def test_every_line_of_the_month_is_exported_with_its_price_and_how_it_was_settled(ask: Any) -> None:
    said = ask("month", "export", "2026-03", "--csv")
    assert said.status == 0
    rows = list(csv.DictReader(io.StringIO(said.out)))
    names = ("account", "resource", "from", "until", "units", "price_vnd", "amount_vnd", "invoice", "settled")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("acme", "node-1", "2026-03-01T00:00:00+07:00", "2026-04-01T00:00:00+07:00", "44640", "310000", "320333",
         "2026-03-000002", "paid"),
        ("acme", "node-2", "2026-03-01T00:00:00+07:00", "2026-03-16T00:00:00+07:00", "21600", "310000", "155000",
         "2026-03-000001", "paid"),
        ("beta", "vol-1", "2026-03-01T00:00:00+07:00", "2026-04-01T00:00:00+07:00", "44640", "31000", "32033",
         "2026-03-000001", "unpaid"),
    ]  # fmt: skip
    assert ask("month", "export", "2026-03").out == said.out
    as_json = ask("month", "export", "2026-03", "--json").document
    assert [{name: str(value) for name, value in row.items() if value is not None} for row in as_json] == [
        {name: value for name, value in row.items() if value} for row in rows
    ]


def test_a_month_without_use_is_exported_empty(ask: Any) -> None:
    assert ask("month", "export", "2026-01", "--json").document == []
    assert ask("month", "export", "2026-01").out.count("\n") == 1


def test_the_control_sheet_ties_to_the_ledger(ask: Any) -> None:
    said = ask("month", "export", "2026-03", "--control", "--json")
    assert said.status == 0
    sheet = said.document
    assert set(sheet["differences"].values()) == {0}
    assert [(one["product"], one["recorded"], one["paid"], one["booked"]) for one in sheet["products"]] == [
        ("vcontainer", 475_333, 475_333, 475_333),
        ("vserver", 32_033, 0, 0),
    ]
    assert sheet["totals"] == {
        "recorded": 507_366, "invoiced": 507_366, "not_recorded": 0, "paid": 475_333, "ledger": 475_333, "awaited": 0,
    }  # fmt: skip
    assert "Everything ties." in ask("month", "export", "2026-03", "--control").out


async def test_a_control_sheet_that_does_not_tie_says_so_and_fails(ask: Any, books: str) -> None:
    conn = await asyncpg.connect(books)
    try:
        await conn.execute("set session_replication_role = replica")
        await conn.execute("update invoicing.payment set amount_vnd = amount_vnd + 2 where number = 1")
        said = ask("month", "export", "2026-03", "--control")
        await conn.execute("update invoicing.payment set amount_vnd = amount_vnd - 2 where number = 1")
    finally:
        await conn.close()
    assert said.status == 1
    assert "This does not tie." in said.out


def test_how_far_a_month_is_is_told(ask: Any) -> None:
    assert ask("month", "status", "2026-03", "--json").document == {
        "month": "2026-03", "accounts": 2, "amount": 507_366, "waiting": 0, "invoices": 3, "invoiced": 507_366,
        "paid": 475_333, "unpaid": 1,
    }  # fmt: skip
    assert ask("month", "status", "2026-04", "--json").document["waiting"] == 2
    assert "507,366" in ask("month", "status", "2026-03").out


@pytest.mark.parametrize("month", ["2026-13", "2026-3", "march", "٢٠٢٦-٠٣"])
def test_what_is_no_month_is_refused(ask: Any, month: str) -> None:
    for command in ("status", "export"):
        said = ask("month", command, month)
        assert said.status == 2
        assert "is no month like 2026-03" in said.err


def test_one_form_of_export_is_chosen(ask: Any) -> None:
    assert ask("month", "export", "2026-03", "--csv", "--json").status == 2


def test_an_invoice_for_use_tells_how_its_amount_came_about_and_how_it_was_paid(ask: Any) -> None:
    invoices = ask("show", "account", "acme", "--json").document["invoices"]
    found = ask("show", "invoice", invoices[1]["invoice"], "--json").document
    assert (found["action"], found["amount"], found["status"]) == ("month", 320_333, "paid")
    assert [(use["resource"], use["units"], use["amount"]) for use in found["uses"]] == [
        ("node-1", 44_640, 320_333)
    ]
    assert [(one["amount"], one["paid_by"]) for one in found["payments"]] == [(320_333, "settlement")]
    told = ask("show", "invoice", invoices[1]["invoice"]).out
    assert "310,000 VND per 30 days x 1 x 44,640 minutes / 43,200" in told
    assert "all that was used in 2026-03" in told
