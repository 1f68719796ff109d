"""The metrics: one closed list, each with its unit and meaning, and the object a worker counts with.

Nothing else in a worker makes a metric. What counts is called once a batch, on series bound to their labels beforehand.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from shared.engine.faults import Verdict

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

T = TypeVar("T")
V = TypeVar("V", bound=StrEnum)
F = TypeVar("F", Counter, Gauge)


class Outcome(StrEnum):
    """What became of a message that was read."""

    DECIDED = "decided"
    DUPLICATE = "duplicate"
    PASSED_OVER = "passed_over"
    PARKED = "parked"
    QUEUED = "queued"
    DEAD_LETTERED = "dead_lettered"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name ends in its unit. All carry the label `service`, besides their own."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    label: str = ""
    buckets: tuple[float, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its labels."""
        return ("service", self.label) if self.label else ("service",)


# From one small statement to the limit of a batch.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)
_MESSAGES: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)
# From what a person does not notice to an outage of a day.
_AGES: Final = (
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
    1800.0,
    7200.0,
    86400.0,
)

MESSAGES: Final = Metric(
    "stoppoc_messages_total",
    "counter",
    "Messages read, by what became of them: decided; duplicate (done before); passed_over (on a topic we read, "
    "without a rule that heeds it); parked (its rule raised); queued (behind a parked one of its key); dead_lettered (unreadable).",
    label="outcome",
)
BATCH_SECONDS: Final = Metric(
    "stoppoc_batch_seconds",
    "histogram",
    "A batch, from the records in hand to the start of its publishing.",
    buckets=_SECONDS,
)
BATCH_MESSAGES: Final = Metric(
    "stoppoc_batch_messages", "histogram", "Messages in one batch.", buckets=_MESSAGES
)
TRANSACTION_SECONDS: Final = Metric(
    "stoppoc_transaction_seconds",
    "histogram",
    "A batch's database transaction, from begin to committed.",
    buckets=_SECONDS,
)
PUBLISH_SECONDS: Final = Metric(
    "stoppoc_publish_seconds",
    "histogram",
    "Publishing a batch's outbox rows, until the broker has them all.",
    buckets=_SECONDS,
)
PUBLISHED_MESSAGES: Final = Metric(
    "stoppoc_published_messages_total",
    "counter",
    "Messages the broker has acknowledged, by topic.",
    label="topic",
)
FAULTS: Final = Metric(
    "stoppoc_faults_total",
    "counter",
    "Failures by verdict: retry (the world was not ready); park (this message can never work); crash (the engine is wrong).",
    label="verdict",
)
CONSUMER_REBUILDS: Final = Metric(
    "stoppoc_consumer_rebuilds_total", "counter", "Consumers thrown away after an error and made anew."
)
PRODUCER_REBUILDS: Final = Metric(
    "stoppoc_producer_rebuilds_total", "counter", "Producers thrown away after an error and made anew."
)
ASSIGNED_PARTITIONS: Final = Metric(
    "stoppoc_assigned_partitions", "gauge", "Partitions this worker has now; a spare has 0."
)
LAG_MESSAGES: Final = Metric(
    "stoppoc_lag_messages",
    "gauge",
    "Records on this worker's partitions that it has not read yet, by topic; no series before it is known.",
    label="topic",
)
PARKED_KEYS: Final = Metric(
    "stoppoc_parked_keys", "gauge", "Keys with a parked message: they stand still until it is mended."
)
OUTBOX_ROWS: Final = Metric(
    "stoppoc_outbox_rows",
    "gauge",
    "Outbox rows left behind: committed, and not yet published after the last publish.",
)
STALE_PUBLISHES: Final = Metric(
    "stoppoc_stale_publishes_total",
    "counter",
    "Publishes given up because the partition had gone to another worker, who publishes in our stead.",
)
JOB_PERIODS: Final = Metric(
    "stoppoc_job_periods_total", "counter", "Periods for which this worker made the scheduled messages."
)
JOB_BEHIND_SECONDS: Final = Metric(
    "stoppoc_job_behind_seconds",
    "gauge",
    "For how long a job has had something due that is not done, by job; 0 where nothing is.",
    label="job",
)
MESSAGE_AGE_SECONDS: Final = Metric(
    "stoppoc_message_age_seconds",
    "histogram",
    "A decided message, from its acceptance by the broker to the commit of what it caused.",
    buckets=_AGES,
)
LETTERS: Final = Metric(
    "stoppoc_letters_total",
    "counter",
    "Letters tried, by what the mail server made of them: sent; refused (for ever); given_up; delayed (tried again).",
    label="outcome",
)
WAITING_LETTERS: Final = Metric(
    "stoppoc_waiting_letters_rows",
    "gauge",
    "Letters that are still to be sent, counted by whoever sends them; no series where nobody does.",
)

METRICS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


