"""A worker's process from outside: probes, metrics, contracts, signals and exit statuses."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# A start costs about half a second of processor time, and the machine may be busy.
PATIENCE_SECONDS = 30
PROGRAM = Path(__file__).with_name("worker_process.py")


class Process:
    """The process under test, and what it has said so far."""

    def __init__(self, way: str) -> None:
        self.said: list[dict[str, Any]] = []
        environment = os.environ | {"PYTHONPATH": str(ROOT), "STOPPOC_LOG": "json"}
        self._child = subprocess.Popen(
            [sys.executable, PROGRAM, way], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        )
        self.port = self.wait_for("listening")["port"]

    def wait_for(self, text: str) -> dict[str, Any]:
        assert self._child.stderr is not None
        for line in self._child.stderr:
            self.said.append(json.loads(line))
            if self.said[-1]["text"] == text:
                return self.said[-1]
        raise AssertionError(f"it never said {text!r}, but {self.said}")

    def get(self, path: str, method: str = "GET") -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type") or "", answer.read()
        finally:
            connection.close()

    def probe(self, path: str) -> tuple[int, dict[str, Any]]:
        status, kind, body = self.get(path)
        assert kind == "application/json"
        return status, json.loads(body)

    def signal(self, number: int) -> None:
        self._child.send_signal(number)

    def ended(self) -> tuple[int, list[str]]:
        """Its exit status, and all it said."""
        _, rest = self._child.communicate(timeout=PATIENCE_SECONDS)
        self.said += [json.loads(line) for line in rest.splitlines()]
        return self._child.returncode, [line["text"] for line in self.said]

    def close(self) -> None:
        self._child.kill()
        self._child.communicate()


@pytest.fixture
def start() -> Iterator[Callable[[str], Process]]:
    started: list[Process] = []

    def start(way: str) -> Process:
        started.append(Process(way))
        return started[-1]

    yield start
    for process in started:
        process.close()


Start = Callable[[str], Process]


def test_a_worker_at_work_is_live_and_ready(start: Start) -> None:
    process = start("works")
    process.wait_for("at work")
    assert process.probe("/live") == (200, {"ok": True, "reason": "the loop turns"})
    assert process.probe("/ready") == (200, {"ok": True, "reason": "3 partitions"})


def test_a_worker_that_fails_is_not_ready_and_its_reason_holds_no_password(start: Start) -> None:
    process = start("fails")
    process.wait_for("at work")
    assert process.probe("/live")[0] == 200
    assert process.probe("/ready") == (503, {"ok": False, "reason": "no answer from postgresql://u:***@h/db"})


def test_the_routes_answer_while_the_worker_still_waits_for_its_broker(start: Start) -> None:
    process = start("waits")
    assert process.probe("/live")[0] == 200
    assert process.probe("/ready") == (503, {"ok": False, "reason": "no member of the group"})
    process.signal(signal.SIGTERM)
    assert process.ended()[0] == 0


def test_the_metrics_are_the_worker_s_own(start: Start) -> None:
    process = start("works")
    process.wait_for("at work")
    status, kind, page = process.get("/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b'stoppoc_messages_total{outcome="decided",service="some"} 7.0\n' in page
    assert b"faststream" not in page


def test_the_contracts_are_those_of_its_registry(start: Start) -> None:
    status, kind, body = start("works").get("/asyncapi.json")
    document = json.loads(body)
    assert (status, kind) == (200, "application/json")
    assert document["info"]["title"] == "Billing: some"
    assert list(document["channels"]) == ["billing.some.commands.v1"]


def test_other_paths_and_methods_are_refused(start: Start) -> None:
    process = start("works")
    assert process.get("/")[0] == 404
    assert process.get("/live", "POST")[0] == 405
    assert process.get("/live", "HEAD") == (200, "application/json", b"")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_worker_finish_and_the_probes_tell(start: Start, number: int) -> None:
    process = start("slow")
    process.wait_for("at work")
    asked = time.monotonic()
    process.signal(number)
    process.wait_for("finishing")
    assert process.probe("/ready") == (503, {"ok": False, "reason": "stopping"})
    assert process.probe("/live")[0] == 200
    status, lines = process.ended()
    assert status == 0
    assert lines[-2:] == ["finished", "the worker has stopped"]
    assert time.monotonic() - asked >= 1


def test_a_second_signal_ends_at_once(start: Start) -> None:
    process = start("never ends")
    process.wait_for("at work")
    process.signal(signal.SIGTERM)
    process.wait_for("finishing")
    process.signal(signal.SIGTERM)
    assert process.ended()[0] == 128 + signal.SIGTERM


def test_a_second_signal_ends_even_a_blocked_loop(start: Start) -> None:
    process = start("blocks")
    process.wait_for("at work")
    process.signal(signal.SIGINT)
    process.wait_for("finishing")
    process.signal(signal.SIGTERM)
    assert process.ended()[0] == 128 + signal.SIGTERM


def test_a_worker_that_does_not_finish_in_time_is_given_up(start: Start) -> None:
    process = start("never ends, in a hurry")
    process.wait_for("at work")
    process.signal(signal.SIGTERM)
    status, lines = process.ended()
    assert status == 1
    assert lines[-1] == "not stopped within 1 s: ending without"


def test_a_blocked_loop_is_ended_by_the_kernel(start: Start) -> None:
    process = start("blocks, in a hurry")
    process.wait_for("at work")
    process.signal(signal.SIGTERM)
    assert process.ended()[0] == -signal.SIGALRM


def test_a_worker_that_crashes_ends_the_process(start: Start) -> None:
    process = start("crashes")
    status, lines = process.ended()
    assert status == 1
    assert lines[-1] == "the worker crashed"
    assert "RuntimeError: no reply from postgresql://u:***@h/db" in process.said[-1]["error"]


def test_a_worker_that_crashes_while_it_finishes_ends_the_process_not_gracefully(start: Start) -> None:
    process = start("crashes at the end")
    process.wait_for("at work")
    process.signal(signal.SIGTERM)
    assert process.ended()[0] == 1


@pytest.mark.parametrize(
    ("way", "last"),
    [("cannot be made", "the worker crashed"), ("returns", "the worker ended unasked")],
)
def test_a_worker_that_does_not_work_on_ends_the_process(start: Start, way: str, last: str) -> None:
    status, lines = start(way).ended()
    assert (status, lines[-1]) == (1, last)


def test_what_a_crash_leaves_running_does_not_keep_the_process(start: Start) -> None:
    status, lines = start("crashes and clings, in a hurry").ended()
    assert lines[-1] == "the worker crashed"
    assert status == -signal.SIGALRM
