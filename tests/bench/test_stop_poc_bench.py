"""The bench of Stop POC itself: a trial leaves books that add up; a tiny run of all of it, which STOPPOC_E2E=full does, gives
figures that agree with each other."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from deploy.bench.servers import Unfit
from deploy.bench.stop_poc.bench import QUICK, Alone, Bench, Plan
from deploy.bench.stop_poc.crew import OURS
from deploy.bench.stop_poc.estate import RESOURCES
from deploy.bench.stop_poc.ground import Ground, check, expected, prepared
from deploy.bench.stop_poc.plot import plot
from deploy.bench.stop_poc.report import page, put, report
from deploy.bench.stop_poc.trial import Size, Trial, attempt, spread
from deploy.bench.stop_poc.verdict import REQUIRED, alone, ratios
from deploy.bench.verdict import verdicts
from deploy.services import SERVICES

TINY = Plan(
    ours=Size(2, 6),
    naive=Size(1, 1),
    standing=12,
    ours_alone=Alone(1, 2),
    naive_alone=Alone(0, 2),
    rounds=1,
    stored=(150, 600),
    growing=Size(1, 3),
    growing_rounds=1,
)


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    servers = prepared(tmp_path)
    try:
        ready = await servers.__aenter__()
    except Unfit as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have a real Kafka of its own: {reason}", pytrace=False)
        pytest.skip(f"not run for want of a real Kafka: {reason}")
    try:
        yield ready
    finally:
        await servers.__aexit__(None, None, None)


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.timeout(900)
async def test_a_trial_leaves_what_all_its_clusters_must_leave(ground: Ground, tmp_path: Path) -> None:
    dsn = await ground.standing(TINY.standing, tmp_path)
    check(await ground.books(dsn), expected(0, TINY.standing))
    await ground.audited(dsn)
    trial = await attempt(ground, OURS, TINY.standing, TINY.growing, tmp_path)
    assert trial.resources == TINY.growing.clusters * RESOURCES
    assert trial.rate > 0
    assert set(trial.cpu_s_per_1000) == {*SERVICES, "postgres", "broker", "all"}
    assert set(trial.memory_mib) == {*SERVICES, "all"}


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.environ.get("STOPPOC_E2E") != "full", reason="of the whole run: minutes of measuring")
async def test_a_tiny_run_gives_figures_that_agree_with_each_other(ground: Ground, tmp_path: Path) -> None:
    told: list[str] = []
    figures: dict[str, Any] = json.loads(json.dumps(await Bench(ground, TINY, tmp_path, told.append).run()))
    rates = {name: one["median"] for name, one in figures["rates"].items()}
    assert set(rates) == {"ours", "naive", "sql_floor", "broker_floor"}
    assert figures["ratio_naive"] == pytest.approx(rates["ours"] / rates["naive"], rel=0.01)
    in_series = 1 / (1 / rates["sql_floor"] + 1 / rates["broker_floor"])
    assert figures["ratio_floor"] == pytest.approx(rates["ours"] / in_series, rel=0.01)
    [ours] = figures["runs"]["ours"]
    assert ours["resources"] == 6 * RESOURCES
    assert 0 < figures["latency"]["ours"]["median_ms"] <= figures["latency"]["ours"]["p99_ms"]
    assert len(figures["requirements"]) == len(REQUIRED)
    assert [one["stored"] for one in figures["growth"]] == [150, 600]
    assert "round 1: ours" in told
    _is_told(figures, tmp_path)


def _is_told(figures: dict[str, Any], directory: Path) -> None:
    rate = f"{figures['rates']['ours']['median']:,.0f}"
    assert rate in report(figures)
    assert rate in page(figures)
    document, picture = directory / "page.md", directory / "growth.svg"
    document.write_text("# Performance\n\n## Figures of Stop POC\n\nold\n\n## Figures\n\nThe engine's.\n")
    for _ in range(2):
        put(document, picture, figures)
    shown = page(figures, "growth.svg")
    assert (
        document.read_text()
        == f"# Performance\n\n## Figures of Stop POC\n\n{shown}\n## Figures\n\nThe engine's.\n"
    )
    assert picture.read_text() == plot(figures["growth"])


def test_a_trial_that_lost_a_resource_is_no_trial() -> None:
    check(expected(3, 10), expected(3, 10))
    with pytest.raises(Unfit, match="converted is 90 and not 120"):
        check(expected(3, 10), expected(4, 10))


def test_clusters_are_drawn_once_each_and_far_apart() -> None:
    drawn = list(spread(500))
    assert sorted(drawn) == list(range(1, 501))
    assert min(abs(one - other) for one, other in pairwise(drawn)) > 100


def test_ratios_are_medians_of_what_each_round_shows() -> None:
    def at(*rates: int) -> list[Trial]:
        return [Trial(rate, 1.0) for rate in rates]

    trials = {"ours": at(100, 300, 200), "naive": at(10, 10, 5), "sql_floor": at(600, 600, 600)}
    assert ratios(trials | {"broker_floor": at(300, 300, 300)}) == {
        "ratio_naive": 30.0,
        "ratio_floor": 1.0,
        "ratio_naive_by_round": [10.0, 30.0, 40.0],
        "ratio_floor_by_round": [0.5, 1.5, 1.0],
        "floors_in_series": 200.0,
    }


def test_a_lone_stop_is_held_to_its_limits_and_to_the_naive_twin() -> None:
    latency = alone({"ours": {"median_ms": 61.0, "p99_ms": 149.0}, "naive": {"median_ms": 50.0}})
    figures = {"ratio_naive": 12.0, "ratio_floor": 0.29, "latency": latency}
    found = {one["what"]: one["met"] for one in verdicts(figures, REQUIRED)}
    assert found == {
        "ours / naive": True,
        "ours / floors in series": False,
        "a lone Stop POC, median ms": False,
        "a lone Stop POC, 99th percentile ms": True,
        "a lone Stop POC, ours / naive": False,
    }


def test_the_picture_is_an_svg_that_shows_every_point() -> None:
    points = [
        {"stored": 10_000, "rate": 900.0, "cpu_s_per_1000": 1.9},
        {"stored": 1_000_000, "rate": 850.0, "cpu_s_per_1000": 2.05},
    ]
    picture = ElementTree.fromstring(plot(points))
    told = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {"10,000", "1,000,000", "900", "850", "1.90", "2.05"} <= told
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}circle"))) == 4


def test_a_quick_run_is_small_and_can_be_resized() -> None:
    plan = QUICK.resized(300, 2)
    assert (plan.ours.clusters, plan.rounds) == (300, 2)
    assert plan.standing >= plan.ours.warm + plan.ours.clusters
