"""Fetches that name only what has changed since the one before: Kafka's incremental fetch sessions (KIP-227).

A worker reads dozens of partitions, and one message in one of them ends a fetch: without a session that fetch, its answer
and the next fetch name all of them. The client library knows a session's fields and leaves them empty, so what it sends
is put into a session on its way (docs/decisions/0009).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeVar

from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest

# The first version of fetches and their answers that has sessions.
_SINCE: Final = 7
# The id of no session: before the first answer, and of a broker that gives none.
_NONE: Final = 0
# The epoch that ends the session named, if one is, and asks for a new one; after it they are counted.
_NEW: Final = 0
_LAST_EPOCH: Final = 2**31 - 1
# The broker does not know the session, or knows it at another epoch.
_LOST: Final = frozenset({70, 71})

_Item = TypeVar("_Item")
_Partition = tuple[str, int]
# By partition: the offset to read from, and how many bytes at most.
_Wanted = Mapping[_Partition, tuple[int, int]]


class Sessions:
    """The fetch sessions of one consumer, one with each broker. `send` stands in for that of its client."""

    def __init__(self, send: Callable[..., Awaitable[Any]]) -> None:
        self._send = send
        self._by_node: defaultdict[int, _Session] = defaultdict(_Session)

    async def send(self, node: int, request: Any, **options: Any) -> Any:
        """Sends any request as it is, and a fetch within the session with that broker."""
        if not isinstance(request, FetchRequest):
            return await self._send(node, request, **options)
        session = self._by_node[node]
        answer = await self._send(node, session.asking(request), **options)
        if answer.API_VERSION < _SINCE:
            return answer
        if answer.error_code in _LOST:
            # It was started again, or had no room left for all it was asked to remember.
            session.lost()
            answer = await self._send(node, session.asking(request), **options)
        if answer.error_code:
            raise for_code(answer.error_code)
        session.answered(answer.session_id)
        return answer


class _Session:
    """What one broker knows that we want of it."""

    def __init__(self) -> None:
        self._id = _NONE
        self._epoch = _NEW
        self._held: _Wanted = {}
        self._asked: tuple[int, _Wanted] = (_NEW, {})

    def asking(self, whole: FetchRequest) -> FetchRequest:
        """The request, as little of it as the broker must be told. Until that is answered nobody knows what the broker holds:
        should no answer come, the next one asks for a new session."""
        wanted = {
            (topic, number): (offset, most)
            for topic, partitions in whole.topics
            for number, offset, most in partitions
        }
        epoch, self._epoch = self._epoch, _NEW
        self._asked = (epoch, wanted)
        held = self._held if epoch != _NEW else {}
        changed = {place: how for place, how in wanted.items() if held.get(place) != how}
        return _InSession(whole, self._id, epoch, changed, held.keys() - wanted.keys())

    def lost(self) -> None:
        """The broker has refused it: it holds nothing for us."""
        self._id = _NONE

    def answered(self, id_: int) -> None:
        """The broker holds what was asked for, in the session of that id."""
        epoch, self._held = self._asked
        self._id = id_
        self._epoch = _NEW if id_ == _NONE else epoch % _LAST_EPOCH + 1


class _InSession(FetchRequest):  # type: ignore[misc]  # aiokafka has no types
    """A fetch that tells what has changed in a session; everything, where it begins one."""

    def __init__(
        self, whole: FetchRequest, id_: int, epoch: int, changed: _Wanted, gone: Collection[_Partition]
    ) -> None:
        self.__dict__.update(whole.__dict__)
        self._topics = _by_topic((topic, (number, *how)) for (topic, number), how in changed.items())
        self._gone = _by_topic(gone)
        self._id = id_
        self._epoch = epoch

    def build(self, version: type[Any]) -> Any:
        """The request as it is sent in that version."""
        built = super().build(version)
        if version.API_VERSION >= _SINCE:
            built.session_id, built.session_epoch = self._id, self._epoch
            built.forgotten_topics_data = self._gone
        return built


def _by_topic(items: Iterable[tuple[str, _Item]]) -> list[tuple[str, list[_Item]]]:
    topics: defaultdict[str, list[_Item]] = defaultdict(list)
    for topic, item in items:
        topics[topic].append(item)
    return list(topics.items())
