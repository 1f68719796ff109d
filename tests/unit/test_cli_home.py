"""How commands find what `stoppoc up` runs: only what runs now, and only in a folder of ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.cli import where
from deploy.cli.home import Home, Running, find_home
from deploy.cli.say import SILENT, WRONG, Trouble

NOW = Running(pid=1, started_at="2026-03-06T00:00:00Z", kafka="127.0.0.1:1", postgres="postgresql:///x")


def test_what_runs_is_found_while_it_runs_and_not_after(tmp_path: Path) -> None:
    home = Home(tmp_path / ".stoppoc")
    assert home.running() is None
    with home.taken():
        assert home.running() is None, "not up yet"
        home.tell(NOW)
        assert home.running() == NOW
    assert home.running() is None


def test_what_a_killed_run_left_is_not_taken_for_running(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.tell(NOW)
    (tmp_path / "lock").touch()
    assert home.running() is None


def test_a_folder_is_taken_once_at_a_time(tmp_path: Path) -> None:
    with Home(tmp_path).taken(), pytest.raises(Trouble, match="already"), Home(tmp_path).taken():
        raise AssertionError("taken twice")


def test_the_file_is_for_our_eyes_only(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.tell(NOW)
    assert (tmp_path / "running.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"unknown": 1}'])
def test_a_broken_file_is_said_to_be_broken(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path)
    with home.taken():
        (tmp_path / "running.json").write_text(text)
        with pytest.raises(Trouble, match="cannot be read"):
            home.running()


def test_the_nearest_folder_above_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".stoppoc").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_home({}).directory == tmp_path / ".stoppoc"
    assert find_home({"STOPPOC_HOME": "else"}).directory == below / "else"
    (tmp_path / "a" / ".stoppoc").write_text("a file is none")
    assert find_home({}).directory == tmp_path / ".stoppoc"


def test_another_users_folder_above_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".stoppoc").mkdir()
    below = tmp_path / "a"
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.setattr(os, "geteuid", lambda: -1)
    assert find_home({}).directory == below / ".stoppoc"


def test_the_environment_goes_before_what_runs(tmp_path: Path) -> None:
    home = Home(tmp_path)
    at = {"STOPPOC_HOME": str(tmp_path)}
    with home.taken():
        home.tell(NOW)
        assert where.kafka(at) == NOW.kafka
        assert where.kafka(at | {"STOPPOC_KAFKA": "b:1,c:2"}) == "b:1,c:2"
        assert where.postgres(at) == NOW.postgres
        assert where.postgres(at | {"STOPPOC_POSTGRES": "postgresql:///y"}) == "postgresql:///y"


@pytest.mark.parametrize(
    "named", ["x", "x:", ":1", "x:0", "x:65536", "x:\u0661", "http://x", "a:1,", "a:1,b"]
)
def test_an_address_that_is_none_is_refused(named: str) -> None:
    with pytest.raises(Trouble, match=r"STOPPOC_KAFKA is .* not host:port") as caught:
        where.kafka({"STOPPOC_KAFKA": named})
    assert caught.value.status == WRONG


def test_without_either_a_command_says_what_to_do(tmp_path: Path) -> None:
    for ask, name in ((where.kafka, "STOPPOC_KAFKA"), (where.postgres, "STOPPOC_POSTGRES")):
        with pytest.raises(Trouble, match=f"stoppoc up.*{name}") as caught:
            ask({"STOPPOC_HOME": str(tmp_path)})
        assert caught.value.status == SILENT


def test_a_database_that_was_named_must_be_named_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.taken():
        home.tell(Running(1, "", "127.0.0.1:1", None))
        with pytest.raises(Trouble, match="set it here too"):
            where.postgres({"STOPPOC_HOME": str(tmp_path)})
