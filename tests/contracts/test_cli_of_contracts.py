"""`stoppoc contracts` as a person and a pipeline use it: what it prints, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import contracts
from deploy.cli.main import app
from shared.contracts.export import files
from shared.contracts.message import Event
from shared.contracts.registry import REGISTRY, Registry

COUNT = len(list(REGISTRY))


def run(*arguments: object) -> tuple[int, str]:
    ran = CliRunner().invoke(app, ["contracts", *map(str, arguments)])
    assert ran.exception is None or isinstance(ran.exception, SystemExit)
    return ran.exit_code, ran.output.strip()


def run_json(*arguments: object) -> tuple[int, Any]:
    ran = CliRunner().invoke(app, ["contracts", *map(str, arguments), "--json"])
    return ran.exit_code, json.loads(ran.stdout)


def test_export_writes_once_and_check_agrees(tmp_path: Path) -> None:
    status, printed = run("export", "--to", tmp_path)
    assert (status, printed.endswith("of them changed.")) == (0, True)
    assert run("export", "--to", tmp_path)[1].endswith(", 0 of them changed.")
    assert run("export", "--to", tmp_path, "--check")[1].endswith("files, up to date.")


def test_export_check_lists_what_is_out_of_date_and_writes_nothing(tmp_path: Path) -> None:
    run("export", "--to", tmp_path)
    page = tmp_path / "services/hold.md"
    page.unlink()
    status, printed = run("export", "--to", tmp_path, "--check")
    assert status == 1
    assert printed.splitlines() == [
        f"{page}: missing",
        f"1 of {len(files(REGISTRY))} out of date: run `stoppoc contracts export`, and commit what it writes.",
    ]
    status, document = run_json("export", "--to", tmp_path, "--check")
    assert (status, document["ok"]) == (1, False)
    assert document["drift"] == [{"path": "services/hold.md", "what": "missing"}]
    assert not page.exists()


def test_check_passes_what_was_just_published(tmp_path: Path) -> None:
    status, document = run_json("publish", "1", "--docs", tmp_path)
    assert (status, document["version"], document["messages"]) == (0, "1", COUNT)
    assert run("check", "--docs", tmp_path) == (0, f"{COUNT} messages, compatible, against version 1.")
    expected = {"ok": True, "messages": COUNT, "versions": ["1"], "breaks": []}
    assert run_json("check", "--docs", tmp_path) == (0, expected)


def test_check_names_what_breaks_and_for_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("publish", "1", "--docs", tmp_path)

    class ToppedUp(Event, service="hold", key="account"):
        """Says how much in words."""

        account: str
        amount: str

    kept = [message for message in REGISTRY if message.type != ToppedUp.type]
    monkeypatch.setattr(contracts, "REGISTRY", Registry([*kept, ToppedUp]))
    status, printed = run("check", "--docs", tmp_path)
    assert status == 1
    assert (
        "ToppedUp.amount: a consumer of version 1 reads an integer, the version now writes a string"
        in printed
    )
    status, document = run_json("check", "--docs", tmp_path)
    assert (status, document["ok"]) == (1, False)
    assert {"type", "version", "where", "why"} == set(document["breaks"][0])
    assert run("publish", "2", "--docs", tmp_path)[0] == 1
    assert not (tmp_path / "contracts/published/2").exists()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("check",), "no published version in"),
        (("publish", "one"), "'one' is no version: versions are whole numbers from 1"),
        (("publish", "../1"), "'../1' is no version: versions are whole numbers from 1"),
    ],
)
def test_what_cannot_be_done_is_said_and_exits_with_1(
    arguments: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    status, printed = run(*arguments, "--docs", tmp_path)
    assert (status, why in printed) == (1, True)
    status, document = run_json(*arguments, "--docs", tmp_path)
    assert (status, document["ok"], why in document["error"]) == (1, False, True)


def test_a_version_is_not_published_twice(tmp_path: Path) -> None:
    run("publish", "1", "--docs", tmp_path)
    status, printed = run("publish", "1", "--docs", tmp_path)
    assert status == 1
    assert printed == "version 1 is published already; what was promised is not overwritten"


def test_a_folder_that_cannot_be_written_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, printed = run("export", "--to", tmp_path / "file")
    assert (status, "Not a directory" in printed) == (1, True)


@pytest.mark.parametrize("command", ["export", "check", "publish"])
def test_every_command_explains_itself(command: str) -> None:
    status, printed = run(command, "--help")
    assert (status, "Usage:" in printed, "--json" in printed) == (0, True, True)
