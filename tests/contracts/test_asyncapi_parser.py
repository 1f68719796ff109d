"""The AsyncAPI documents, read by the AsyncAPI initiative's parser: no errors, and no warnings either.

It needs Node.js and, once, npm's registry; where they cannot be had the tests are skipped and say so, in CI they fail.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

HERE: Final = Path(__file__).parent / "asyncapi"
DOCUMENTS: Final = sorted((Path(__file__).resolve().parents[2] / "docs/contracts/asyncapi").glob("*.json"))
INSTALL: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")

Diagnose = Callable[..., list[dict[str, str]]]


def unavailable(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"in CI the AsyncAPI documents are always validated: {why}")
    pytest.skip(f"the AsyncAPI documents were not validated: {why}")


def installed(cache: Path) -> Path:
    """A folder with the parser at its locked versions; made once per lock."""
    lock = (HERE / "package-lock.json").read_bytes()
    folder = cache / hashlib.sha256(lock).hexdigest()[:16]
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        npm = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        if npm.returncode != 0:
            unavailable(f"`npm ci` failed: {npm.stderr.strip()[-500:]}")
        (folder / "complete").touch()
    shutil.copy(HERE / "validate.mjs", folder)
    return folder


@pytest.fixture(scope="module")
def diagnose(request: pytest.FixtureRequest) -> Diagnose:
    if shutil.which("node") is None or shutil.which("npm") is None:
        unavailable("Node.js 18 or later is not on PATH")
    folder = installed(Path(request.config.cache.mkdir("asyncapi-parser")))

    def run(*documents: Path) -> list[dict[str, str]]:
        command = ["node", "validate.mjs", *map(str, documents)]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=True)
        found: list[dict[str, str]] = json.loads(ran.stdout)
        return found

    return run


@pytest.mark.timeout(360)
def test_the_parser_has_nothing_to_say_about_our_documents(diagnose: Diagnose) -> None:
    assert len(DOCUMENTS) >= 2
    assert diagnose(*DOCUMENTS) == []


def _without_an_action(document: dict[str, Any]) -> None:
    next(iter(document["operations"].values())).pop("action")


def _with_a_message_of_another_channel(document: dict[str, Any]) -> None:
    receives, sends = (document["operations"][name] for name in ("receive.hold.commands", "send.hold.events"))
    receives["messages"] = sends["messages"]


def _with_a_reference_to_nothing(document: dict[str, Any]) -> None:
    document["components"]["messages"]["billing.hold.TopUp.v1"]["payload"] = {
        "$ref": "#/components/schemas/Gone"
    }


def _with_a_policy_that_kafka_does_not_have(document: dict[str, Any]) -> None:
    for channel in document["channels"].values():
        channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] = ["forget"]


@pytest.mark.timeout(360)
@pytest.mark.parametrize(
    "spoil",
    [
        _without_an_action,
        _with_a_message_of_another_channel,
        _with_a_reference_to_nothing,
        _with_a_policy_that_kafka_does_not_have,
    ],
)
def test_the_parser_finds_what_is_wrong(
    diagnose: Diagnose, spoil: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    document = json.loads(next(one for one in DOCUMENTS if one.stem == "hold").read_text())
    spoil(document)
    (tmp_path / "spoiled.json").write_text(json.dumps(document))
    assert {found["severity"] for found in diagnose(tmp_path / "spoiled.json")} & {"error", "warning"}


def test_the_lock_names_no_host() -> None:
    for name in ("package.json", "package-lock.json"):
        assert "http" not in (HERE / name).read_text()
