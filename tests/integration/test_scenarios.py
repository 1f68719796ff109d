"""The documented scenarios, one for each rule of the business, come out as they say: on a real database, in virtual time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from deploy.services import SERVICES
from deploy.simulate.document import Fault
from deploy.simulate.local import written
from deploy.simulate.parse import Faults, parse
from deploy.simulate.play import Played, play
from deploy.simulate.stage import set_stage
from deploy.simulate.world import Broken
from tests.conftest import run_apart

FOLDER: Final = Path(__file__).parents[2] / "docs" / "scenarios"
FILES: Final = sorted(FOLDER.glob("*.yaml"))


async def _all_played() -> Mapping[Path, Played | Exception]:
    played: dict[Path, Played | Exception] = {}
    async with set_stage(list(SERVICES.values())) as stage:
        for file in FILES:
            try:
                played[file] = await play(stage, parse(file.read_bytes()))
            except (Fault, Faults, Broken) as error:
                played[file] = error
    return played


@pytest.fixture(scope="module")
def played() -> Mapping[Path, Played | Exception]:
    return run_apart(_all_played())


@pytest.mark.postgres
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario_comes_out_as_it_says(file: Path, played: Mapping[Path, Played | Exception]) -> None:
    result = played[file]
    if isinstance(result, Exception):
        raise result
    assert result.checks > 0
    assert [
        f"{file.name}:{one.line} {one.path} at {written(at)}: expected {one.expected}, found {one.found}"
        for at, one in result.mismatches
    ] == []


@pytest.mark.postgres
def test_scenarios_are_played_at_fifty_steps_a_second_and_more(
    played: Mapping[Path, Played | Exception],
) -> None:
    results = [one for one in played.values() if isinstance(one, Played)]
    steps, seconds = sum(one.steps for one in results), sum(one.seconds for one in results)
    assert steps / seconds >= 50, f"{steps} steps in {seconds:.2f} s"
