"""The container files, read: every service is in them, what they start exists, and nothing in them is secret. (Whether an
engine runs them is seen where there is one.)"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

import pytest
import typer
import yaml

from deploy.cli.main import app
from deploy.sandbox.given import environment
from deploy.services import SERVICES
from tests.house.house import ROOT
from tests.support import containers

COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = {name: one for name, one in CONTAINERS.items() if one.get("image") == "stoppoc"}
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
SECRET: Final = re.compile(r"PASSWORD|KEY|SECRET|TOKEN")


def test_every_service_has_a_container_that_runs_it_and_can_be_scaled() -> None:
    runs = {one["command"][1]: one for one in OURS.values() if one["command"][0] == "run"}
    assert set(runs) == set(SERVICES)
    for name, one in runs.items():
        assert CONTAINERS[name] is one
        assert not {"ports", "container_name", "network_mode"} & set(one), "of which there is one only"


def test_the_parts_that_others_make_are_there_and_tell_when_they_are_well() -> None:
    others = {name: one for name, one in CONTAINERS.items() if name not in OURS}
    assert {name: one["image"].partition(":")[0] for name, one in others.items()} == {
        "kafka": "apache/kafka", "postgres": "postgres", "mailpit": "axllent/mailpit",
    }  # fmt: skip
    for one in others.values():
        assert re.fullmatch(r"[a-z/]+:v?\d[\d.]*", one["image"]), "which version is said, and no registry"
        assert one["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OURS)
def test_what_a_container_starts_is_a_command_of_ours(name: str) -> None:
    command = typer.main.get_command(app)
    words = list(OURS[name]["command"])
    while words and not words[0].startswith("--") and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    context = command.make_context(name, words)
    assert context.command is command


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_may_do_nothing_it_needs_not(name: str) -> None:
    one = OURS[name]
    assert one["read_only"] is True
    assert one["tmpfs"] == ["/tmp"]
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "user", "volumes"} & set(one)
    assert all(port.startswith("127.0.0.1:") for port in one.get("ports", []))


@pytest.mark.parametrize("name", OURS)
def test_a_worker_waits_for_topics_and_schema_and_tells_whether_it_lives(name: str) -> None:
    one = OURS[name]
    if name in ("topics", "schema", "sandbox"):
        assert one["healthcheck"] == {"disable": True}
        return
    assert one["depends_on"] == {
        "topics": {"condition": "service_completed_successfully"},
        "schema": {"condition": "service_completed_successfully"},
    }
    assert one["stop_grace_period"] == "30s", "longer than a worker takes to end"
    if name != "pay":
        assert one["command"][-1] == "8080", "the port at which the image's health check asks"


def test_no_secret_stands_in_the_file() -> None:
    sandbox = set(environment("http://127.0.0.1:8071", "http://127.0.0.1:8070").values())
    for one in CONTAINERS.values():
        for name, value in one.get("environment", {}).items():
            if SECRET.search(name):
                assert value in sandbox or re.fullmatch(r"\$\{\w+:\?.+\}", value), name
    text = (ROOT / "docker-compose.yml").read_text()
    assert all(found.startswith("${") for found in re.findall(r"://[^\s:/@]+:([^@\s]+)@", text))
    given = [line for line in (ROOT / "deploy/compose.env").read_text().splitlines() if "=" in line]
    assert {line.partition("=")[0] for line in given} == set(re.findall(r"\$\{(\w+):\?", text))
    assert all(line.endswith("=") for line in given)


def test_pay_speaks_to_the_sandbox_alone() -> None:
    told = environment("http://127.0.0.1:8071", "http://127.0.0.1:8070")
    asked = CONTAINERS["pay"]["environment"]
    # Nothing of it can be set from outside one by one: a key that everybody knows would stand beside a real one.
    assert {name: asked[name] for name in told} == told


def test_the_image_is_slim_runs_as_nobody_and_takes_only_what_is_locked() -> None:
    steps = [
        line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if line and not line.startswith("#")
    ]
    assert {line.split()[1] for line in steps if line.startswith("FROM")} == {"python:3.11-slim"}
    last = steps[max(nr for nr, line in enumerate(steps) if line.startswith("FROM")) :]
    assert "USER 10001:10001" in last
    assert not any(line.startswith(("RUN", "COPY", "ADD")) for line in last[last.index("USER 10001:10001") :])
    assert any("--require-hashes" in line and "requirements.run.lock" in line for line in steps)
    assert not any(line.startswith("ADD") or "curl" in line or "apt" in line for line in steps)
    assert any(line.startswith("HEALTHCHECK") and "/live" in line for line in last)
    assert 'ENTRYPOINT ["python", "-m", "deploy.cli"]' in last
    copied = {
        word
        for line in last
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert copied == {"shared", "services", "deploy"}


def test_tests_in_containers_run_on_the_same_images_set_up_alike() -> None:
    assert [containers.image(name) for name in ("kafka", "postgres")] == [
        CONTAINERS[name]["image"] for name in ("kafka", "postgres")
    ]
    told = containers.kafka_settings(19092)
    assert set(CONTAINERS["kafka"]["environment"]) - set(told) <= {
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE",
        "KAFKA_LOG_DIRS",
    }
    assert "HOST://127.0.0.1:19092" in told["KAFKA_ADVERTISED_LISTENERS"]
    server = containers.ContainerPostgres(15432, "p")
    assert server.dsn_of("test_1") == "postgresql://postgres:p@127.0.0.1:15432/test_1"


def test_what_the_image_installs_is_what_the_tests_were_run_with_and_no_more_than_is_needed() -> None:
    def locked(file: str) -> dict[str, str]:
        text = (ROOT / file).read_text()
        return dict(re.findall(r"^([a-z0-9][\w.\[\],-]*)==(\S+)", text, re.MULTILINE))

    run, every = locked("requirements.run.lock"), locked("requirements.lock")
    assert run.items() <= every.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[\[>=<]", name)[0].lower() for name in project["dependencies"]}
    assert wanted <= {name.partition("[")[0] for name in run}
    assert not {"pytest", "mypy", "ruff", "testcontainers"} & set(run)
