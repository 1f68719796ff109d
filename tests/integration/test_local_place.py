"""Where it runs: the environment's word first, Apache Kafka next, and the in-memory stand-in aloud and in time."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local import guarded, java, kafka_jars
from deploy.local.guarded import StartError
from deploy.local.java import UnavailableError
from deploy.local.kafka import Kafka
from deploy.local.memory_kafka import LIMITS
from deploy.local.place import KAFKA, POSTGRES, place

_TOPIC = "billing.hold.commands.v1"


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KAFKA, POSTGRES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)


@pytest.fixture
def silent_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Maven with nothing of its own, and a repository that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        address = f"http://127.0.0.1:{hole.getsockname()[1]}/"
        home = tmp_path / "home"
        (home / ".m2").mkdir(parents=True)
        mirror = f"<mirror><id>hole</id><mirrorOf>*</mirrorOf><url>{address}</url></mirror>"
        (home / ".m2" / "settings.xml").write_text(f"<settings><mirrors>{mirror}</mirrors></settings>")
        monkeypatch.setenv("MAVEN_OPTS", f"-Duser.home={home}")
        monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        yield


async def _partitions(bootstrap: str, topic: str) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        return len(await producer.partitions_for(topic))
    finally:
        await producer.stop()


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.usefixtures("apache_kafka")
async def test_place_is_our_own_postgres_and_apache_kafka_by_default(tmp_path: Path) -> None:
    said: list[str] = []
    async with place(tmp_path, say=said.append) as here:
        assert here.broker_kind == "apache"
        assert isinstance(here.kafka_server, Kafka)
        assert here.postgres_server is not None
    assert said == [here.sentence]
    assert said[0].startswith("Runs on its own Apache Kafka 4.1.1 at 127.0.0.1:")


async def test_place_is_what_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KAFKA, "broker.example:9092")
    monkeypatch.setenv(POSTGRES, "postgresql://stoppoc:secret@db.example/stoppoc")
    said: list[str] = []
    async with place(tmp_path, say=said.append) as here:
        assert (here.kafka, here.postgres) == (os.environ[KAFKA], os.environ[POSTGRES])
        assert here.broker_kind == "named"
    assert "broker.example:9092" in said[0]
    assert "db.example" in said[0]
    assert "secret" not in said[0]


@pytest.mark.postgres
@pytest.mark.usefixtures("no_java")
async def test_without_java_the_stand_in_is_announced_with_its_limits(tmp_path: Path) -> None:
    said: list[str] = []
    async with place(tmp_path, topics=[_TOPIC], say=said.append) as here:
        assert here.broker_kind == "memory"
        assert await _partitions(here.kafka, _TOPIC) == 12
    assert LIMITS in said[0]
    assert "there is no Java" in said[0]


@pytest.mark.postgres
@pytest.mark.kafka
@pytest.mark.usefixtures("apache_kafka", "silent_repository")
async def test_silent_repository_gives_the_stand_in_within_ten_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    async with place(tmp_path, topics=[_TOPIC]) as here:
        took = time.monotonic() - began
        assert here.broker_kind == "memory"
    told = capsys.readouterr().err
    assert "Maven's repository did not answer" in told
    assert LIMITS in told
    assert (
        took < 30.0
    )  # ten, and what this machine may be busy with; Maven itself would wait for half an hour
    assert list((tmp_path / "home" / "cache" / "stoppoc").glob(".fetching-*")) == []


@pytest.mark.usefixtures("no_java")
async def test_old_java_is_refused_with_its_version(tmp_path: Path) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    old.chmod(0o755)
    with pytest.raises(UnavailableError, match="is Java 11; Kafka needs 17 or later"):
        await java.find_java()


@pytest.mark.kafka
@pytest.mark.usefixtures("apache_kafka")
async def test_two_processes_fetch_at_once_and_get_one_whole_cache(tmp_path: Path) -> None:
    fetch = "import asyncio; from deploy.local import kafka_jars; asyncio.run(kafka_jars.jars())"
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    log = tmp_path / "log"
    both = [guarded.start([sys.executable, "-c", fetch], log=log, env=env) for _ in range(2)]
    assert await asyncio.gather(*(process.wait(60.0) for process in both)) == [0, 0], log.read_text()
    kafka_jars.verify(tmp_path / "stoppoc" / "kafka-4.1.1")
    assert log.read_text().count("Fetching") == 1


@pytest.mark.kafka
@pytest.mark.usefixtures("apache_kafka")
async def test_jar_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = kafka_jars.cache_directory()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache = kafka_jars.cache_directory()
    cache.mkdir(parents=True)
    for name in kafka_jars.checksums():
        (cache / name).symlink_to(whole / name)
    assert await kafka_jars.jars() == cache
    changed = cache / "kafka-clients-4.1.1.jar"
    changed.unlink()
    changed.write_bytes((whole / changed.name).read_bytes() + b"more")
    with pytest.raises(StartError, match=r"kafka-clients-4\.1\.1\.jar is not the file it should be"):
        await kafka_jars.jars()
