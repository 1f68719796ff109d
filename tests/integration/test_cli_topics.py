"""`topics apply` on a real broker: makes what is missing, mends what differs, refuses what would break the order."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from confluent_kafka.admin import ConfigResource, NewTopic, ResourceType

from deploy.topics import BrokerSilent, TopicsRefused, admin_of, answer, apply, dead_letter_topics, wanted
from services.hold.service import HOLD
from shared.contracts.topics import PARTITIONS, Topic

pytestmark = pytest.mark.kafka


def named(name: str, days: int = 7) -> Topic:
    return Topic(
        f"{name}.{secrets.token_hex(4)}", "a test's", retention=timedelta(days=days), broker_time=True
    )


def test_every_service_has_three_topics_those_it_reads_and_dead_letters_for_these() -> None:
    assert [topic.name for topic in wanted([HOLD])] == [
        "billing.hold.commands.v1",
        "billing.hold.commands.v1.hold.dlq",
        "billing.hold.events.v1",
        "billing.hold.state.v1",
        "billing.lifecycle.events.v1",
        "billing.lifecycle.events.v1.hold.dlq",
    ]
    assert dead_letter_topics([HOLD]) == [
        "billing.hold.commands.v1.hold.dlq",
        "billing.lifecycle.events.v1.hold.dlq",
    ]


def test_missing_topics_are_made_once(kafka: str) -> None:
    topics = [named("a"), named("b")]
    assert [change.what for change in apply(kafka, topics, check=True)] == ["create", "create"]
    assert [change.what for change in apply(kafka, topics)] == ["create", "create"]
    assert apply(kafka, topics) == []
    assert apply(kafka, topics, check=True) == []


def test_two_who_make_the_same_topics_at_once_do_not_hinder_each_other(kafka: str) -> None:
    topics = [named("a") for _ in range(5)]
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: apply(kafka, topics), range(4)))
    assert any(done)
    assert apply(kafka, topics) == []


def test_made_topics_have_their_partitions_and_settings(kafka: str) -> None:
    topic = named("a")
    apply(kafka, [topic])
    admin = admin_of(kafka)
    assert len(admin.list_topics(timeout=10).topics[topic.name].partitions) == PARTITIONS
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic.name)]).values()
    there = answer(future)
    assert {name: there[name].value for name in topic.settings} == topic.settings


def test_a_setting_that_differs_is_mended_and_the_others_are_left(kafka: str) -> None:
    before = named("a", days=7)
    apply(kafka, [before])
    after = Topic(before.name, before.question, timedelta(days=8), broker_time=True)
    (change,) = apply(kafka, [after])
    assert (change.what, change.settings) == ("mend", {"retention.ms": str(8 * 86_400_000)})
    assert apply(kafka, [after]) == []


def test_another_number_of_partitions_is_refused_and_nothing_is_done(kafka: str) -> None:
    wrong, missing = named("a"), named("b")
    admin = admin_of(kafka)
    (future,) = admin.create_topics([NewTopic(wrong.name, 3, 1)]).values()
    answer(future)
    while wrong.name not in admin.list_topics(timeout=10).topics:
        time.sleep(0.05)
    with pytest.raises(TopicsRefused, match=f"{wrong.name} has 3 partitions, not 12: a key's partition"):
        apply(kafka, [missing, wrong])
    assert missing.name not in admin.list_topics(timeout=10).topics


def test_more_copies_than_brokers_are_refused_by_the_broker(kafka: str) -> None:
    with pytest.raises(BrokerSilent, match=r"(?i)replication"):
        apply(kafka, [named("a")], copies=3)
