"""`stoppoc simulate`: scenarios in virtual time through the real services, and where they differ from what is expected."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import uvloop

from deploy.cli.say import FAILED, WRONG, AsJson, Trouble, as_document, line, note, plain
from deploy.cli.year import play_year
from deploy.services import SERVICES
from deploy.simulate.compare import Mismatch
from deploy.simulate.document import MOST_BYTES, Fault
from deploy.simulate.local import written
from deploy.simulate.parse import Faults, parse
from deploy.simulate.play import Played, play
from deploy.simulate.scenario import Scenario
from deploy.simulate.stage import set_stage
from deploy.simulate.world import Broken
from deploy.simulate.year.live import Plan

_ENDINGS: Final = ("*.yaml", "*.yml")


@dataclass(frozen=True, slots=True)
class _File:
    """A scenario and the file it is from."""

    path: Path
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a file's scenario; `broken` where a service failed in it."""

    file: _File
    played: Played
    broken: str | None = None

    @property
    def ok(self) -> bool:
        return not self.played.mismatches and self.broken is None


def simulate(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Scenario files, or folders of them.", show_default=False)
    ] = None,
    year: Annotated[
        bool,
        typer.Option("--year", help="Instead of files: a year of many accounts, drawn from a seed."),
    ] = False,
    seed: Annotated[int, typer.Option(help="With --year: what all is drawn from.")] = 1,
    accounts: Annotated[int, typer.Option(min=1, help="With --year: how many there are.")] = 1_000,
    resources: Annotated[int, typer.Option(min=0, help="With --year: how many stand at first.")] = 10_000,
    days: Annotated[int, typer.Option(min=1, help="With --year: how many go by.")] = 365,
    as_json: AsJson = False,
) -> None:
    """Play scenarios: public commands in virtual time, through the real services, on a database of their own.

    Every job that falls due between two steps is done at its instant, in order. Each file is a world of its own. With
    --json the final state is printed in the shape of `expect`: one object, or a list of them for several files.

    With --year nobody writes what happens: accounts with resources of every kind, random commands, the system down for days,
    work killed and done again, messages twice; after every day all invariants are audited. The same seed gives the same
    books, whose sum is printed.

    Exit status: 0 all was as expected, 1 it was not (expected is printed beside found), 2 a file cannot be read: its
    line, and what was expected there.
    """
    if year:
        return play_year(Plan(seed, accounts, resources, days), as_json=as_json)
    if not files:
        raise Trouble("name scenario files, or --year", WRONG)
    scenarios = _read(list(_paths(files)))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            outcomes = runner.run(_played(scenarios))
    except _Unfit as unfit:
        raise Trouble(str(unfit), WRONG) from None
    if as_json:
        documents = [_document(outcome) for outcome in outcomes]
        as_document(documents[0] if len(documents) == 1 else documents)
    _tell(outcomes, quiet=as_json)
    if not all(outcome.ok for outcome in outcomes):
        raise typer.Exit(FAILED)
    return None


class _Unfit(Exception):
    """A file that names what cannot be; the text is for whoever wrote it."""


def _paths(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        if not path.is_dir():
            yield path
            continue
        found = sorted(one for ending in _ENDINGS for one in path.rglob(ending))
        if not found:
            raise Trouble(f"{plain(str(path))}: no scenario in this folder ({', '.join(_ENDINGS)})", WRONG)
        yield from found


def _read(paths: Sequence[Path]) -> list[_File]:
    files, faults = [], []
    for path in paths:
        try:
            with path.open("rb") as file:
                files.append(_File(path, parse(file.read(MOST_BYTES + 1))))
        except Faults as found:
            faults += [_at(path, fault) for fault in found.faults]
        except (OSError, ValueError) as error:
            faults.append(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")
    if faults:
        raise Trouble("\n".join(map(plain, faults)), WRONG)
    return files


def _at(path: Path, fault: Fault) -> str:
    return f"{path}:{fault.line}: {fault.sentence}"


async def _played(files: Sequence[_File]) -> list[_Outcome]:
    outcomes = []
    async with set_stage(list(SERVICES.values())) as stage:
        for file in files:
            try:
                outcomes.append(_Outcome(file, await play(stage, file.scenario)))
            except Fault as fault:
                raise _Unfit(_at(file.path, fault)) from None
            except Broken as broken:
                outcomes.append(_Outcome(file, Played(), str(broken)))
    return outcomes


def _tell(outcomes: Sequence[_Outcome], *, quiet: bool) -> None:
    """What went wrong is told beside the document, else with the rest."""
    say = note if quiet else line
    for outcome in outcomes:
        if not (quiet and outcome.ok):
            say(
                f"{'ok   ' if outcome.ok else 'WRONG'}  {plain(outcome.file.scenario.name)}  ({outcome.file.path})"
            )
        for at, mismatch in outcome.played.mismatches:
            say(_beside(outcome.file.path, at, mismatch))
        if outcome.broken is not None:
            say(f"       {plain(outcome.broken)}")
    if not quiet:
        say(_summary(outcomes))


def _beside(path: Path, at: datetime, mismatch: Mismatch) -> str:
    return (
        f"       {path}:{mismatch.line}: {mismatch.path} at {written(at)}\n"
        f"         expected  {_shown(mismatch.expected)}\n"
        f"         found     {_shown(mismatch.found)}"
    )


def _shown(value: Any) -> str:
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _summary(outcomes: Sequence[_Outcome]) -> str:
    steps = sum(outcome.played.steps for outcome in outcomes)
    checks = sum(outcome.played.checks for outcome in outcomes)
    seconds = sum(outcome.played.seconds for outcome in outcomes)
    wrong = sum(not outcome.ok for outcome in outcomes)
    verdict = f"{wrong} WRONG" if wrong else "all as expected"
    pace = f", {steps / seconds:,.0f} steps a second" if seconds else ""
    return f"{_counted(len(outcomes), 'scenario')}, {_counted(steps, 'step')}, {_counted(checks, 'check')}: {verdict}{pace}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _document(outcome: _Outcome) -> dict[str, Any]:
    played = outcome.played
    return {
        "scenario": outcome.file.scenario.name,
        "file": str(outcome.file.path),
        "ok": outcome.ok,
        "steps": played.steps,
        "seconds": round(played.seconds, 3),
        "error": outcome.broken,
        "mismatches": [
            {
                "line": one.line,
                "at": written(at),
                "path": one.path,
                "expected": one.expected,
                "found": one.found,
            }
            for at, one in played.mismatches
        ],
        **played.final,
    }
