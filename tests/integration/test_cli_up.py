"""`stoppoc up` and `demo` from start to end: they stop what they start, however they end, and keep what was said."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import asyncpg
import psutil
import pytest

from deploy.local.kafka import Kafka
from deploy.local.postgres import embedded_postgres
from deploy.services import SERVICES
from shared.engine.migrate import migrate
from tests.support.system import Folder, Said, up

pytestmark = pytest.mark.postgres

GONE_WITHIN_S = 30.0


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, GONE_WITHIN_S)
    return not alive


@pytest.fixture(scope="module")
def folder(apache_kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    with up(tmp_path_factory.mktemp("up"), "--sandbox") as started:
        yield started


@pytest.mark.kafka
def test_a_gateway_is_played_and_spoken_to(folder: Folder) -> None:
    door = folder.running["workers"]["pay-1"]
    with urlopen(f"http://127.0.0.1:{door}/ready") as answer:
        assert json.load(answer) == {"ok": True, "reason": ""}
    (url,) = re.findall(r"http://\S+/ledger", (folder.path / "up.out").read_text())
    with urlopen(url) as answer:
        assert json.load(answer) == []


@pytest.mark.kafka
def test_a_worker_that_dies_is_started_again(folder: Folder) -> None:
    (worker,) = [
        one
        for one in descendants(folder.pid)
        if "deploy.cli" in one.cmdline() and "hold" in one.cmdline() and "-I" not in one.cmdline()
    ]
    worker.kill()
    said = folder.send("OpenAccount", account="a", mode="prepaid", email="a@example.com")
    assert said.status == 0
    assert "hold-1: ended with -9, starts again in 0.2 s" in (folder.path / "up.out").read_text()


@pytest.mark.kafka
def test_a_kill_leaves_nothing_behind_and_the_next_start_finds_what_was_said(folder: Folder) -> None:
    assert folder.send("OpenAccount", account="kept", mode="prepaid", email="a@example.com").status == 0
    ours = descendants(folder.pid)
    assert len(ours) >= 4 + 2 * len(SERVICES), "broker, database and workers, each with its guard"
    folder.stop(signal.SIGKILL)
    assert gone(ours)
    said = folder.stoppoc("lag")
    assert said.status == 3
    assert "nothing runs here" in said.err
    (folder.home / "running.json").unlink()
    folder.start()
    assert folder.ok("show", "account", "kept")["mode"] == "prepaid"
    assert folder.send("TopUp", account="kept", amount=1, reference="after").status == 0
    ours = descendants(folder.pid)
    assert folder.stop(signal.SIGTERM) == 0
    assert gone(ours)
    assert not (folder.home / "running.json").exists()


async def test_without_java_it_runs_on_a_stand_in_that_says_so_and_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    folder = Folder(tmp_path)
    async with embedded_postgres(folder.home / "postgres", name="stoppoc_in_memory") as kept:
        # As an earlier run has left it: what it said is on no broker.
        await migrate(kept.dsn, list(SERVICES.values()))
        conn = await asyncpg.connect(kept.dsn)
        await conn.execute("insert into notify.account values ('a', 'a@example.com', 'vi', '[]', '[]', 1)")
        await conn.close()
    try:
        folder.start(PATH=str(tmp_path / "bin"), JAVA_HOME="")
        assert "IN-MEMORY stand-in for Kafka" in (tmp_path / "up.out").read_text()
        assert folder.send("SetLanguage", account="a", language="en").status == 1
        assert folder.send("OpenAccount", account="a", mode="prepaid", email="a@example.com").status == 0
    finally:
        assert folder.stop() == 0


@pytest.mark.kafka
def test_the_demo_is_right_and_leaves_nothing(apache_kafka: Kafka, tmp_path: Path) -> None:
    started = time.monotonic()
    said = Folder(tmp_path).shell("stoppoc demo --json", TMPDIR=str(tmp_path))
    assert said.status == 0, said.err
    assert_right(said)
    assert list(tmp_path.iterdir()) == []
    assert time.monotonic() - started < 110  # half a minute, and what this machine may be busy with


def test_the_demo_is_right_on_the_stand_in_too_and_paid_from_outside(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    # Without a Java on its path.
    path = f"{tmp_path / 'bin'}"
    (tmp_path / "bin" / "stoppoc").symlink_to(Path(sys.executable).with_name("stoppoc"))
    said = Folder(tmp_path).shell(f"PATH={path} JAVA_HOME= stoppoc demo --pay top_up --json")
    assert said.status == 0, said.err
    assert "IN-MEMORY stand-in for Kafka" in said.err
    assert_right(said)
    assert (said.document["received_vnd"], said.document["mails"]) == (801_000, 5)
    assert "Subject Stop POC of shop." in said.err
    assert "Given back: VND 119,900" in said.err


def assert_right(said: Said) -> None:
    told = said.document
    assert told["ok"] is told["books_right"] is True
    assert [finding["words"] for finding in told["found"] if not finding["right"]] == []
    assert (told["converted_at_first"], told["invoices"], told["audit_broken"]) == (7, 8, 0)
    assert told["paid_vnd"] == told["invoiced_vnd"] == 1_801_000
    assert told["killed_and_restarted"] >= 1
    # Told for a log: no picture, each thing said a line.
    assert "\x1b" not in said.err
    assert "vol-3" in said.err
    assert said.err.count("is paid now") == 8
    assert "not offered: nothing is POC" in said.err
