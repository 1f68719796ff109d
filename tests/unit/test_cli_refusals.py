"""What a command says before it asks anybody: how it is used, and what cannot be meant."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.commands import public_commands
from deploy.cli.main import app

run = CliRunner()


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STOPPOC_HOME", str(tmp_path))
    for name in ("STOPPOC_KAFKA", "STOPPOC_POSTGRES", "TRACEPARENT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("send",), "which command?"),
        (("send", "topup"), "did you mean TopUp?"),
        (("send", "TopUp"), "what data? For example: stoppoc send TopUp --data"),
        (("send", "TopUp", "--data", "{}"), "account is missing"),
        (("send", "TopUp", "--data", "{}", "--wait", "soon"), "not a time as 10s"),
        (("send", "TopUp", "--data", "{}", "--wait", "-1s"), "not a time as 10s"),
        (("send", "TopUp", "--data", "{}", "--wait", "\u0661s"), "not a time as 10s"),
        (("send", "TopUp", "--data", "{}", "--id", "1"), "not a UUID"),
        (("show", "account", "../x"), "is no account"),
        (("show", "account", "acme\n"), "is no account"),
        (("show", "account", ""), "is no account"),
        (("dlq", "ls", "x"), "no dead-letter topic 'x'"),
        (("dlq", "replay"), "name the letters"),
        (("dlq", "drop", "x", "--all", "y"), "name the letters"),
        (("parked", "retry"), "name the key, or --all"),
        (("parked", "retry", "x", "--all"), "name the key, or --all"),
        (("parked", "show", "x", "--service", "hodl"), "did you mean hold?"),
        (("parked", "drop", "x", "1"), "is no message's id"),
        (("run", "hodl"), "did you mean hold?"),
        (("up", "--workers", "hold=0"), "1 to 12 workers"),
        (("up", "--workers", "hold=13"), "1 to 12 workers"),
        (("up", "--workers", "hodl=1"), "did you mean hold?"),
        (("up", "--workers", "hold"), "not SERVICE=N"),
        (("demo", "--pay", "cash"), "not one of credit, top_up"),
        (("topics", "apply", "--replication-factor", "0"), "replication-factor"),
        (("sned",), "send"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_status_2_and_a_sentence(
    arguments: tuple[str, ...], said: str
) -> None:
    result = run.invoke(app, arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_failure_is_a_document_too_where_one_was_asked_for() -> None:
    result = run.invoke(app, ("send", "TopUp", "--data", "[]", "--json"))
    assert result.exit_code == 2
    document = json.loads(result.stdout)
    assert document["ok"] is False
    assert document["error"] == result.stderr.strip()


def test_an_argument_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["stoppoc", "lag\udcff"])
    assert run.invoke(app, ("lag",)).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("lag",),
        ("topics", "apply"),
        ("migrate",),
        ("dlq", "ls"),
        ("parked", "ls"),
        ("show", "account", "x"),
        ("run", "hold"),
        ("send", "TopUp", "--data", '{"account": "a", "amount": 1, "reference": "x"}'),
    ],
)
def test_where_nothing_runs_status_3_says_how_to_start_it(arguments: tuple[str, ...]) -> None:
    result = run.invoke(app, arguments)
    assert result.exit_code == 3
    assert "stoppoc up" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        *("up", "run", "send", "lag", "migrate", "demo", "show account", "topics apply"),
        *("dlq ls", "dlq show", "dlq replay", "dlq drop"),
        *("parked ls", "parked show", "parked retry", "parked drop"),
    ],
)
def test_the_help_of_every_command_has_an_example(command: str) -> None:
    result = run.invoke(app, (*command.split(), "--help"))
    assert result.exit_code == 0
    assert f"stoppoc {command}" in result.stdout.partition("Examples")[2]


def test_what_can_be_asked_is_listed_with_an_example_each() -> None:
    listed = run.invoke(app, ("send", "--list"))
    offered = {*public_commands(), "PlanOutcome"}
    for name in offered:
        assert f"stoppoc send {name} --data" in listed.stdout
    document = json.loads(run.invoke(app, ("send", "--list", "--json")).stdout)
    assert {row["command"] for row in document} == offered


def test_a_catalogue_that_leaves_out_a_kind_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text("")
    monkeypatch.setenv("STOPPOC_CATALOGUE", str(tmp_path / "own.toml"))
    result = run.invoke(app, ("run", "hold"))
    assert result.exit_code == 2
    assert "STOPPOC_CATALOGUE" in result.stderr
    assert "nothing is said of server" in result.stderr


def test_a_catalogue_that_is_not_there_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STOPPOC_CATALOGUE", str(tmp_path / "own.toml"))
    result = run.invoke(app, ("run", "hold"))
    assert result.exit_code == 1
    assert "own.toml" in result.stderr
