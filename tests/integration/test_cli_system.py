"""`stoppoc` as a person uses it, beside a running `stoppoc up`: what is asked is answered, and every no has its status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.services import SERVICES
from shared import ids
from tests.support.system import Folder, Said

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

EMAIL = "billing@example.com"


def opened(system: Folder, account: str) -> str:
    assert system.send("OpenAccount", account=account, mode="prepaid", email=EMAIL).status == 0
    return account


def test_up_tells_what_it_runs_and_what_to_try(system: Folder) -> None:
    said = (system.path / "up.out").read_text()
    for part in (
        "Runs on its own Apache Kafka",
        "its own PostgreSQL 18",
        "hold-1",
        "hold-2",
        "send TopUp",
        "Ctrl-C",
    ):
        assert part in said


def test_a_command_is_answered_and_the_state_follows(system: Folder) -> None:
    account = opened(system, "cli-1")
    said = system.send("TopUp", account=account, amount=1_000_000, reference="Phở 💸")
    assert said.status == 0
    answer = said.document["answer"]
    assert (answer["type"], answer["sequence"]) == ("billing.hold.ToppedUp.v1", 2)
    assert answer["data"]["reference"] == "Phở 💸"
    state = system.ok("show", "account", account)
    assert state["credit"] == {"total": 1_000_000, "held": 0, "available": 1_000_000}


def test_a_refusal_has_its_reason_and_status_1(system: Folder) -> None:
    said = system.send("TopUp", account="cli-nobody", amount=1, reference="x")
    assert said.status == 1
    assert said.document["ok"] is False
    assert said.document["answer"]["data"]["reason"] == "account_unknown"


def test_the_same_id_again_finds_the_same_answer_and_no_second_effect(system: Folder) -> None:
    account, own = opened(system, "cli-2"), ids.new_id()
    data = json.dumps({"account": account, "amount": 5, "reference": "r"})
    once, again = (system.ok("send", "TopUp", "--data", data, "--id", own) for _ in range(2))
    assert once["answer"]["id"] == again["answer"]["id"]
    assert system.ok("show", "account", account)["credit"]["total"] == 5


def test_an_id_that_is_no_uuidv7_finds_its_answer_too(system: Folder) -> None:
    own = "7f3c1e6e-0d1b-4b59-9a55-6a0c53ad6a0e"
    data = json.dumps({"account": "cli-nobody", "amount": 5, "reference": "r"})
    said = [system.stoppoc("send", "TopUp", "--data", data, "--id", own, "--json") for _ in range(2)]
    assert [one.status for one in said] == [1, 1]
    assert said[0].document["answer"]["id"] == said[1].document["answer"]["id"]


def test_a_trace_is_carried(system: Folder) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
    data = json.dumps({"account": "cli-nobody", "amount": 5, "reference": "r"})
    assert system.stoppoc("send", "TopUp", "--data", data, TRACEPARENT=trace).status == 1
    assert system.stoppoc("send", "TopUp", "--data", data, TRACEPARENT="nonsense").status == 2


def test_data_comes_from_standard_input_or_a_file_too(system: Folder, tmp_path: Path) -> None:
    account = opened(system, "cli-3")
    data = json.dumps({"account": account, "amount": 5, "reference": "stdin"}).encode()
    assert system.stoppoc("send", "TopUp", "--data", "-", stdin=data).status == 0
    file = tmp_path / "data.json"
    file.write_bytes(data.replace(b"stdin", b"file"))
    assert system.stoppoc("send", "TopUp", "--data", f"@{file}").status == 0


def test_what_is_not_there_has_status_1(system: Folder) -> None:
    for arguments in (
        ("show", "account", "cli-nobody"),
        ("dlq", "show", "billing.hold.commands.v1/0/999999"),
        ("parked", "show", "cli-nobody"),
        ("parked", "retry", "cli-nobody"),
        ("parked", "drop", "cli-nobody", "019a0000-0000-7000-8000-000000000001"),
        ("up",),
    ):
        said = system.stoppoc(*arguments, "--json")
        assert said.status == 1, arguments
        assert said.document["error"] in said.err


def test_a_broker_that_does_not_answer_has_status_3(system: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.topics._FIRST_ANSWER_S", 0.5)
    for arguments in (("watch", "x"), ("topics", "apply"), ("lag",)):
        said = system.stoppoc(*arguments, STOPPOC_KAFKA="127.0.0.1:9")
        assert (said.status, "Traceback" in said.err) == (3, False), said.err
    for arguments in (("show", "account", "x"), ("parked", "ls")):
        said = system.stoppoc(*arguments, STOPPOC_POSTGRES="postgresql://x:secret@127.0.0.1:9/x")
        assert said.status == 3
        assert "secret" not in said.err


def test_without_a_running_system_status_3_says_how_to_start_one(tmp_path: Path) -> None:
    said = Folder(tmp_path).stoppoc("lag")
    assert said.status == 3
    assert "stoppoc up" in said.err


def test_history_is_the_ledgers(system: Folder) -> None:
    account = opened(system, "cli-4")
    system.send("TopUp", account=account, amount=30, reference="a")
    system.send("TopUp", account=account, amount=12, reference="b")
    system.send("GrantPoc", account=account, amount=7, until="2999-01-01T00:00:00Z")
    history = system.ok("show", "account", account, "--history")["history"]
    assert [(one["kind"], one["amount"], one["balance_after"]) for one in history] == [
        ("deposit", 30, 30),
        ("deposit", 12, 42),
        ("poc_grant", 7, 7),
    ]


def test_topics_and_schema_are_up_to_date_in_a_running_system(system: Folder) -> None:
    assert system.ok("topics", "apply", "--check")["changes"] == []
    assert system.ok("topics", "apply")["changes"] == []
    assert system.ok("migrate")["applied"] == []


def test_lag_names_the_groups_their_members_and_every_partition(system: Folder) -> None:
    groups = system.ok("lag")["groups"]
    assert {group["group"] for group in groups} == set(SERVICES)
    found = system.ok("lag", "hold")["groups"]
    assert [group["topic"] for group in found] == sorted(SERVICES["hold"].reads)
    for group in found:
        assert (group["group"], group["state"], len(group["partitions"])) == ("hold", "stable", 12)
        assert [member["client"] for member in group["members"]] == [
            "stoppoc-hold-hold-1",
            "stoppoc-hold-hold-2",
        ]
        assert sum(member["partitions"] for member in group["members"]) == 12 * len(found)


def shown(said: Said) -> str:
    assert said.status == 0
    return said.out


def test_what_people_read_says_the_same_as_json(system: Folder) -> None:
    account = opened(system, "cli-5")
    system.send("TopUp", account=account, amount=1_234_567, reference="x")
    said = system.stoppoc(
        "send", "TopUp", "--data", json.dumps({"account": account, "amount": 1, "reference": "é"})
    )
    assert shown(said).startswith("ToppedUp, ")
    assert "1,234,568" in said.out
    assert "1,234,568" in shown(system.stoppoc("show", "account", account))
    assert "stoppoc-hold-hold-2" in shown(system.stoppoc("lag", "--partitions"))
