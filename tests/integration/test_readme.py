"""README.md tells the truth: its commands are run beside a running system, and print what it shows."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.system import Folder, Said

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = (ROOT / "README.md").read_text()
WITHIN_S: Final = 30.0

# What a shell takes out of a line.
SHELL: Final = ";&|<>"
# What differs from run to run.
CHANGING: Final = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "INSTANT"),
    (re.compile(r"[\d,]+ ms"), "N ms"),
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def examples() -> Iterator[tuple[str, list[str]]]:
    """Each command that is shown, with the output shown under it."""
    for block in blocks("console"):
        for part in block.split("$ ")[1:]:
            command, *output = part.splitlines()
            yield command, output


def usual(text: str) -> list[str]:
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def run(system: Folder, line: str) -> Said:
    """A line as it is typed. What needs no shell is run in our process: most of a command's second is its imports."""
    words = shlex.shlex(line, posix=True, punctuation_chars=SHELL)
    words.whitespace_split = True
    command, *arguments = words
    if command != "stoppoc" or any(word[0] in SHELL for word in arguments if word):
        return system.shell(line)
    return system.stoppoc(*arguments)


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.timeout(400)
def test_its_commands_print_what_it_shows(system: Folder) -> None:
    found = list(examples())
    assert len(found) > 10
    for command, shown in found:
        until = time.monotonic() + WITHIN_S
        # Offsets move, and services hear of each other, a moment after the answer is out.
        first = said = run(system, command)
        while shown and usual(said.out) != usual("\n".join(shown)):
            assert time.monotonic() < until, f"$ {command}\n{first.out}{first.err}"
            said = run(system, command)
        assert said.status == 0, f"$ {command}\n{said.out}{said.err}"


def test_its_code_is_the_code() -> None:
    rules = "".join(path.read_text() for path in sorted(ROOT.glob("services/hold/rules/*.py")))
    for block in blocks("python"):
        assert block in rules


def test_its_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`?make ([a-z]+)", README):
        assert f"\n{target}:" in makefile


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("services/*/README.md"))], ids=lambda page: str(page.relative_to(ROOT)))  # fmt: skip
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        assert link.startswith("https://") or (page.parent / link).exists(), f"{page}: {link}"


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    for page in (ROOT / "docs/decisions").glob("[0-9]*.md"):
        assert f"]({page.name})" in index, page.name
