"""The broker and the database in containers, for who has an engine and would rather: STOPPOC_TEST_CONTAINERS=1. The images
are those of docker-compose.yml."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from deploy.local.ports import LOOPBACK, free

_COMPOSE: Final = Path(__file__).parents[2] / "docker-compose.yml"
_READY_S: Final = 120.0


def wanted() -> bool:
    """Whether the tests were asked to use containers."""
    return bool(os.environ.get("STOPPOC_TEST_CONTAINERS"))


def image(name: str) -> str:
    """The image of a container in the compose file."""
    found: str = yaml.safe_load(_COMPOSE.read_text())["services"][name]["image"]
    return found


@dataclass(frozen=True)
class ContainerPostgres:
    """A PostgreSQL in a container, asked for as the embedded one is."""

    port: int
    password: str

    @property
    def dsn(self) -> str:
        """Its first database."""
        return self.dsn_of("postgres")

    def dsn_of(self, database: str, user: str = "postgres") -> str:
        """One of its databases."""
        return f"postgresql://{user}:{self.password}@{LOOPBACK}:{self.port}/{database}"


def kafka_settings(port: int) -> dict[str, str]:
    """A broker of one node that is reached from here on that port, and by itself on another."""
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "HOST://:9092,INSIDE://:9094,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"HOST://{LOOPBACK}:{port},INSIDE://localhost:9094",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "HOST:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
    }


@contextmanager
def postgres_container(answers: Callable[[ContainerPostgres], bool]) -> Iterator[ContainerPostgres]:
    """A PostgreSQL that answers, and is removed afterwards."""
    [port], password = free(1), secrets.token_hex(8)
    server = ContainerPostgres(port, password)
    with _running("postgres", 5432, port, {"POSTGRES_PASSWORD": password}):
        _wait("postgres", lambda: answers(server))
        yield server


@contextmanager
def kafka_container(answers: Callable[[str], bool]) -> Iterator[str]:
    """Where a broker is that answers; it is removed afterwards."""
    [port] = free(1)
    with _running("kafka", 9092, port, kafka_settings(port)):
        _wait("kafka", lambda: answers(f"{LOOPBACK}:{port}"))
        yield f"{LOOPBACK}:{port}"


@contextmanager
def _running(name: str, inside: int, port: int, environment: dict[str, str]) -> Iterator[None]:
    # Looks for an engine as soon as it is imported.
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(image(name)).with_bind_ports(inside, port)
    for variable, value in environment.items():
        container = container.with_env(variable, value)
    with container:
        yield


def _wait(name: str, answers: Callable[[], bool]) -> None:
    until = time.monotonic() + _READY_S
    while not answers():
        assert time.monotonic() < until, f"the container of {name} does not answer"
        time.sleep(0.5)
