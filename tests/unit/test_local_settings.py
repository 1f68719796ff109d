"""What the embedded parts are told and how they wait, checked without starting any."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import kafka, kafka_jars, ports, postgres
from deploy.local.guarded import StartError
from deploy.local.supervisor import Pauses


def test_kafka_listens_on_the_loopback_only() -> None:
    settings = kafka.settings(21_000, 21_001, Path("log"))
    listeners = str(settings["listeners"]).split(",")
    assert listeners == ["PLAINTEXT://127.0.0.1:21000", "CONTROLLER://127.0.0.1:21001"]
    assert settings["auto.create.topics.enable"] == "false"


def test_postgres_has_no_network_and_waits_for_the_disk() -> None:
    settings = postgres.settings(Path("socket"))
    assert settings["listen_addresses"] == ""
    assert (settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"]) == ("on",) * 3


def test_ports_are_different_and_never_those_of_outgoing_connections() -> None:
    chosen = ports.free(10)
    assert len(set(chosen)) == 10
    assert all(20_000 <= port < 32_000 and ports.is_free(port) for port in chosen)


def test_pauses_double_up_to_the_longest() -> None:
    pauses = Pauses(first_s=0.5, longest_s=3.0)
    assert [pauses.after(failures) for failures in (1, 2, 3, 4, 10_000)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_every_jar_is_listed_with_a_sha256() -> None:
    listed = kafka_jars.checksums()
    assert len(listed) == 46
    assert f"kafka_2.13-{kafka_jars.VERSION}.jar" in listed
    assert {len(digest) for digest in listed.values()} == {64}


def test_missing_and_foreign_jars_are_refused_by_name(tmp_path: Path) -> None:
    for name in kafka_jars.checksums():
        (tmp_path / name).touch()
    (tmp_path / "re2j-1.8.jar").rename(tmp_path / "foreign.jar")
    with pytest.raises(StartError, match=r"other jars than listed: \['foreign.jar', 're2j-1.8.jar'\]"):
        kafka_jars.verify(tmp_path)
