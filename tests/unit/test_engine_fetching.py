"""However answers are lost, sessions forgotten and partitions taken away: what a broker holds is what was last asked for."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import FetchSessionIdNotFound, KafkaConnectionError, UnknownError
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v4, FetchRequest_v11
from aiokafka.protocol.metadata import MetadataRequest
from hypothesis import given
from hypothesis import strategies as some

from shared.engine.fetching import Sessions

NODE = 1
MOST = 1024

places = some.tuples(some.sampled_from(["a.events", "b.events"]), some.integers(0, 3))
asked = some.dictionaries(places, some.integers(0, 5))
happens = some.sampled_from(["answered", "answered", "answered", "lost before", "lost after", "forgotten"])


class Broker:
    """Sessions as KIP-227 has them: what it holds follows from what it is told, and from nothing else."""

    def __init__(self, version: type[Any] = FetchRequest_v11, *, gives_sessions: bool = True) -> None:
        self._version = version
        self._gives_sessions = gives_sessions
        self._last_id = 0
        self.sessions: dict[int, tuple[int, dict[tuple[str, int], int]]] = {}
        self.told: list[dict[tuple[str, int], int]] = []
        self.seen: dict[tuple[str, int], int] = {}
        self.fault = "answered"

    async def send(self, node: int, request: Any) -> Any:
        assert node == NODE
        fault, self.fault = self.fault, "answered"
        if fault == "lost before":
            raise KafkaConnectionError
        if fault == "forgotten":
            self.sessions.clear()
        answer = self._answer(request.build(self._version))
        if fault == "lost after":
            raise KafkaConnectionError
        return answer

    def _answer(self, built: Any) -> SimpleNamespace:
        told = {
            (topic, row[0]): row[-3] if self._version is FetchRequest_v11 else row[1]
            for topic, rows in built.topics
            for row in rows
        }
        self.told.append(told)
        self.seen = told
        if self._version is not FetchRequest_v11:
            return SimpleNamespace(API_VERSION=4)
        id_, error = self._within(built, told)
        return SimpleNamespace(API_VERSION=11, error_code=error, session_id=id_)

    def _within(self, built: Any, told: dict[tuple[str, int], int]) -> tuple[int, int]:
        if built.session_epoch == 0:
            assert built.forgotten_topics_data == []
            self.sessions.pop(built.session_id, None)
            if not self._gives_sessions:
                return 0, 0
            self._last_id += 1
            self.sessions[self._last_id] = (1, told)
            return self._last_id, 0
        if built.session_id not in self.sessions:
            return 0, 70
        epoch, held = self.sessions[built.session_id]
        if epoch != built.session_epoch:
            return 0, 71
        gone = {(topic, number) for topic, numbers in built.forgotten_topics_data for number in numbers}
        assert gone <= held.keys()
        self.seen = {place: offset for place, offset in (held | told).items() if place not in gone}
        self.sessions[built.session_id] = (epoch + 1, self.seen)
        return built.session_id, 0


def fetch(wanted: dict[tuple[str, int], int]) -> FetchRequest:
    topics = sorted({topic for topic, _ in wanted})
    rows = [(topic, [(n, at, MOST) for (of, n), at in wanted.items() if of == topic]) for topic in topics]
    return FetchRequest(500, 1, 10 * MOST, 0, rows)


@given(some.lists(some.tuples(asked, happens), max_size=12))
def test_whatever_happens_the_broker_holds_what_was_asked_for_and_is_told_no_more_than_that(
    steps: list[tuple[dict[tuple[str, int], int], str]],
) -> None:
    async def play() -> None:
        broker = Broker()
        sessions = Sessions(broker.send)
        for wanted, fault in steps:
            broker.fault = fault
            if fault.startswith("lost"):
                with pytest.raises(KafkaConnectionError):
                    await sessions.send(NODE, fetch(wanted))
                continue
            await sessions.send(NODE, fetch(wanted))
            assert broker.seen == wanted
            assert broker.told[-1].items() <= wanted.items()
            # One that is not ours any more takes room from others; of one whose first answer was lost nobody knows.
            assert len(broker.sessions) <= 1 + [fault for _, fault in steps].count("lost after")

    asyncio.run(play())


async def test_only_what_has_changed_is_told() -> None:
    broker = Broker()
    sessions = Sessions(broker.send)
    wanted = {("a.events", number): 0 for number in range(12)}
    await sessions.send(NODE, fetch(wanted))
    await sessions.send(NODE, fetch(wanted))
    await sessions.send(NODE, fetch(wanted | {("a.events", 7): 3}))
    assert broker.told == [wanted, {}, {("a.events", 7): 3}]


@pytest.mark.parametrize(
    "broker", [Broker(FetchRequest_v4), Broker(gives_sessions=False)], ids=["too old", "gives none"]
)
async def test_a_broker_without_sessions_is_told_everything_each_time(broker: Broker) -> None:
    sessions = Sessions(broker.send)
    wanted = {("a.events", 0): 1, ("b.events", 0): 2}
    for _ in range(3):
        await sessions.send(NODE, fetch(wanted))
    assert broker.told == [wanted] * 3


@pytest.mark.parametrize(("code", "error"), [(70, FetchSessionIdNotFound), (-1, UnknownError)])
async def test_a_broker_that_answers_nothing_but_errors_is_not_asked_for_ever(
    code: int, error: type[Exception]
) -> None:
    asked: list[Any] = []

    async def refuse(_: int, request: Any) -> Any:
        asked.append(request)
        return SimpleNamespace(API_VERSION=11, error_code=code, session_id=0)

    with pytest.raises(error):
        await Sessions(refuse).send(NODE, fetch({("a.events", 0): 1}))
    assert len(asked) <= 2


async def test_what_is_no_fetch_goes_through_untouched() -> None:
    async def send(node: int, request: Any, **options: Any) -> Any:
        return node, request, options

    request = MetadataRequest([])
    assert await Sessions(send).send(7, request, group=3) == (7, request, {"group": 3})
