"""The documented scenarios, one for each rule of the business, come out as they say: on a real database, in virtual time; and
alike whoever reads first, and however much at once.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import psutil
import pytest
import uvloop

from deploy.services import SERVICES
from deploy.simulate.document import Fault
from deploy.simulate.local import written
from deploy.simulate.parse import Faults, parse
from deploy.simulate.play import Played, play
from deploy.simulate.scenario import Scenario
from deploy.simulate.stage import set_stage
from deploy.simulate.world import Broken, Stage
from tests.support.seeds import seeded_random
from tests.support.turns import at_random

FOLDER: Final = Path(__file__).parents[2] / "docs" / "scenarios"
FILES: Final = sorted(FOLDER.glob("*.yaml"))
FULL: Final = os.environ.get("STOPPOC_E2E") == "full"
# Steps a second that are promised of a machine with nothing else to do. Otherwise so many that only what has become several
# times slower fails: whatever else a machine does makes each try slower, and none faster.
PACE: Final = 50 if FULL else 12
TRIES: Final = 6
# How often each is played in another order.
ROUNDS: Final = 3 if FULL else 1
SECTIONS: Final = ("wallets", "holds", "resources", "clusters", "orders")

pytestmark = pytest.mark.postgres
T = TypeVar("T")


def run(work: Coroutine[None, None, T]) -> T:
    """On the loop that the command has."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


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
    return run(_all_played())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario_comes_out_as_it_says(file: Path, played: Mapping[Path, Played | Exception]) -> None:
    result = _reached(played[file])
    assert result.checks > 0
    assert [
        f"{file.name}:{one.line} {one.path} at {written(at)}: expected {one.expected}, found {one.found}"
        for at, one in result.mismatches
    ] == []


def _reached(result: Played | Exception) -> Played:
    if isinstance(result, Exception):
        raise result
    return result


@pytest.mark.timeout(300)
def test_scenarios_come_out_alike_in_any_order(played: Mapping[Path, Played | Exception]) -> None:
    run(_alike(played))


async def _alike(played: Mapping[Path, Played | Exception]) -> None:
    chance = seeded_random()
    services = list(SERVICES.values())
    async with set_stage(services) as orderly:
        disorderly = replace(orderly, turns=at_random(services, chance))
        for file in FILES:
            expected = _stands(_reached(played[file]).final)
            for _ in range(ROUNDS):
                found = await play(disorderly, parse(file.read_bytes()))
                assert _stands(found.final) == expected, file.name


def _stands(final: Mapping[str, Any]) -> dict[str, Any]:
    """How everything stands at the end; only the numbers of invoices follow from who was first."""
    invoices = sorted(
        sorted((name, str(value)) for name, value in invoice.items() if name != "number")
        for invoices in final["invoices"].values()
        for invoice in invoices
    )
    return {name: final[name] for name in SECTIONS} | {"invoices": invoices}


def test_the_guide_s_example_comes_out_as_it_says() -> None:
    (text,) = re.findall(
        r"^```yaml\n(.*?)^```$", (FOLDER / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert run(_mismatches(parse(text.encode()))) == []


async def _mismatches(scenario: Scenario) -> Sequence[object]:
    async with set_stage(list(SERVICES.values())) as stage:
        return (await play(stage, scenario)).mismatches


async def _pace(scenario: Scenario) -> float:
    """Steps in a second of the processors' time, ours and the database's: what a machine with nothing else to do needs at
    most. The best of the tries it takes."""
    async with set_stage(list(SERVICES.values())) as stage:
        await play(stage, scenario)
        served = [psutil.Process(conn.get_server_pid()) for conn in stage.connections.values()]
        best = 0.0
        for _ in range(TRIES):
            if (best := max(best, await _once(stage, scenario, served))) >= PACE:
                break
        return best


async def _once(stage: Stage, scenario: Scenario, served: Sequence[psutil.Process]) -> float:
    before = _worked(served)
    played = await play(stage, scenario)
    return played.steps / (_worked(served) - before)


def _worked(served: Sequence[psutil.Process]) -> float:
    return time.process_time() + sum(sum(one.cpu_times()[:2]) for one in served)


def test_scenarios_are_played_at_many_steps_a_second() -> None:
    assert run(_pace(parse(_long(20).encode()))) >= PACE


def _long(rounds: int) -> str:
    """Each round: a POC server bought, stopped, renewed, resized and deleted."""
    lines = [
        "scenario: a hundred steps",
        "prices: {small: {kind: server, vnd: 181000}, large: {kind: server, vnd: 362000}}",
        'accounts: {acme: {credit: 90000000, poc: {amount: 90000000, until: "2027-01-01T00:00"}}}',
        "steps:",
    ]
    for number in range(rounds):
        asked = {
            "Buy": f"items: [{{resource: s{number}, kind: server, flavor: small, cluster: k{number}}}], pay: poc",
            "StopPoc": f"cluster: k{number}, months: 1, pay: credit",
            "Renew": f"resources: [s{number}], months: 2, pay: credit",
            "Resize": f"resource: s{number}, flavor: large, pay: credit",
            "DeleteResource": f"resource: s{number}",
        }
        at = f"2026-03-{number + 1:02}"
        lines += [
            f'  - {{at: "{at}T{hour:02}:00", send: {name}, data: {{account: acme, {data}}}}}'
            for hour, (name, data) in enumerate(asked.items())
        ]
    return "\n".join(lines)
