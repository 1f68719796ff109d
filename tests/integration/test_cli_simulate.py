"""`stoppoc simulate` as a person meets it: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.system import Folder

pytestmark = pytest.mark.postgres

RIGHT = """
scenario: a payment counts once
accounts: {acme: {credit: 1000, email: a@example.com, poc: {amount: 500, until: "2026-04-30T00:00"}}}
steps:
  - at: "2026-03-06T00:00"
    send: TopUp
    id: top-up-1
    copies: 3
    data: {account: acme, amount: 50, reference: VCB-1}
  - at: "2026-03-06T00:01"
    send: TopUp
    data: {account: acme, amount: 50, reference: VCB-1}
  - expect:
      wallets: {acme: {credit: {total: 1050}, poc: {balance: 500, enabled: true}}}
      refusals: [{command: TopUp, reason: reference_used}]
"""
SECTIONS = (
    *("wallets", "holds", "resources", "clusters", "orders", "invoices", "records", "mails", "events"),
    "refusals",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "right.yaml").write_text(RIGHT)
    (tmp_path / "wrong.yaml").write_text(RIGHT.replace("total: 1050", "total: 1100"))
    (tmp_path / "unreadable.yaml").write_text(RIGHT.replace("amount: 50,", "amont: 50,"))
    return Folder(tmp_path)


def test_simulate_succeeds_where_all_is_as_expected(folder: Folder) -> None:
    said = folder.stoppoc("simulate", "right.yaml")
    assert said.status == 0
    assert said.out.startswith("ok     a payment counts once")
    assert "1 scenario, 3 steps, 1 check: all as expected" in said.out
    assert "steps a second" in said.out


def test_simulate_prints_expected_beside_found_and_fails(folder: Folder) -> None:
    said = folder.stoppoc("simulate", "wrong.yaml", "right.yaml")
    assert said.status == 1
    lines = said.out.splitlines()
    at = lines.index("       wrong.yaml:14: wallets.acme.credit.total at 2026-03-06T00:01")
    assert lines[at + 1 : at + 3] == ["         expected  1100", "         found     1050"]
    assert "ok     a payment counts once  (right.yaml)" in lines
    assert "2 scenarios, 6 steps, 2 checks: 1 WRONG" in lines[-1]


def test_simulate_names_the_line_of_a_file_that_cannot_be_read(folder: Folder) -> None:
    said = folder.stoppoc("simulate", "right.yaml", "unreadable.yaml", "nowhere.yaml")
    assert said.status == 2
    assert said.err.splitlines()[:3] == [
        "unreadable.yaml:9: TopUp has no `amont`; did you mean amount or account?",
        "unreadable.yaml:12: TopUp has no `amont`; did you mean amount or account?",
        "nowhere.yaml: cannot be read: No such file or directory",
    ]


def test_simulate_names_the_line_of_what_cannot_stand(folder: Folder) -> None:
    text = RIGHT.replace("email: a@example.com", "email: nobody")
    (folder.path / "right.yaml").write_text(text)
    said = folder.stoppoc("simulate", "right.yaml")
    assert said.status == 2
    assert said.err.startswith("right.yaml:3: acme cannot stand so: The e-mail address")


def test_simulate_prints_the_final_state_in_the_shape_of_expect(folder: Folder) -> None:
    said = folder.stoppoc("simulate", "--json", "right.yaml")
    assert said.status == 0
    found = said.document
    assert (found["ok"], found["mismatches"]) == (True, [])
    assert found["wallets"]["acme"] == {
        "mode": "prepaid",
        "credit": {"total": 1050, "held": 0, "available": 1050},
        "poc": {"balance": 500, "until": "2026-04-30T00:00", "enabled": True, "granted": 500},
    }
    assert [one["type"] for one in found["events"]] == ["ToppedUp", "TopUpRefused"]
    assert set(SECTIONS) <= set(found)


def test_what_simulate_prints_can_be_expected(folder: Folder) -> None:
    found = folder.stoppoc("simulate", "--json", "right.yaml").document
    expect = json.dumps({name: found[name] for name in SECTIONS})
    (folder.path / "again.yaml").write_text(RIGHT.partition("  - expect:")[0] + f"  - expect: {expect}\n")
    assert folder.stoppoc("simulate", "again.yaml").out.splitlines()[0].startswith("ok ")


def test_simulate_takes_folders_and_several_files(folder: Folder) -> None:
    (folder.path / "unreadable.yaml").unlink()
    said = folder.stoppoc("simulate", "--json", ".")
    assert said.status == 1
    assert [one["ok"] for one in said.document] == [True, False]
    assert said.document[1]["mismatches"] == [
        {
            "line": 14,
            "at": "2026-03-06T00:01",
            "path": "wallets.acme.credit.total",
            "expected": 1100,
            "found": 1050,
        }
    ]
    (folder.path / "empty").mkdir()
    assert folder.stoppoc("simulate", "empty").status == 2
