"""The bench itself: a small run of all of it gives figures that agree with each other, and books that add up.

It is a guard against slow releases too: the bounds are far below what an idle machine shows (docs/performance.md), and hold
on a slow and busy one; one of them fails when the engine has become several times slower than it was.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deploy.bench.engine import Bench, Plan
from deploy.bench.ground import Books, Ground, Unfit, check, expected
from deploy.bench.load import Load
from deploy.bench.memory import by_quarter
from deploy.bench.report import page, put, report
from deploy.bench.trial import Size, Trial
from deploy.bench.verdict import ratios, verdicts
from tests.bench.conftest import measured

SMALL = Plan(
    ours=Size(1_000, 10_000),
    naive=Size(50, 300),
    floor=Size(1_000, 6_000),
    accounts=2_000,
    rounds=1,
    latency_messages=10,
)
if os.environ.get("STOPPOC_E2E") == "full":
    SMALL = replace(
        SMALL, memory=Size(500, 2_000), stored=Size(500, 2_000), stored_rounds=1, stored_accounts=(100, 5_000)
    )
LEAST_OF_NAIVE = 10
LEAST_OF_FLOORS = 0.15


class Run(NamedTuple):
    """What a run measured, and what it told on the way."""

    figures: dict[str, Any]
    told: list[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory, told = tmp_path_factory.mktemp("bench"), list[str]()
    figures = measured(directory, lambda ground: Bench(ground, SMALL, directory, told.append).run())
    return Run(json.loads(json.dumps(figures)), told)


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.timeout(900)
def test_a_small_run_gives_figures_that_agree_with_each_other(run: Run, tmp_path: Path) -> None:
    figures = run.figures
    rates = {name: one["median"] for name, one in figures["rates"].items()}
    assert set(rates) == {
        "ours", "naive", "naive_auto", "naive_8", "sql_floor", "sql_floor_at_once", "broker_floor",
    }  # fmt: skip
    assert min(rates.values()) > 0
    assert figures["ratio_naive"] == pytest.approx(rates["ours"] / rates["naive"], rel=0.01)
    in_series = 1 / (1 / rates["sql_floor"] + 1 / rates["broker_floor"])
    assert figures["ratio_floor"] == pytest.approx(rates["ours"] / in_series, rel=0.01)
    at_once = 1 / (1 / rates["sql_floor_at_once"] + 1 / rates["broker_floor"])
    assert figures["ratio_floor_at_once"] == pytest.approx(rates["ours"] / at_once, rel=0.01)
    [ours] = figures["runs"]["ours"]
    assert ours["messages"] == 10_000
    assert set(ours["cpu_us"]) == {"worker", "postgres", "broker", "all"}
    assert ours["cpu_us"]["all"] == pytest.approx(sum(ours["cpu_us"].values()) / 2, abs=1)
    assert len(figures["requirements"]) == (4 if SMALL.memory is None else 6)
    assert 0 < figures["latency"]["ours"]["median_ms"] <= figures["latency"]["ours"]["p99_ms"]
    assert figures["settings"]["seed"] == 1
    for text in (report(figures), page(figures)):
        assert f"{rates['ours']:,.0f}" in text
    document = tmp_path / "page.md"
    document.write_text("# Performance\n\nText.\n")
    for _ in range(2):
        put(document, figures)
    assert document.read_text() == f"# Performance\n\nText.\n\n## Figures\n\n{page(figures)}"
    assert "round 1: ours" in run.told


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.timeout(900)
def test_the_engine_is_many_times_a_plain_consumer_and_not_far_from_the_floors(run: Run) -> None:
    assert run.figures["ratio_naive"] >= LEAST_OF_NAIVE, run.figures["rates"]
    assert run.figures["ratio_floor"] >= LEAST_OF_FLOORS, run.figures["rates"]


def test_ratios_are_medians_of_what_each_round_shows() -> None:
    def at(*rates: int) -> list[Trial]:
        return [Trial(rate, 1.0) for rate in rates]

    trials = {"ours": at(100, 300, 200), "naive": at(10, 10, 5), "sql_floor": at(600, 600, 600)}
    found = ratios(trials | {"broker_floor": at(300, 300, 300), "naive_8": at(40)})
    assert found == {
        "ratio_naive": 30.0,
        "ratio_floor": 1.0,
        "ratio_naive_by_round": [10.0, 30.0, 40.0],
        "ratio_floor_by_round": [0.5, 1.5, 1.0],
        "ratio_naive_8": 5.0,
        "floors_in_series": 200.0,
    }


def test_only_what_was_measured_is_required() -> None:
    found = verdicts({"ratio_naive": 19.9, "ratio_floor": 0.5, "memory": {"growth": 1.06}})
    assert [(one["measured"], one["met"]) for one in found] == [(19.9, False), (0.5, True), (1.06, False)]


def test_a_trial_that_lost_a_message_is_no_trial() -> None:
    books = Books(**expected(10, 5, 500), snapshots=3)
    check(books, expected(10, 5, 500))
    with pytest.raises(Unfit, match="inbox_rows is 5 and not 6"):
        check(books, expected(10, 6, 500))


def test_the_load_is_the_same_for_the_same_seed() -> None:
    def first(seed: int, name: str = "") -> list[tuple[str, str, int]]:
        records = Load(seed, 50, 1_000, name).records()
        return [(one.message_id, one.key, one.amount) for one, _ in zip(records, range(20), strict=False)]

    assert first(1) == first(1)
    assert len({tuple(first(1)), tuple(first(2)), tuple(first(1, "other"))}) == 3
    assert len({message_id for message_id, _, _ in first(1)}) == 20


def test_accounts_drawn_from_many_are_evenly_spread_over_them() -> None:
    records = Load(1, 1_000, 1_000, drawn=10).records()
    keys = {one.key for one, _ in zip(records, range(300), strict=False)}
    assert keys == {f"acc-{number:07d}" for number in range(0, 1_000, 100)}


def test_quarters_are_means() -> None:
    assert by_quarter([1.0, 3.0, 5.0, 5.0, 7.0, 9.0, 4.0, 4.0]) == [2.0, 5.0, 8.0, 4.0]


@pytest.mark.kafka
@pytest.mark.postgres
async def test_many_accounts_are_seeded_with_books_that_add_up(ground: Ground) -> None:
    dsn = await ground.database(150_000)
    await ground.fresh_topics()
    check(await ground.books(dsn), expected(150_000, 0, 0))
