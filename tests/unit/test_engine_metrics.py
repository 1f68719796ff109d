"""The metrics are the list and nothing but the list: on the page, in the documentation, in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from shared.engine import metrics
from shared.engine.faults import Verdict
from shared.engine.metrics import METRICS, Metric, Metrics, Outcome

ROOT = Path(__file__).parents[2]
UNITS = {"total", "seconds", "messages", "partitions", "keys", "rows"}


@pytest.fixture
def counted() -> Metrics:
    return Metrics("some")


def series(counted: Metrics) -> dict[str, float]:
    lines = (line for line in counted.page().decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_says_its_unit_and_its_meaning(metric: Metric) -> None:
    assert re.fullmatch(r"stoppoc(_[a-z]+)+", metric.name)
    assert metric.name.rsplit("_", 1)[1] in UNITS
    assert metric.meaning.endswith(".")
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert (metric.kind == "histogram") == bool(metric.buckets)
    assert list(metric.buckets) == sorted(set(metric.buckets))


def test_the_page_has_every_metric_of_the_list_and_no_other(counted: Metrics) -> None:
    page = counted.page().decode()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    assert kinds == {metric.name: metric.kind for metric in METRICS}
    meanings = dict(re.findall(r"^# HELP (\S+) (.+)$", page, re.MULTILINE))
    assert meanings == {metric.name: metric.meaning for metric in METRICS}


def test_the_documentation_is_the_list() -> None:
    written = (ROOT / "docs" / "metrics.md").read_text()
    assert written == metrics.document(), "run: python -m shared.engine.metrics > docs/metrics.md"
    assert all(f"`{metric.name}`" in written for metric in METRICS)


def test_no_metric_is_made_anywhere_else_but_at_the_door() -> None:
    files = [path for room in ("services", "shared", "deploy") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 10
    users = {path.relative_to(ROOT).as_posix() for path in files if "prometheus_client" in imported(path)}
    assert users == {"shared/engine/metrics.py", "deploy/pay/door.py"}


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    from_ = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | from_}


def test_messages_are_counted_by_outcome(counted: Metrics) -> None:
    for number, outcome in enumerate(Outcome, start=1):
        counted.messages[outcome].inc(number)
    assert {
        name: value for name, value in series(counted).items() if name.startswith("stoppoc_messages_total")
    } == {
        f'stoppoc_messages_total{{outcome="{outcome}",service="some"}}': number
        for number, outcome in enumerate(Outcome, start=1)
    }


def test_faults_are_counted_by_verdict(counted: Metrics) -> None:
    counted.faults[Verdict.PARK].inc()
    assert series(counted)['stoppoc_faults_total{service="some",verdict="park"}'] == 1
    assert series(counted)['stoppoc_faults_total{service="some",verdict="crash"}'] == 0


def test_topics_have_a_series_once_they_are_met(counted: Metrics) -> None:
    assert not [name for name in series(counted) if "topic=" in name]
    counted.published["one"].inc(3)
    counted.published["one"].inc(4)
    counted.lag["two"].set(9)
    assert {name: value for name, value in series(counted).items() if "topic=" in name} == {
        'stoppoc_published_messages_total{service="some",topic="one"}': 7,
        'stoppoc_lag_messages{service="some",topic="two"}': 9,
    }


def test_ages_fall_into_buckets_as_prometheus_counts_them(counted: Metrics) -> None:
    # On a bound is in its bucket; a clock behind the broker's makes no negative sum.
    counted.ages.observe([0.01, 0.2, 0.2, 100_000.0, -3.0])
    found = series(counted)
    name = "stoppoc_message_age_seconds"
    assert found[f'{name}_bucket{{le="0.01",service="some"}}'] == 2
    assert found[f'{name}_bucket{{le="0.1",service="some"}}'] == 2
    assert found[f'{name}_bucket{{le="0.25",service="some"}}'] == 4
    assert found[f'{name}_bucket{{le="86400.0",service="some"}}'] == 4
    assert found[f'{name}_bucket{{le="+Inf",service="some"}}'] == 5
    assert found[f'{name}_count{{service="some"}}'] == 5
    assert found[f'{name}_sum{{service="some"}}'] == pytest.approx(100_000.41)


def test_ages_print_as_an_ordinary_histogram_does(counted: Metrics) -> None:
    values = [0.0004, 0.001, 0.3, 7.0, 26.0]
    counted.ages.observe(values)
    for value in values:
        counted.batch_seconds.observe(value)
    ours = [
        line
        for line in counted.page().decode().splitlines()
        if line.startswith("stoppoc_message_age_seconds")
    ]
    theirs = [
        line for line in counted.page().decode().splitlines() if line.startswith("stoppoc_batch_seconds")
    ]
    shape = re.compile(r'le="[^"]+"|[0-9.]+$|stoppoc_\w+?_seconds')
    assert len({shape.sub("", line) for line in ours} ^ {shape.sub("", line) for line in theirs}) == 0


def test_two_workers_of_one_process_do_not_share_series(counted: Metrics) -> None:
    other = Metrics("other")
    counted.consumer_rebuilds.inc()
    assert series(counted)['stoppoc_consumer_rebuilds_total{service="some"}'] == 1
    assert series(other)['stoppoc_consumer_rebuilds_total{service="other"}'] == 0