class ByTopic(dict[str, T]):
    """A series per topic, job or outcome, made when it is first met. They come from the code, and are few."""

    def __init__(self, bind: Callable[[str], T]) -> None:
        super().__init__()
        self._bind = bind

    def __missing__(self, topic: str) -> T:
        series = self[topic] = self._bind(topic)
        return series


class Ages(Collector):
    """A histogram that takes a whole batch at once: observing one by one would cost five times as much."""

    def __init__(self, metric: Metric, service: str) -> None:
        self._metric = metric
        self._service = service
        self._counts = [0] * (len(metric.buckets) + 1)
        self._sum = 0.0

    def observe(self, seconds: Iterable[float]) -> None:
        """Counts each. A clock that is a little behind the broker's makes a negative age: that is none."""
        counts, buckets = self._counts, self._metric.buckets
        for age in seconds:
            counts[bisect_left(buckets, age)] += 1
            self._sum += max(age, 0.0)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(self._metric.name, self._metric.meaning, labels=self._metric.labels)
        family.add_metric([self._service], list(self._cumulative()), self._sum)
        yield family

    def _cumulative(self) -> Iterator[tuple[str, float]]:
        total = 0
        for bound, count in zip((*map(str, self._metric.buckets), "+Inf"), self._counts, strict=True):
            total += count
            yield bound, total


class Metrics:
    """One worker's series, in a registry of their own."""

    def __init__(self, service: str) -> None:
        # When a series began is of no use here and would double the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._service = service
        self._registry = CollectorRegistry()
        self.messages: Mapping[Outcome, Counter] = self._each(MESSAGES, Outcome)
        self.batch_seconds = self._histogram(BATCH_SECONDS)
        self.batch_messages = self._histogram(BATCH_MESSAGES)
        self.transaction_seconds = self._histogram(TRANSACTION_SECONDS)
        self.publish_seconds = self._histogram(PUBLISH_SECONDS)
        self.published = ByTopic(self._by(self._counters(PUBLISHED_MESSAGES)))
        self.faults: Mapping[Verdict, Counter] = self._each(FAULTS, Verdict)
        self.consumer_rebuilds = self._counter(CONSUMER_REBUILDS)
        self.producer_rebuilds = self._counter(PRODUCER_REBUILDS)
        self.assigned_partitions = self._gauge(ASSIGNED_PARTITIONS)
        self.lag = ByTopic(self._by(self._gauges(LAG_MESSAGES)))
        self.parked_keys = self._gauge(PARKED_KEYS)
        self.outbox_rows = self._gauge(OUTBOX_ROWS)
        self.stale_publishes = self._counter(STALE_PUBLISHES)
        self.job_periods = self._counter(JOB_PERIODS)
        self.job_behind = ByTopic(self._by(self._gauges(JOB_BEHIND_SECONDS)))
        self.ages = Ages(MESSAGE_AGE_SECONDS, service)
        self._registry.register(self.ages)
        self.letters = ByTopic(self._by(self._counters(LETTERS)))
        self._waiting_letters = self._gauges(WAITING_LETTERS)

    def letters_wait(self, number: int) -> None:
        """So many letters are still to be sent."""
        self._waiting_letters.labels(self._service).set(number)

    def page(self) -> bytes:
        """All series as Prometheus reads them (CONTENT_TYPE)."""
        return generate_latest(self._registry)

    def _counters(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.meaning, metric.labels, registry=self._registry)

    def _gauges(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.meaning, metric.labels, registry=self._registry)

    def _counter(self, metric: Metric) -> Counter:
        return self._counters(metric).labels(self._service)

    def _gauge(self, metric: Metric) -> Gauge:
        return self._gauges(metric).labels(self._service)

    def _histogram(self, metric: Metric) -> Histogram:
        made = Histogram(
            metric.name, metric.meaning, metric.labels, registry=self._registry, buckets=metric.buckets
        )
        return made.labels(self._service)

    def _each(self, metric: Metric, values: type[V]) -> dict[V, Counter]:
        counters = self._counters(metric)
        return {value: counters.labels(self._service, value) for value in values}

    def _by(self, family: F) -> Callable[[str], F]:
        return lambda topic: family.labels(self._service, topic)


def document() -> str:
    """docs/metrics.md: `python -m shared.engine.metrics > docs/metrics.md`."""
    rows = (f"| `{m.name}` | {m.kind} | {', '.join(m.labels)} | {m.meaning} |" for m in METRICS)
    return "\n".join((*_HEAD, *rows, ""))


_HEAD: Final = (
    "# Metrics",
    "",
    "Every worker answers `/metrics` with the series below and no others. A name ends in its unit; histograms come with",
    "`_bucket`, `_sum` and `_count`. This page is generated from the list in `shared/engine/metrics.py`:",
    "`python -m shared.engine.metrics > docs/metrics.md`.",
    "",
    "The door for gateways' callbacks answers with one of its own: `stoppoc_callbacks_total`, by `gateway` and `verdict`.",
    "",
    "| name | kind | labels | meaning |",
    "|---|---|---|---|",
)


if __name__ == "__main__":
    sys.stdout.write(document())
