"""The embedded Apache Kafka: takes and gives records, keeps them over a stop and a kill, on the same port."""

from __future__ import annotations

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka import Kafka

pytestmark = pytest.mark.kafka

_EIGHT_MIB_NEARLY = 8 * 1024 * 1024 - 1024


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 12, 1)])
    finally:
        await admin.close()


async def _produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=_EIGHT_MIB_NEARLY, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, key=value[:8])
    finally:
        await producer.stop()


async def _consume(bootstrap: str, topic: str, count: int) -> set[bytes]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=f"readers-of-{topic}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=3000,
        heartbeat_interval_ms=500,
        max_partition_fetch_bytes=_EIGHT_MIB_NEARLY,
    )
    await consumer.start()
    got: set[bytes] = set()
    try:
        while len(got) < count:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                got.update(record.value for record in records)
    finally:
        await consumer.stop()
    return got


async def test_records_survive_a_stop_and_a_kill(broker: Kafka) -> None:
    bootstrap = broker.bootstrap
    await _create(bootstrap, "kept")
    await _produce(bootstrap, "kept", [b"first"])
    await broker.stop()
    await broker.start()
    await _produce(bootstrap, "kept", [b"second"])
    await broker.kill()
    await broker.start()
    await _produce(bootstrap, "kept", [b"third"])
    assert broker.bootstrap == bootstrap
    assert await _consume(bootstrap, "kept", 3) == {b"first", b"second", b"third"}


async def test_a_record_of_nearly_eight_mebibytes_goes_through(kafka: str) -> None:
    await _create(kafka, "large")
    large = b"x" * (_EIGHT_MIB_NEARLY - 1024)
    await _produce(kafka, "large", [large])
    assert await _consume(kafka, "large", 1) == {large}


async def test_broker_listens_on_the_loopback_only(broker: Kafka) -> None:
    listening = [
        c for c in psutil.Process(broker.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN
    ]
    assert len(listening) == 2
    assert {connection.laddr.ip.removeprefix("::ffff:") for connection in listening} == {"127.0.0.1"}
